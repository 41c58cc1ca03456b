/* C_Login and C_Logout: every program proves the PIN itself, at the card. */
#include "config.h"
#include <stdlib.h>
#include "job.h"
#include "ledger.h"
#include "lib/log.h"
#include "mech.h"
#include "peer.h"
#include "session.h"

enum { REPEATED_DELAY_MS = 1000 };

/* --- the same wrong PIN again: answered without the card, but not quickly ------------------------ */
struct delayed { struct request *rq; sd_event_source *timer; err e; };

static int delay_over(sd_event_source *s, uint64_t usec, void *data)
{
	struct delayed *d = data;

	(void)s, (void)usec;
	answer_Login(d->rq, d->e, NULL);
	sd_event_source_disable_unref(d->timer);
	free(d);
	return 0;
}

static err answer_slowly(struct request *rq, err e)
{
	struct delayed *d = calloc(1, sizeof *d);

	if (!d)
		return e;
	d->e = e;
	d->rq = request_keep(rq);
	if (!d->rq) {
		free(d);
		return FAIL(QUOTA);
	}
	broker_after(&d->timer, REPEATED_DELAY_MS, delay_over, d);
	return FAIL(PENDING);
}

/* --- the job ------------------------------------------------------------------------------------- */
static void encode_login(struct job *j, struct buf *b)
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

/* A context login: the PIN waits in the session for the operation it is for. */
static err keep_context(struct session *s, struct job *j)
{
	secret_drop(s->context);
	s->context = secret_keep(j->pin);
	s->token->fresh = s->id;
	return s->context ? OK : FAIL(QUOTA);
}

static err login_done(struct session *s, struct job *j)
{
	if (j->flags)
		return keep_context(s, j);
	if (login_find(s->peer, s->token))
		return FAIL(LOGGED_IN);		/* another thread was faster */
	return login_add(s->peer, s->token, j->user, j->pin);
}

static void done_login(struct job *j, err e, struct cur *reply)
{
	struct CardLogin_out out = { 0 };
	struct session *s = session_of(j);

	if (ok(e)) {
		CardLogin_get_out(reply, &out);
		if (!cur_done(reply))
			e = FAIL(BAD_REPLY);
	}
	if (j->user == CKU_SO)
		puk_outcome(j->token, e);
	else
		pin_outcome(j->token, j->pin, e);
	if (ok(e) && j->user == CKU_USER && out.left != j->token->tries.user) {
		j->token->tries.user = out.left;
		broker_changed();
	}
	if (ok(e))
		e = s ? login_done(s, j) : FAIL(SESSION_GONE);
	log_line(LOG_INFO, "login token=%s user=%u: %s", j->token->serial, j->user, log_err(e));
	ledger_job(j->flags ? "context login" : j->user == CKU_SO ? "SO login" : "login", j, e);
	answer_Login(j->rq, e, NULL);
}

static err post_login(struct request *rq, struct session *s, const struct Login_in *in, bool context)
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
	j->flags = context;
	j->encode = encode_login;
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

/* Is an operation running that wants its PIN again? */
static bool wants_context(const struct session *s)
{
	for (int i = 0; i < OP_KINDS; i++) {
		const struct object *key = s->ops[i].live ? object_find(s, s->ops[i].key) : NULL;
		if (key && key->kind & OBJ_PRIVATE && key->always_auth)
			return true;
	}
	return false;
}

err serve_Login(struct request *rq, struct Login_in *in, struct Login_out *out)
{
	bool context = in->user == CKU_CONTEXT_SPECIFIC;
	struct session *s;

	(void)out;
	TRY(session_want(rq, in->session, &s));
	if (context && !wants_context(s))
		return FAIL(OP_NONE);
	if (context && session_user(s) != CKU_USER)
		return FAIL(PIN_NEEDED);
	if (!context)
		TRY(may_login(s, in->user));
	if (!in->given)
		return FAIL(ARGUMENTS);
	err e = pin_refuse(s->token, &in->pin);
	if (!ok(e) && in->user != CKU_SO)
		ledger_note(&(struct note){ .what = "login", .peer = rq->peer, .token = s->token, .mech = MECH_NONE,
		                            .result = e });
	if (e.code == E_PIN_REPEATED && in->user != CKU_SO)
		return answer_slowly(rq, e);
	if (e.code != E_PIN_REPEATED)
		TRY(e);
	return post_login(rq, s, in, context);
}

err serve_Logout(struct request *rq, struct Logout_in *in, struct Logout_out *out)
{
	struct session *s;

	(void)out;
	TRY(session_want(rq, in->session, &s));
	if (session_user(s) == CKU_NONE)
		return FAIL(PIN_NEEDED);
	login_end(rq->peer, s->token);
	return OK;
}
