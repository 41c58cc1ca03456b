/* PINs and PUKs: changed, unblocked, proven; tokens erased and given their first secrets. */
#include "config.h"
#include "job.h"
#include "ledger.h"
#include "lib/log.h"
#include "login.h"
#include "peer.h"
#include "session.h"

/* --- one shape for all of them: two secrets, one job, an empty answer ---------------------------- */
static err post_pins(struct request *rq, struct token *t, struct job *j, const struct secret *one,
                     const struct secret *two)
{
	if (!j)
		return FAIL(QUOTA);
	j->pin = one ? secret_keep(one) : NULL;
	j->second = two ? secret_keep(two) : NULL;
	j->rq = request_keep(rq);
	if ((one && !j->pin) || (two && !j->second) || !j->rq) {
		if (j->rq)
			request_drop(j->rq);
		job_free(j);
		return FAIL(QUOTA);
	}
	j->token = t;
	job_post(j);
	return FAIL(PENDING);
}

/* The PUK has its own name for being wrong. */
static void outcome(struct job *j, err e)
{
	if (j->user == CKU_SO)
		puk_outcome(j->token, j->pin, e);
	else
		pin_outcome(j->token, j->rq->peer, j->pin, e);
}

static err want_token(uint32_t id, struct token **t)
{
	*t = token_find(id);
	return *t && (*t)->known ? OK : FAIL(NO_TOKEN);
}

/* What costs no try: a PIN or PUK that cannot be right is refused here, as `what`; and the PUK's last try where no
 * person agreed to it. (That of the PIN the worker guards: it reads the tries first.) */
static err may_send(struct request *rq, struct token *t, uint32_t which, bool last, const char *what,
                    const struct secret *pin)
{
	err e = which != CKU_SO ? pin_refuse(t, pin) : last ? puk_refuse(t, pin) : puk_refuse_program(t, pin);

	return ok(e) ? OK : pin_refused(rq, t, NULL, what, e);
}

static uint32_t tries_for(bool last)
{
	return last ? TRIES_UNKNOWN : TRIES_NOT_LAST;
}

/* Every kept copy of a PIN that is one no more goes; whoever set the new one may go on with it. */
static void replace_kept(struct token *t, const struct peer *by, const struct secret *new)
{
	contexts_end_token(t);
	jobs_forget(t, NULL, true);
	for (struct peer *p = broker.peers; p; p = p->next) {
		struct login *l = login_find(p, t);
		if (!l || l->user != CKU_USER)
			continue;
		if (p == by && l->pin)
			*l->pin = *new;
		else
			login_end(p, t);
	}
}

/* --- change -------------------------------------------------------------------------------------- */
static void encode_change(struct job *j, struct buf *b)
{
	struct CardPinChange_in in = { .which = j->user, .tries = j->tries, .old = *j->pin, .new = *j->second };

	CardPinChange_put_in(b, &in);
	secret_wipe(&in.old);
	secret_wipe(&in.new);
}

static err changed(struct job *j, err e, struct cur *reply)
{
	struct CardPinChange_out out = { 0 };

	if (ok(e))
		CardPinChange_get_out(reply, &out);
	outcome(j, e);
	if (ok(e))
		j->token->flags &= ~(uint32_t)(j->user == CKU_SO ? TOKEN_PUK_DEFAULT : TOKEN_PIN_DEFAULT);
	if (ok(e) && j->user == CKU_USER) {
		j->token->tries.user = out.left;
		j->token->flags &= ~(uint32_t)(TOKEN_PIN_TO_CHANGE | TOKEN_PIN_UNSET);
		replace_kept(j->token, j->rq ? j->rq->peer : NULL, j->second);
		broker_changed();
	}
	log_line(LOG_NOTICE, "%s change token=%s: %s", j->user == CKU_SO ? "PUK" : "PIN", j->token->serial,
	         log_err(e));
	ledger_job(j->user == CKU_SO ? "PUK change" : "PIN change", j, e);
	return e;
}

static void done_pin_set(struct job *j, err e, struct cur *reply)
{
	answer_PinSet(j->rq, changed(j, e, reply), NULL);
}

static void done_pin_change(struct job *j, err e, struct cur *reply)
{
	answer_PinChange(j->rq, changed(j, e, reply), NULL);
}

static err change(struct request *rq, struct token *t, uint32_t which, bool last, const struct secret *old,
                  const struct secret *new, void (*done)(struct job *, err, struct cur *))
{
	struct job *j = job_new(t, CardPinChange_ID, NULL);

	if (!j)
		return FAIL(QUOTA);
	j->user = which;
	j->tries = tries_for(last);
	j->given = which == CKU_USER;
	j->encode = encode_change;
	j->done = done;
	return post_pins(rq, t, j, old, new);
}

err serve_PinSet(struct request *rq, struct PinSet_in *in, struct PinSet_out *out)
{
	struct session *s;

	(void)out;
	TRY(session_want(rq, in->session, &s));
	if (!(s->flags & CKF_RW_SESSION))
		return FAIL(SESSION_RO);
	TRY(pin_fits(s->token, &in->new));
	uint32_t which = (uint32_t)(session_user(s) == CKU_SO ? CKU_SO : CKU_USER);
	TRY(may_send(rq, s->token, which, false, which == CKU_SO ? "PUK change" : "PIN change", &in->old));
	return change(rq, s->token, which, false, &in->old, &in->new, done_pin_set);
}

