/* How long a real token would have taken: a + b * bytes + the operation, per profile. */
#ifndef BSRE_VTOKEN_TIMING_H
#define BSRE_VTOKEN_TIMING_H
#include "card.h"

struct timing { const struct profile *profile; uint64_t random; };

/* The profile with this name ("none" is one too), scattering by seed. False: no such profile. */
bool timing_set(struct timing *t, const char *name, uint64_t seed);
const char *timing_name(const struct timing *t);

/* Microseconds for a command that did this work and moved this many bytes, both ways. */
uint64_t timing_cost(struct timing *t, enum work work, const struct alg *alg, size_t bytes);

/* The next number of the seed's sequence. */
uint64_t timing_random(struct timing *t);
#endif
