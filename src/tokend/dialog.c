/* The broker's side of a PIN dialog: a prompt process is started for it, its PIN goes to the card, and who waited
 * goes on. */
#include "config.h"
#include <openssl/x509.h>
#include <stdlib.h>
#include "dialog.h"
#include "ledger.h"
#include "lib/log.h"
#include "login.h"

enum {
	DIALOGS_MAX = 16,			/* open at once, of all programs */
	DIALOGS_OF_ONE = 4,			/* of one executable: who starts many processes shuts nobody out */
	QUEUE_MAX = 256,			/* those that wait for their turn as well, and ... */
	QUEUE_OF_ONE = 32,			/* ... of one executable */
	ROUNDS_MAX = 10,			/* PINs that a person may give before the program hears of it */
	GRACE_S = 5,				/* that a prompt may be late with its own end */
	HOLDER_MAX = 256
};

struct dialog {
	struct dialog   *next;
	struct child     child;
	struct peer     *peer;		/* NULL: it went while a job had the PIN */
	struct token    *token;
	struct request  *rq;		/* kept: the login that waits, or one that nobody waits for */
	bool             is_login, context;
	uint32_t         session, key;
	uint32_t         op, op_id;	/* the operation it is for; 0: none, or C_DeriveKey, which is one call */
	enum purpose     purpose;
	enum trouble     trouble;
	bool             open;		/* it has had its turn */
	bool             last;		/* the word was asked for: the last try may be spent */
	bool             at_card;	/* a job has the PIN, and rq */
	bool             refused;	/* the program took back what it wanted meanwhile */
	unsigned         rounds;
	uint64_t         begun;
	struct secret   *pin;		/* what the prompt said, until the loop comes to it */
	err              said;
	sd_event_source *step, *limit;
};

static struct dialog *dialogs;		/* the oldest first */
static sd_event_source *turn;
static err verdict;			/* of the dialog whose requests are being served again */

bool dialog_possible(const struct peer *p)
{
	const struct terminal *t = &p->terminal;

	return strcmp(broker.conf.prompt, "never") != 0 && (*t->display || *t->wayland || *t->tty);
}

static int next_turn(sd_event_source *s, uint64_t usec, void *data);

/* --- its end ------------------------------------------------------------------------------------- */
static void dialog_unlink(struct dialog *d)
{
	struct dialog **at = &dialogs;

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	child_stop(&d->child, false);
	broker_cancel(&d->step);
	broker_cancel(&d->limit);
	secret_drop(d->pin);
	d->pin = NULL;
	broker_after(&turn, 0, next_turn, NULL);
}

static void answer_login(struct dialog *d, err e)
{
	uint64_t took = broker_now() - d->begun;

	request_answer_later(d->rq, e, took < DIALOG_LEAST_MS ? DIALOG_LEAST_MS - took : 0);
}

/* Nobody waits for it any more. */
static void dialog_drop(struct dialog *d)
{
	dialog_unlink(d);
	request_drop(d->rq);
	free(d);
}

static const char *what_of(const struct dialog *d)
{
	const struct object *key = d->key ? object_on(d->token, d->key) : NULL;

	return d->context || (key && key->always_auth) ? "context login" : "login";
}

/* Nobody gave a PIN: what was at the card its job has noted. */
static void note_refusal(const struct dialog *d, err e)
{
	const struct object *key = d->key ? object_on(d->token, d->key) : NULL;

	if (e.code != E_CANCELED && e.code != E_NO_PROMPT)
		return;
	ledger_note(&(struct note){ .what = what_of(d), .program = d->peer->program,
	                            .sandbox = d->peer->sandbox, .pid = d->peer->pid,
	                            .token = d->token, .key = key, .slot = key ? key->slot : 0,
	                            .mech = MECH_NONE, .result = e });
}

/* A PIN that was given for one call is for nothing else, should nobody have taken it. */
static void spend(const struct dialog *d)
{
	struct session *s = session_find(d->peer, d->session);

	if (d->is_login || !s || d->op_id)
		return;
	secret_drop(s->ops[d->op].context);
	s->ops[d->op].context = NULL;
}

/* Whoever waited for it goes on, or hears why not. */
static void dialog_finish(struct dialog *d, err e)
{
	log_line(LOG_INFO, "dialog for pid=%d: %s", (int)d->peer->pid, log_err(e));
	note_refusal(d, e);
	dialog_unlink(d);
	if (e.code == E_TOKEN_GONE)
		requests_fail(d, e);		/* served again they would find dead sessions: that comes after */
	if (d->is_login)
		answer_login(d, e);
	else
		request_drop(d->rq);
	/* others of this program may wait here with sessions of their own: they are asked for anew */
	verdict = e.code == E_SESSION_GONE ? OK : e;
	requests_unpark(d);
	verdict = OK;
	spend(d);
	free(d);
}

