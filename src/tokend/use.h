/* A private key used: one CardUse job, with the PIN that a login or a context login kept. */
#ifndef BSRE_TOKEND_USE_H
#define BSRE_TOKEND_USE_H
#include "job.h"
#include "session.h"

/* PIN_NEEDED where the program must log in first (or, for a key that always authenticates, log in to
 * the context); else OK: use_key would go to the card. */
err use_allowed(const struct session *s, const struct object *key) MUST_USE;

/* Posts it; `done` gets the reply (CardUse_out) and must pass its error through use_outcome. op: kept
 * in j->flags. mech: for the ledger. Takes nothing but copies. PENDING, QUOTA, PIN_NEEDED. */
err use_key(struct request *rq, struct session *s, const struct object *key, enum prim prim, struct span in,
            uint32_t op, uint64_t mech, void (*done)(struct job *, err, struct cur *)) MUST_USE;

/* The same, with bytes that `done` finds in j->last. */
err use_key_for(struct request *rq, struct session *s, const struct object *key, enum prim prim, struct span in,
                struct span keep, uint32_t op, uint64_t mech, void (*done)(struct job *, err, struct cur *)) MUST_USE;
#endif
