/* Orders to fail, and when they are due. */
#ifndef BSRE_VTOKEN_FAULTS_H
#define BSRE_VTOKEN_FAULTS_H
#include "lib/err.h"
#include "lib/span.h"

enum { FAULTS_MAX = 128 };
enum fault_kind {
	FAULT_NONE,
#define FAULT(name, kind, usage) FAULT_##kind,
#include "faults.def"
#undef FAULT
};

/* One order. CUT: after or before the card has worked, and whether the power is gone until
 * `plug` or the link drops and comes back. STALL: for how long. SW: the status word. */
struct fault {
	enum fault_kind kind;
	uint64_t at;			/* the APDU, by the token's own count */
	bool     after, link;
	uint64_t us;			/* UINT64_MAX: for ever */
	uint16_t sw;
};
struct faults { struct fault f[FAULTS_MAX]; size_t n; uint64_t seen; };

/* An order in words: name, N, arguments. USAGE: not one. QUOTA: too many wait. ACTION_PROHIBITED:
 * one waits for this APDU already. NOT_FOUND: no fault has this name. */
err faults_order(struct faults *fs, const char *name, char *const *args, size_t n) MUST_USE;

/* The next APDU is here: the fault that meets it, or one of kind NONE. */
struct fault faults_next(struct faults *fs);
void         faults_clear(struct faults *fs);

/* A number of digits alone, at most so much. */
bool faults_number(const char *s, int base, uint64_t most, uint64_t *v);

/* The arguments of the fault with this name; NULL: there is none. */
const char *faults_usage(const char *name);
#endif
