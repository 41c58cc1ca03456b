/* Keys used. */
#include "config.h"
#include "dialog.h"
#include "peer.h"
#include "use.h"
#include "write.h"

static void encode_use(struct job *j, struct buf *b)
{
	struct CardUse_in in = { .auth = j->auth, .tries = j->tries, .slot = j->slot, .alg = j->alg,
	                         .prim = j->prim, .decrypt = j->flags == OP_DECRYPT, .in = j->first };

	/* the context login's VERIFY was the card's last command: it still counts */
	if (j->auth == AUTH_FRESH && j->token->fresh == j->session)
		in.auth = AUTH_USER;
	in.pin = *j->pin;
	CardUse_put_in(b, &in);
	secret_wipe(&in.pin);
}

err use_allowed(const struct session *s, const struct object *key, uint32_t op)
{
	if (session_user(s) != CKU_USER || (key->always_auth && !s->ops[op].context))
		return FAIL(PIN_NEEDED);
	return OK;
}

err use_ready(struct request *rq, struct session *s, const struct object *key, uint32_t op, enum purpose purpose)
{
	err e = use_allowed(s, key, op);
	enum mode mode = s->peer->app.mode;

	if (e.code != E_PIN_NEEDED || mode == MODE_APP_PIN)
		return e;
	/* who is told to log in does so; but nothing tells it to do so for one operation (NSS) */
	if (mode == MODE_PAP && session_user(s) != CKU_USER)
		return e;
	return dialog_use(rq, s, purpose, key, op);
}

/* The PIN it is done with: the login's, or the one that was given for this operation alone, which is
 * taken from it. NULL: no room. */
static struct secret *pin_for(struct session *s, const struct login *l, const struct use *use)
{
	if (!use->key->always_auth)
		return login_pin(l);
	struct secret *context = s->ops[use->op].context;
	s->ops[use->op].context = NULL;
	return context;
}

static enum purpose purpose_of(const struct use *use)
{
	return use->op == OP_DECRYPT ? PURPOSE_DECRYPT : use->op ? PURPOSE_SIGN : PURPOSE_DERIVE;
}

err use_key(struct request *rq, struct session *s, const struct use *use)
{
	const struct object *key = use->key;

	TRY(use_ready(rq, s, key, use->op, purpose_of(use)));
	struct login *l = login_find(s->peer, s->token);
	struct job *j = job_new(s->token, CardUse_ID, NULL);
	if (!j)
		return FAIL(QUOTA);
	j->rq = request_keep(rq);
	if (j->rq)
		j->pin = pin_for(s, l, use);
	if (!j->pin || !ok(job_data(j, use->in, use->keep))) {
		if (j->rq)
			request_drop(j->rq);
		job_free(j);
		return FAIL(QUOTA);
	}
	j->auth = key->always_auth ? AUTH_FRESH : AUTH_USER;
	j->kept = true;
	j->session = s->id;
	j->slot = key->slot;
	j->alg = key->alg;
	j->touch = key->touch_policy;
	j->prim = use->prim;
	j->flags = use->op;
	j->mech = use->mech;
	j->encode = encode_use;
	j->done = use->done;
	l->used = broker_now();
	job_post(j);
	return FAIL(PENDING);
}
