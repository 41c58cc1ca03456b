/* Erasing a token and giving it its first secrets: C_InitToken and the utility's init. */
#include "config.h"
#include "job.h"
#include "ledger.h"
#include "lib/log.h"
#include "lib/text.h"
#include "peer.h"
#include "session.h"

static void encode_init(struct job *j, struct buf *b)
{
	struct CardInit_in in = { .flags = j->flags, .prove = j->prim, .label = j->first };

	in.pin = *j->pin;
	in.puk = *j->second;
	in.management = *j->third;
	CardInit_put_in(b, &in);
	secret_wipe(&in.pin);
	secret_wipe(&in.puk);
	secret_wipe(&in.management);
}

static err erased(struct job *j, err e, struct cur *reply, struct CardInit_out *out)
{
	if (ok(e)) {
		CardInit_get_out(reply, out);
		if (!cur_done(reply))
			e = FAIL(BAD_REPLY);
	}
	log_line(LOG_NOTICE, "init token=%s: %s", j->token->serial, log_err(e));
	ledger_job("init", j, e);
	if (j->prim && (e.code == E_PUK_WRONG || e.code == E_PUK_BLOCKED)) {
		puk_outcome(j->token, j->second, e);		/* proven first: nothing was changed */
		broker_changed();
	} else if (!j->token->gone && e.code != E_CANCELED) {
		if (ok(e)) {		/* until it has been identified anew */
			keep_text(j->token->label, sizeof j->token->label, j->first);
			j->token->flags &= ~(uint32_t)TOKEN_PIN_UNSET;
			j->token->flags |= j->pin->n ? 0u : TOKEN_PIN_UNSET;
		}
		j->token->tries = (struct tries){ .user = TRIES_UNKNOWN, .puk = TRIES_UNKNOWN };
		token_reidentify(j->token);
	} else if (e.code != E_CANCELED) {
		j->token->load = LOAD_NONE;	/* whatever it is when it comes back: nothing of it is remembered */
	}
	return e;
}

static void done_erase(struct job *j, err e, struct cur *reply)
{
	struct CardInit_out got = { 0 };
	struct TokenErase_out out = { 0 };

	e = erased(j, e, reply, &got);
	out.remains = got.remains;
	answer_TokenErase(j->rq, e, &out);
}

static void done_init(struct job *j, err e, struct cur *reply)
{
	struct CardInit_out got = { 0 };

	answer_TokenInit(j->rq, erased(j, e, reply, &got), NULL);
}

/* No other program may have a session: its objects would change under it. */
static bool in_use(const struct token *t, const struct peer *by)
{
	for (struct peer *p = broker.peers; p; p = p->next)
		for (struct session *s = p->sessions; s; s = s->next)
			if (s->token == t && p != by)
				return true;
	return false;
}

static err post_init(struct request *rq, struct job *j, const struct secret *pin, const struct secret *puk,
                     const struct secret *management, struct span label)
{
	if (!j)
		return FAIL(QUOTA);
	j->encode = encode_init;
	j->slow = true;
	j->pin = secret_keep(pin);
	j->second = secret_keep(puk);
	j->third = secret_keep(management);
	j->rq = request_keep(rq);
	if (!j->pin || !j->second || !j->third || !j->rq || !ok(job_data(j, label, SPAN_NONE))) {
		if (j->rq)
			request_drop(j->rq);
		job_free(j);
		return FAIL(QUOTA);
	}
	job_post(j);
	return FAIL(PENDING);
}

static err label_fits(struct span label)
{
	return label.n > 32 ? FAIL(DATA_LENGTH) : text_is_plain(label) ? OK : FAIL(ATTR_VALUE);
}

err serve_TokenErase(struct request *rq, struct TokenErase_in *in, struct TokenErase_out *out)
{
	struct token *t = token_find(in->token);

	(void)out;
	if (!t || !t->known)
		return FAIL(NO_TOKEN);
	const struct quirk *q = quirk_of(t);
	if (q && q->flags & WAY_SO_MANAGEMENT)
		return FAIL(NOT_SUPPORTED);
	if (in_use(t, rq->peer))
		return FAIL(SESSION_EXISTS);
	TRY(label_fits(in->label));
	/* where every secret is the factory's, one ended before it could leave a mark */
	if (in->flags & INIT_RESUME && token_is_set_up(t))
		return FAIL(ACTION_PROHIBITED);
	if (in->pin.n < t->pin_min || in->pin.n > t->pin_max || in->puk.n < t->pin_min || in->puk.n > t->pin_max)
		return FAIL(PIN_LENGTH);
	struct job *j = job_new(t, CardInit_ID, NULL);
	if (j) {
		j->flags = in->flags;
		j->done = done_erase;
	}
	return post_init(rq, j, &in->pin, &in->puk, &in->management, in->label);
}

/* C_InitToken knows no PIN: the user's stays unset (it is made from random bytes that nobody sees, as
 * PIV has no PIN that is not there) until C_InitPIN. */
err serve_TokenInit(struct request *rq, struct TokenInit_in *in, struct TokenInit_out *out)
{
	struct token *t = token_find(in->token);
	SECRET none = { 0 };

	(void)out;
	if (!t || !t->known)
		return FAIL(NO_TOKEN);
	for (struct peer *p = broker.peers; p; p = p->next)
		for (struct session *s = p->sessions; s; s = s->next)
			if (s->token == t)
				return FAIL(SESSION_EXISTS);
	TRY(label_fits(in->label));
	if (in->pin.n < t->pin_min || in->pin.n > t->pin_max)
		return FAIL(PIN_LENGTH);
	err e = t->flags & TOKEN_INITIALIZED ? puk_refuse_program(t, &in->pin) : OK;
	if (!ok(e))
		return pin_refused(rq, t, NULL, "init", e);
	struct job *j = job_new(t, CardInit_ID, NULL);
	if (j) {
		j->prim = t->flags & TOKEN_INITIALIZED ? 1 : 0;
		j->done = done_init;
	}
	return post_init(rq, j, &none, &in->pin, &none, in->label);
}