void dialogs_end(struct peer *p)
{
	for (struct dialog *d = dialogs, *next; d; d = next) {
		next = d->next;
		if (d->peer != p)
			continue;
		if (d->at_card)
			d->peer = NULL;			/* its job has its own end */
		else
			dialog_drop(d);
	}
}

void dialogs_end_token(struct token *t)
{
	for (struct dialog *d = dialogs, *next; d; d = next) {
		next = d->next;
		if (d->token == t && !d->at_card)
			dialog_finish(d, FAIL(TOKEN_GONE));
	}
}

/* --- asking -------------------------------------------------------------------------------------- */
/* Its last common name, as UTF-8; where there is none, nothing. Gives its length. */
static size_t common_name(struct span subject, char *out, size_t size)
{
	const unsigned char *p = subject.p;
	X509_NAME *name = subject.n ? d2i_X509_NAME(NULL, &p, (long)subject.n) : NULL;
	unsigned char *text = NULL;
	int at = -1, n = -1;

	for (int i = -1; name && (i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) >= 0;)
		at = i;
	if (at >= 0)
		n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	struct buf b = { (uint8_t *)out, 0, size, false };
	if (n > 0)
		buf_put(&b, span_first((struct span){ text, (size_t)n }, size));
	OPENSSL_free(text);
	X509_NAME_free(name);
	return b.n;
}

static void put_question(struct dialog *d, struct buf *b)
{
	const struct object *key = d->key ? object_on(d->token, d->key) : NULL;
	const struct object *cert = key ? object_of_slot(d->token, key->slot, OBJ_CERT) : NULL;
	const struct terminal *at = &d->peer->terminal;
	const struct token *t = d->token;
	char holder[HOLDER_MAX];
	size_t n = cert ? common_name(cert->cert.subject, holder, sizeof holder) : 0;
	const char *pinentry = *broker.conf.prompt == '/' ? broker.conf.prompt : "";

	struct PromptAsk_in ask = {
		.program = span_str(d->peer->program), .sandbox = span_str(d->peer->sandbox),
		.pid = (uint32_t)d->peer->pid, .purpose = d->purpose,
		.key = key ? key->label : SPAN_NONE, .holder = { (uint8_t *)holder, n },
		.token = span_str(t->label), .serial = span_str(t->serial), .tries = t->tries.user,
		.trouble = d->trouble, .last = d->last, .least = t->pin_min, .most = t->pin_max,
		.seconds = broker.conf.prompt_limit, .pinentry = span_str(pinentry), .tty = span_str(at->tty),
		.term = span_str(at->term), .locale = span_str(at->locale), .display = span_str(at->display),
		.wayland = span_str(at->wayland),
	};
	PromptAsk_put_in(b, &ask);
}

static void dialog_hear(struct dialog *d, err e, const struct secret *pin);

static void on_frame(void *owner, const struct frame *f)
{
	struct PromptAsk_out out = { 0 };
	struct cur c = cur_of(f->body);
	err e = frame_err(f);

	if (ok(e)) {
		PromptAsk_get_out(&c, &out);
		e = cur_done(&c) ? OK : FAIL(NO_PROMPT);
	}
	dialog_hear(owner, e, &out.pin);
	secret_wipe(&out.pin);
}

static void on_gone(void *owner)
{
	dialog_hear(owner, FAIL(NO_PROMPT), NULL);
}

static int limit_over(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s, (void)usec;
	dialog_hear(data, FAIL(CANCELED), NULL);
	return 0;
}

static err dialog_ask(struct dialog *d)
{
	static uint8_t room[FRAME_MAX];
	struct buf b = BUF(room);

	if (d->token->flags & TOKEN_PIN_UNSET)
		return FAIL(PIN_UNSET);
	if (d->token->tries.user == 0)
		return FAIL(PIN_BLOCKED);
	if (d->rounds++ == ROUNDS_MAX)
		return FAIL(CANCELED);
	d->last = d->token->tries.user == 1;
	d->child = (struct child){ .fd = -1, .owner = d, .frame = on_frame, .gone = on_gone };
	TRY(child_connect(&d->child, broker.prompt_socket, "prompt"));
	frame_begin(&b, 1, PromptAsk_ID, 0);
	put_question(d, &b);
	frame_end(&b, 0);
	broker_after(&d->limit, (broker.conf.prompt_limit + GRACE_S) * 1000ULL, limit_over, d);
	return b.bad ? FAIL(NO_PROMPT) : child_send(&d->child, buf_span(&b));
}

static void dialog_again(struct dialog *d, enum trouble trouble)
{
	d->trouble = trouble;
	err e = dialog_ask(d);
	if (!ok(e))
		dialog_finish(d, e);
}

