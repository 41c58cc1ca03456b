/* What the monitor tells the broker, in C (events.def through schema.h). */
#ifndef BSRE_WIRE_EVENTS_H
#define BSRE_WIRE_EVENTS_H
#define SCHEMA "events.def"
#include "schema.h"
#endif
