/* C_Login and C_Logout: every program proves the PIN itself, at the card. */
#include "config.h"
#include <stdlib.h>
#include "dialog.h"
#include "job.h"
#include "ledger.h"
#include "lib/log.h"
#include "load.h"
#include "login.h"
#include "mech.h"
#include "peer.h"
#include "session.h"

/* --- the job ------------------------------------------------------------------------------------- */
void login_encode(struct job *j, struct buf *b)
{
	struct CardLogin_in in = { .user = j->user, .fresh = 1, .pin = *j->pin, .tries = j->tries };

	CardLogin_put_in(b, &in);
	secret_wipe(&in.pin);
}

/* The program's session, if it and the program are still there. */
static struct session *session_of(const struct job *j)
{
	return j->rq && j->rq->peer ? session_find(j->rq->peer, j->session) : NULL;
}

/* The operation that wants its PIN: one that has none yet before one that has. */
struct op *login_waits(struct session *s)
{
	struct op *found = NULL;

	for (int i = 0; i < OP_KINDS; i++) {
		struct op *op = &s->ops[i];
		const struct object *key = op->live && !op->busy ? object_find(s, op->key) : NULL;
		if (key && key->kind & OBJ_PRIVATE && key->always_auth && (!found || found->context))
			found = op;
	}
	return found;
}

/* A context login: the PIN waits in the operation it is for. */
static err keep_context(struct session *s, struct job *j)
{
	struct op *op = login_waits(s);

	if (!op)
		return FAIL(OP_NONE);		/* it was ended meanwhile */
	secret_drop(op->context);
	op->context = secret_keep(j->pin);
	s->token->fresh = s->id;
	return op->context ? OK : FAIL(QUOTA);
}

/* A program that logs out and in again while its operation with a key that always authenticates waits for a
 * PIN means that operation (so Firefox does it, and in another session). One alone, so that it is clear
 * which; s becomes its session. NULL: none, or several. */
static struct op *waits_for_login(struct session **s)
{
	struct session *from = *s;
	struct op *only = NULL;

	for (struct session *o = from->peer->sessions; o; o = o->next)
		for (int i = 0; o->token == from->token && i < OP_KINDS; i++) {
			struct op *op = &o->ops[i];
			const struct object *key = op->live && !op->busy ? object_find(o, op->key) : NULL;
			if (!key || !(key->kind & OBJ_PRIVATE) || !key->always_auth || op->context)
				continue;
			if (only)
				return NULL;
			only = op;
			*s = o;
		}
	return only;
}

err login_proven(struct session *s, struct job *j)
{
	if (j->flags)
		return keep_context(s, j);
	if (login_find(s->peer, s->token))
		return FAIL(LOGGED_IN);		/* another thread was faster */
	TRY(login_add(s->peer, s->token, j->user, j->pin));
	struct op *op = j->user == CKU_USER ? waits_for_login(&s) : NULL;
	if (op && (op->context = secret_keep(j->pin)))
		s->token->fresh = s->id;
	return OK;
}

err login_outcome(struct job *j, err e, struct cur *reply)
{
	struct CardLogin_out out = { 0 };

	if (ok(e)) {
		CardLogin_get_out(reply, &out);
		if (!cur_done(reply))
			e = FAIL(BAD_REPLY);
	}
	if (j->user == CKU_SO)
		puk_outcome(j->token, j->pin, e);
	else
		pin_outcome(j->token, j->rq ? j->rq->peer : NULL, j->pin, e);
	if (ok(e) && j->user == CKU_USER && out.left != j->token->tries.user) {
		j->token->tries.user = out.left;
		broker_changed();
	}
	if (ok(e) && j->user == CKU_USER)
		load_merge(j->token);
	return e;
}

static void done_login(struct job *j, err e, struct cur *reply)
{
	struct session *s = session_of(j);

	e = login_outcome(j, e, reply);
	if (ok(e))
		e = s ? login_proven(s, j) : FAIL(SESSION_GONE);
	log_line(LOG_INFO, "login token=%s user=%u: %s", j->token->serial, j->user, log_err(e));
	ledger_job(j->flags ? "context login" : j->user == CKU_SO ? "SO login" : "login", j, e);
	answer_Login(j->rq, e, NULL);
}

