/* A private key used: one CardUse job, with the PIN that a login or a context login kept. */
#ifndef BSRE_TOKEND_USE_H
#define BSRE_TOKEND_USE_H
#include "job.h"
#include "session.h"
#include "wire/prompts.h"

/* What is done with it. keep: bytes that `done` finds in j->last. op: the running operation, kept in
 * j->flags; 0: none. mech: for the ledger. done gets the reply (CardUse_out) and must pass its error
 * through use_outcome. */
struct use {
	const struct object *key;
	enum prim            prim;
	struct span          in, keep;
	uint32_t             op;
	uint64_t             mech;
	void               (*done)(struct job *, err, struct cur *);
};

/* PIN_NEEDED where the program must log in first (or, for a key that always authenticates, log in to
 * the operation's context); else OK: use_key would go to the card. */
err use_allowed(const struct session *s, const struct object *key, uint32_t op) MUST_USE;

/* The same for who is asked by our dialog where it may be: PARKED then, and what the handler returns. */
err use_ready(struct request *rq, struct session *s, const struct object *key, uint32_t op, enum purpose purpose)
	MUST_USE;

/* Posts it. A context login is spent by it, whatever comes of it. Takes nothing but copies. PENDING,
 * QUOTA, PIN_NEEDED, and what use_ready gives. */
err use_key(struct request *rq, struct session *s, const struct use *use) MUST_USE;
#endif
