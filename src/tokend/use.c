/* Keys used. */
#include "config.h"
#include "peer.h"
#include "use.h"
#include "write.h"

static void encode_use(struct job *j, struct buf *b)
{
	struct CardUse_in in = { .auth = j->auth, .tries = j->tries, .slot = j->slot, .alg = j->alg,
	                         .prim = j->prim, .in = j->first };

	/* the context login's VERIFY was the card's last command: it still counts */
	if (j->auth == AUTH_FRESH && j->token->fresh == j->session)
		in.auth = AUTH_USER;
	in.pin = *j->pin;
	CardUse_put_in(b, &in);
	secret_wipe(&in.pin);
}

err use_allowed(const struct session *s, const struct object *key)
{
	if (session_user(s) != CKU_USER || (key->always_auth && !s->context))
		return FAIL(PIN_NEEDED);
	return OK;
}

err use_key(struct request *rq, struct session *s, const struct object *key, enum prim prim, struct span in,
            uint32_t op, uint64_t mech, void (*done)(struct job *, err, struct cur *))
{
	return use_key_for(rq, s, key, prim, in, SPAN_NONE, op, mech, done);
}

err use_key_for(struct request *rq, struct session *s, const struct object *key, enum prim prim, struct span in,
                struct span keep, uint32_t op, uint64_t mech, void (*done)(struct job *, err, struct cur *))
{
	struct login *l = login_find(s->peer, s->token);

	TRY(use_allowed(s, key));
	struct job *j = job_new(s->token, CardUse_ID, NULL);
	if (!j)
		return FAIL(QUOTA);
	j->pin = key->always_auth ? secret_keep(s->context) : login_pin(l);
	j->rq = request_keep(rq);
	if (!j->pin || !j->rq || !ok(job_data(j, in, keep))) {
		if (j->rq)
			request_drop(j->rq);
		job_free(j);
		return FAIL(QUOTA);
	}
	j->auth = key->always_auth ? AUTH_FRESH : AUTH_USER;
	j->tries = s->token->tries.user;
	j->session = s->id;
	j->slot = key->slot;
	j->alg = key->alg;
	j->prim = prim;
	j->flags = op;
	j->mech = mech;
	j->encode = encode_use;
	j->done = done;
	l->used = broker_now();
	job_post(j);
	return FAIL(PENDING);
}