/* --- its turn ------------------------------------------------------------------------------------ */
static bool same_program(const struct peer *a, const struct peer *b)
{
	return a && strcmp(a->program, b->program) == 0 && strcmp(a->sandbox, b->sandbox) == 0;
}

/* One dialog of a process, since its person answers one at a time, and a few of its executable. */
static bool may_open(const struct dialog *d)
{
	unsigned all = 0, its = 0;

	for (const struct dialog *o = dialogs; o; o = o->next) {
		if (!o->open)
			continue;
		if (o->peer && o->peer->pid == d->peer->pid)
			return false;
		all++;
		its += same_program(o->peer, d->peer);
	}
	return all < DIALOGS_MAX && its < DIALOGS_OF_ONE;
}

static int waited_enough(sd_event_source *s, uint64_t usec, void *data)
{
	struct dialog *d = data;

	log_line(LOG_WARNING, "dialog for pid=%d: too many are open", (int)d->peer->pid);
	return limit_over(s, usec, d);
}

/* It opens, or waits for its turn, for as long as a dialog may be open. */
static err dialog_begin(struct dialog *d)
{
	d->open = may_open(d);
	if (d->open)
		return dialog_ask(d);
	log_line(LOG_INFO, "dialog for pid=%d waits for its turn", (int)d->peer->pid);
	broker_after(&d->limit, broker.conf.prompt_limit * 1000ULL, waited_enough, d);
	return OK;
}

/* One has gone: who has waited longest is next. */
static int next_turn(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s, (void)usec, (void)data;
	broker_cancel(&turn);
	for (struct dialog *d = dialogs; d;) {
		if (d->open || d->step || !may_open(d)) {
			d = d->next;
			continue;
		}
		err e = dialog_begin(d);
		if (!ok(e))
			dialog_finish(d, e);
		d = dialogs;			/* others may have ended with it */
	}
	return 0;
}

/* --- the PIN ------------------------------------------------------------------------------------- */
static struct dialog *dialog_of(const struct request *rq)
{
	struct dialog *d = dialogs;

	while (d && d->rq != rq)
		d = d->next;
	return d;
}

/* The program is logged in by it; and where the key asks each time, the operation has its PIN. */
static err let_in(struct dialog *d, struct job *j)
{
	struct session *s = session_find(d->peer, d->session);

	if (!s)
		return FAIL(SESSION_GONE);
	if (d->is_login)
		return login_proven(s, j);
	if (!login_find(d->peer, d->token))
		TRY(login_add(d->peer, d->token, CKU_USER, j->pin));
	const struct object *key = d->key ? object_on(d->token, d->key) : NULL;
	if (!key || !key->always_auth)
		return OK;
	if (s->ops[d->op].id != d->op_id)
		return OK;			/* it was ended while the person was asked */
	secret_drop(s->ops[d->op].context);
	s->ops[d->op].context = secret_keep(j->pin);
	d->token->fresh = s->id;
	return s->ops[d->op].context ? OK : FAIL(QUOTA);
}

static void done_prompted(struct job *j, err e, struct cur *reply)
{
	struct dialog *d = dialog_of(j->rq);

	e = login_outcome(j, e, reply);
	d->at_card = false;
	if (ok(e) && d->peer)
		e = d->refused ? FAIL(CANCELED) : let_in(d, j);
	ledger_job(what_of(d), j, e);
	if (!d->peer)
		dialog_drop(d);
	else if (e.code == E_PIN_WRONG && !d->refused)
		dialog_again(d, TROUBLE_WRONG);
	else if (e.code == E_PIN_LAST_TRY && !d->last) {
		d->token->tries.user = 1;		/* others spent the ones before */
		dialog_again(d, d->trouble);
	} else
		dialog_finish(d, e);
}

static err send_pin(struct dialog *d, const struct secret *pin)
{
	struct job *j = job_new(d->token, CardLogin_ID, d->rq);
	const struct object *key = d->key ? object_on(d->token, d->key) : NULL;

	if (!j)
		return FAIL(QUOTA);
	j->pin = secret_keep(pin);
	if (!j->pin) {
		job_free(j);
		return FAIL(QUOTA);
	}
	j->session = d->session;
	j->user = CKU_USER;
	j->flags = d->context;
	j->slot = key ? key->slot : 0;
	j->given = true;
	if (d->last)
		j->tries = TRIES_UNKNOWN;
	j->encode = login_encode;
	j->done = done_prompted;
	d->at_card = true;
	job_post(j);
	return OK;
}