/* key: the one whose operation the PIN is for; NULL: it is a login of the program. */
static err post_login(struct request *rq, struct session *s, const struct Login_in *in, const struct object *key)
{
	struct job *j = job_new(s->token, CardLogin_ID, NULL);

	if (!j)
		return FAIL(QUOTA);
	j->pin = secret_keep(&in->pin);
	j->rq = request_keep(rq);
	if (!j->pin || !j->rq) {
		if (j->rq)
			request_drop(j->rq);
		job_free(j);
		return FAIL(QUOTA);
	}
	j->session = s->id;
	j->user = (uint32_t)(in->user == CKU_SO ? CKU_SO : CKU_USER);
	j->flags = key != NULL;
	j->slot = key ? key->slot : 0;
	j->given = j->user == CKU_USER;
	j->encode = login_encode;
	j->done = done_login;
	job_post(j);
	return FAIL(PENDING);
}

/* --- the rules ----------------------------------------------------------------------------------- */
static bool has_ro_session(const struct session *s)
{
	for (struct session *o = s->peer->sessions; o; o = o->next)
		if (o->token == s->token && !(o->flags & CKF_RW_SESSION))
			return true;
	return false;
}

/* What Cryptoki says before the PIN is looked at (PKCS#11 5.6.8). */
static err may_login(const struct session *s, uint32_t user)
{
	uint32_t now = session_user(s);

	if (user != CKU_USER && user != CKU_SO)
		return FAIL(USER_TYPE);
	if (now == user)
		return FAIL(LOGGED_IN);
	if (now != CKU_NONE)
		return FAIL(OTHER_LOGGED_IN);
	if (user == CKU_SO && has_ro_session(s))
		return FAIL(SESSION_RO_EXISTS);
	return OK;
}

/* Is our dialog to ask for the PIN? The SO's is the utility's affair. */
static bool asks(const struct peer *p, const struct Login_in *in)
{
	return p->app.mode == MODE_PAP && in->user != CKU_SO && (!in->given || in->pin.n == 0);
}

static err login(struct request *rq, struct Login_in *in)
{
	bool context = in->user == CKU_CONTEXT_SPECIFIC;
	struct session *s;
	struct op *op;

	TRY(session_want(rq, in->session, &s));
	if (rq->peer->app.mode == MODE_ON_USE && in->user != CKU_SO)
		return OK;			/* whatever was given: the person is asked when a key is used */
	op = context ? login_waits(s) : NULL;
	if (context && !op)
		return FAIL(OP_NONE);
	if (context && session_user(s) != CKU_USER)
		return FAIL(PIN_NEEDED);
	if (!context)
		TRY(may_login(s, in->user));
	if (asks(rq->peer, in))
		return dialog_login(rq, s, context);
	if (!in->given)
		return FAIL(ARGUMENTS);
	err e = in->user == CKU_SO ? puk_refuse_program(s->token, &in->pin) : pin_refuse(s->token, &in->pin);
	const struct object *key = op ? object_find(s, op->key) : NULL;
	if (!ok(e))
		return pin_refused(rq, s->token, key, context ? "context login" : "login", e);
	return post_login(rq, s, in, key);
}

/* What our dialog would ask is not answered at once, whatever the answer is. */
err serve_Login(struct request *rq, struct Login_in *in, struct Login_out *out)
{
	err e = login(rq, in);

	(void)out;
	if (e.code == E_PENDING || e.code == E_PARKED || !asks(rq->peer, in))
		return e;
	struct request *kept = request_keep(rq);
	if (!kept)
		return e;
	request_answer_later(kept, e, DIALOG_LEAST_MS);
	return FAIL(PENDING);
}

err serve_Logout(struct request *rq, struct Logout_in *in, struct Logout_out *out)
{
	struct session *s;

	(void)out;
	TRY(session_want(rq, in->session, &s));
	dialogs_end_login(rq->peer, s->token);
	if (session_user(s) == CKU_NONE)
		return rq->peer->app.mode == MODE_ON_USE ? OK : FAIL(PIN_NEEDED);
	login_end(rq->peer, s->token);
	return OK;
}
