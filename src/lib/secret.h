/* A PIN, PUK or key in memory. Declared with SECRET it is wiped when its scope ends, on every
 * path out; one that must live longer comes from secret_keep(), in locked memory. No function
 * but secret_span() turns a secret into bytes, so `git grep secret_span` lists every exposure. */
#ifndef BSRE_SECRET_H
#define BSRE_SECRET_H
#include "span.h"

enum { SECRET_MAX = 64 };					/* bytes of a PIN, a PUK or a card key */
struct secret { uint8_t n, b[SECRET_MAX]; };
#define SECRET __attribute__((cleanup(secret_wipe))) struct secret

void secret_wipe(struct secret *s);

/* Wipes n bytes at p; the compiler may not leave it out. */
void wipe(void *p, size_t n);

/* A copy of s in memory that is locked, left out of cores and, where the kernel can
 * (memfd_secret), unmapped from the kernel's own view. NULL when all places are taken (4096).
 * The caller gives it back with secret_drop, which wipes it and takes NULL. */
struct secret *secret_keep(const struct secret *s);
void           secret_drop(struct secret *kept);

/* Makes the process refuse core dumps and ptrace by the same user. First thing in main. */
void secret_harden(void);

static inline struct span secret_span(const struct secret *s)
{
	return (struct span){ s->b, s->n };
}

/* False, with s empty, where v is longer than SECRET_MAX. */
static inline bool secret_set(struct secret *s, struct span v)
{
	s->n = 0;
	if (v.n > SECRET_MAX)
		return false;
	if (v.n)
		memcpy(s->b, v.p, v.n);
	s->n = (uint8_t)v.n;
	return true;
}

/* Compares in a time that depends on the lengths alone. */
static inline bool secret_eq(const struct secret *a, const struct secret *b)
{
	unsigned diff = (unsigned)a->n ^ b->n;

	for (size_t i = 0; i < SECRET_MAX; i++)
		diff |= (i < a->n ? a->b[i] : 0u) ^ (i < b->n ? b->b[i] : 0u);
	return diff == 0;
}
#endif
