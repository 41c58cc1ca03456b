/* The timing model: deterministic from its seed, so that a test's second run takes as long. */
#include "config.h"
#include <math.h>
#include "timing.h"

struct profile {
	const char *name;
	uint32_t apdu, byte, select, verify, rsa, p256, mean, least, most;
};

static const struct profile profiles[] = {
	{ .name = "none" },
#define TIMING(name, apdu, byte, select, verify, rsa, p256, mean, least, most) \
	{ name, apdu, byte, select, verify, rsa, p256, mean, least, most },
#include "timings.def"
#undef TIMING
};

bool timing_set(struct timing *t, const char *name, uint64_t seed)
{
	for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
		if (span_eq(span_str(profiles[i].name), span_str(name))) {
			*t = (struct timing){ &profiles[i], seed };
			return true;
		}
	return false;
}

const char *timing_name(const struct timing *t)
{
	return t->profile->name;
}

/* splitmix64: a counter through a mixer. */
uint64_t timing_random(struct timing *t)
{
	uint64_t z = t->random += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

/* Microseconds to find primes: exponential above the least, which is what a search looks like. */
static uint64_t generation(struct timing *t, double scale)
{
	const struct profile *p = t->profile;
	double u = (double)(timing_random(t) >> 11) / 9007199254740992.0;
	double ms = p->least - log1p(-u) * (p->mean - p->least);

	if (ms > p->most)
		ms = p->most;
	return (uint64_t)(ms * 1000.0 * scale);
}

/* One private-key operation; RSA's time grows with the cube of the length, roughly. */
static uint64_t operation(const struct profile *p, const struct alg *alg)
{
	if (alg->kind == KEY_EC)
		return alg->bits == 256 ? p->p256 : p->p256 * 2u;
	return alg->bits == 2048 ? p->rsa : alg->bits == 3072 ? p->rsa * 3u : p->rsa * 7u;
}

uint64_t timing_cost(struct timing *t, enum work work, const struct alg *alg, size_t bytes)
{
	const struct profile *p = t->profile;
	uint64_t cost = p->apdu + (uint64_t)p->byte * bytes / 1000;

	if (work == WORK_SELECT)
		cost += p->select;
	else if (work == WORK_VERIFY)
		cost += p->verify;
	else if (work == WORK_KEY)
		cost += operation(p, alg);
	else if (work == WORK_GENERATE && alg->kind == KEY_EC)
		cost += operation(p, alg) * 2;
	else if (work == WORK_GENERATE && p->mean)
		cost += generation(t, alg->bits == 2048 ? 1.0 : alg->bits == 3072 ? 3.0 : 8.0);
	return cost;
}
