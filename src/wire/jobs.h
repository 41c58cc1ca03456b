/* What the broker and a worker say to each other, in C (jobs.def through schema.h). */
#ifndef BSRE_WIRE_JOBS_H
#define BSRE_WIRE_JOBS_H
#define SCHEMA "jobs.def"
#include "schema.h"
#endif