/* What the prompt said, looked at from the loop: here a dialog may end. */
static int dialog_step(sd_event_source *s, uint64_t usec, void *data)
{
	struct dialog *d = data;
	struct secret *pin = d->pin;
	err e = d->said;

	(void)s, (void)usec;
	broker_cancel(&d->step);
	broker_cancel(&d->limit);
	child_stop(&d->child, false);
	d->pin = NULL;
	if (ok(e) && !session_find(d->peer, d->session))
		e = FAIL(SESSION_GONE);
	if (ok(e))
		e = pin_refuse(d->token, pin);
	if (ok(e))
		e = send_pin(d, pin);
	secret_drop(pin);
	if (e.code == E_PIN_LENGTH)
		dialog_again(d, TROUBLE_LENGTH);
	else if (e.code == E_PIN_REPEATED)
		dialog_again(d, TROUBLE_REPEATED);
	else if (!ok(e))
		dialog_finish(d, e);
	return 0;
}

static void dialog_hear(struct dialog *d, err e, const struct secret *pin)
{
	if (d->step)
		return;				/* it has spoken already */
	d->said = e;
	if (ok(e) && !(d->pin = secret_keep(pin)))
		d->said = FAIL(QUOTA);
	broker_after(&d->step, 0, dialog_step, d);
}

/* --- what the program does meanwhile --------------------------------------------------------------- */
static void dialog_refuse(struct dialog *d, err e)
{
	if (d->at_card)
		d->refused = true;
	else
		dialog_hear(d, e, NULL);
}

void dialogs_end_session(const struct session *s)
{
	for (struct dialog *d = dialogs; d; d = d->next)
		if (d->peer == s->peer && d->session == s->id)
			dialog_refuse(d, FAIL(SESSION_GONE));
}

void dialogs_end_login(const struct peer *p, const struct token *t)
{
	for (struct dialog *d = dialogs; d; d = d->next)
		if (d->peer == p && d->token == t)
			dialog_refuse(d, FAIL(CANCELED));
}

/* --- its beginning ------------------------------------------------------------------------------- */
static struct dialog *dialog_with(const struct peer *p, const struct token *t)
{
	struct dialog *d = dialogs;

	while (d && (d->peer != p || d->token != t))
		d = d->next;
	return d;
}

static bool has_room(const struct peer *p)
{
	unsigned all = 0, its = 0;

	for (const struct dialog *d = dialogs; d; d = d->next) {
		all++;
		its += same_program(d->peer, p);
	}
	return all < QUEUE_MAX && its < QUEUE_OF_ONE;
}

/* rq: kept, the dialog's from here on, also where it fails. */
static err dialog_new(struct request *rq, struct session *s, struct dialog **out)
{
	struct dialog *d = has_room(s->peer) ? calloc(1, sizeof *d) : NULL;

	if (!d)
		return FAIL(NO_PROMPT);
	*d = (struct dialog){ .peer = s->peer, .token = s->token, .rq = rq, .session = s->id,
	                      .begun = broker_now(), .child = { .fd = -1 } };
	struct dialog **end = &dialogs;
	while (*end)
		end = &(*end)->next;
	*end = d;
	*out = d;
	return OK;
}

err dialog_login(struct request *rq, struct session *s, bool context)
{
	struct dialog *d = dialog_with(s->peer, s->token);

	if (!ok(verdict))
		return verdict;
	if (d)
		return request_park(rq, d);
	struct request *kept = request_keep(rq);
	if (!kept)
		return FAIL(QUOTA);
	err e = dialog_new(kept, s, &d);
	if (!ok(e)) {
		request_answer_later(kept, e, DIALOG_LEAST_MS);
		return FAIL(PENDING);
	}
	const struct op *op = context ? login_waits(s) : NULL;
	d->is_login = true;
	d->context = context;
	d->key = op ? op->key : 0;
	d->purpose = op == &s->ops[OP_DECRYPT] ? PURPOSE_DECRYPT : op ? PURPOSE_SIGN : PURPOSE_LOGIN;
	e = dialog_begin(d);
	if (!ok(e))
		dialog_finish(d, e);
	return FAIL(PENDING);
}

err dialog_use(struct request *rq, struct session *s, enum purpose purpose, const struct object *key, uint32_t op)
{
	struct request nobody = { .peer = rq->peer, .call = rq->call };
	struct dialog *d = dialog_with(s->peer, s->token);

	if (!ok(verdict))
		return verdict;
	if (d)
		return request_park(rq, d);
	struct request *kept = request_keep(&nobody);
	if (!kept)
		return FAIL(QUOTA);
	err e = dialog_new(kept, s, &d);
	if (!ok(e)) {
		request_drop(kept);
		return e;
	}
	d->purpose = purpose;
	d->key = key ? key->handle : 0;
	d->op = op;
	d->op_id = s->ops[op].id;
	e = dialog_begin(d);
	if (ok(e))
		return request_park(rq, d);
	dialog_drop(d);
	return e;
}
