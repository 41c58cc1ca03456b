/* What a program and the broker say to each other, in C (calls.def through schema.h). */
#ifndef BSRE_WIRE_CALLS_H
#define BSRE_WIRE_CALLS_H
#define SCHEMA "calls.def"
#include "schema.h"
#endif