err serve_PinChange(struct request *rq, struct PinChange_in *in, struct PinChange_out *out)
{
	struct token *t;

	(void)out;
	TRY(want_token(in->token, &t));
	if (in->which != CKU_USER && in->which != CKU_SO)
		return FAIL(USER_TYPE);
	TRY(pin_fits(t, &in->new));
	TRY(may_send(rq, t, in->which, in->last, in->which == CKU_SO ? "PUK change" : "PIN change", &in->old));
	return change(rq, t, in->which, in->last, &in->old, &in->new, done_pin_change);
}

/* --- unblock ------------------------------------------------------------------------------------- */
static void encode_unblock(struct job *j, struct buf *b)
{
	struct CardPinUnblock_in in = { .tries = j->tries, .puk = *j->pin, .pin = *j->second };

	CardPinUnblock_put_in(b, &in);
	secret_wipe(&in.puk);
	secret_wipe(&in.pin);
}

static err unblocked(struct job *j, err e, struct cur *reply)
{
	struct CardPinUnblock_out out = { .left = TRIES_UNKNOWN };

	if (ok(e))
		CardPinUnblock_get_out(reply, &out);
	puk_outcome(j->token, j->pin, e);
	if (ok(e)) {
		j->token->tries.user = out.left;
		j->token->tries.pin_wrong.set = false;
		j->token->tries.guesses = 0;	/* they were of a PIN that is no more */
		j->token->flags &= ~(uint32_t)(TOKEN_PIN_DEFAULT | TOKEN_PIN_UNSET);
		replace_kept(j->token, NULL, NULL);
		broker_changed();
	}
	log_line(LOG_NOTICE, "PIN unblock token=%s: %s", j->token->serial, log_err(e));
	ledger_job("PIN unblock", j, e);
	return e;
}

static void done_unblock(struct job *j, err e, struct cur *reply)
{
	answer_PinUnblock(j->rq, unblocked(j, e, reply), NULL);
}

static void done_pin_init(struct job *j, err e, struct cur *reply)
{
	answer_PinInit(j->rq, unblocked(j, e, reply), NULL);
}

static err unblock(struct request *rq, struct token *t, bool last, const struct secret *puk,
                   const struct secret *pin, void (*done)(struct job *, err, struct cur *))
{
	struct job *j = job_new(t, CardPinUnblock_ID, NULL);

	if (!j)
		return FAIL(QUOTA);
	j->tries = tries_for(last);
	j->encode = encode_unblock;
	j->done = done;
	return post_pins(rq, t, j, puk, pin);
}

err serve_PinUnblock(struct request *rq, struct PinUnblock_in *in, struct PinUnblock_out *out)
{
	struct token *t;

	(void)out;
	TRY(want_token(in->token, &t));
	TRY(pin_fits(t, &in->pin));
	TRY(may_send(rq, t, CKU_SO, in->last, "PIN unblock", &in->puk));
	return unblock(rq, t, in->last, &in->puk, &in->pin, done_unblock);
}

err serve_PinInit(struct request *rq, struct PinInit_in *in, struct PinInit_out *out)
{
	struct session *s;

	(void)out;
	TRY(session_want(rq, in->session, &s));
	if (session_user(s) != CKU_SO)
		return FAIL(PIN_NEEDED);
	TRY(pin_fits(s->token, &in->pin));
	const struct secret *puk = login_find(rq->peer, s->token)->pin;
	TRY(may_send(rq, s->token, CKU_SO, false, "PIN unblock", puk));
	return unblock(rq, s->token, false, puk, &in->pin, done_pin_init);
}

/* --- prove --------------------------------------------------------------------------------------- */
static void encode_tries(struct job *j, struct buf *b)
{
	struct CardTries_in in = { 0 };

	(void)j;
	CardTries_put_in(b, &in);
}

static void done_tries(struct job *j, err e, struct cur *reply)
{
	struct CardTries_out got = { 0 };
	struct TriesRead_out out = { 0 };
	struct token *t = j->token;

	if (ok(e)) {
		CardTries_get_out(reply, &got);
		e = cur_done(reply) ? OK : FAIL(BAD_REPLY);
	}
	if (ok(e) && !t->gone) {
		/* a card that does not say takes nothing of what is remembered */
		bool changed = got.puk != TRIES_UNKNOWN && t->tries.puk != got.puk;
		if (changed)
			t->tries.puk = got.puk;
		pin_tries_seen(t, got.known);
		pin_tries_seen(t, got.user);
		if (changed)
			broker_changed();
	}
	out.pin_tries = got.user;
	out.puk_tries = t->tries.puk;
	answer_TriesRead(j->rq, e, &out);
}

err serve_TriesRead(struct request *rq, struct TriesRead_in *in, struct TriesRead_out *out)
{
	struct token *t;

	(void)out;
	TRY(want_token(in->token, &t));
	struct job *j = job_new(t, CardTries_ID, NULL);
	if (!j)
		return FAIL(QUOTA);
	j->encode = encode_tries;
	j->done = done_tries;
	return post_pins(rq, t, j, NULL, NULL);
}

static void done_verify(struct job *j, err e, struct cur *reply)
{
	e = login_outcome(j, e, reply);
	ledger_job("PIN check", j, e);
	answer_PinVerify(j->rq, e, NULL);
}

err serve_PinVerify(struct request *rq, struct PinVerify_in *in, struct PinVerify_out *out)
{
	struct token *t;

	(void)out;
	TRY(want_token(in->token, &t));
	TRY(may_send(rq, t, CKU_USER, in->last, "PIN check", &in->pin));
	struct job *j = job_new(t, CardLogin_ID, NULL);
	if (!j)
		return FAIL(QUOTA);
	j->user = CKU_USER;
	j->tries = tries_for(in->last);
	j->given = true;
	j->encode = login_encode;
	j->done = done_verify;
	return post_pins(rq, t, j, &in->pin, NULL);
}
