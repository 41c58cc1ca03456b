/* The queue of one token, and when its card is closed. */
#include "config.h"
#include <stdlib.h>
#include "fill.h"
#include "job.h"
#include "ledger.h"
#include "lib/log.h"
#include "peer.h"
#include "touch.h"

enum { PAUSE_LATE_MS = 15, PAUSES_MOST = 4 };

static void job_next(struct token *t);

struct job *job_new(struct token *t, uint16_t call, struct request *rq)
{
	struct job *j = calloc(1, sizeof *j);

	if (!j)
		return NULL;
	j->token = t;
	j->call = call;
	j->rq = rq;
	j->tries = TRIES_NOT_LAST;
	j->mech = MECH_NONE;
	return j;
}

err job_data(struct job *j, struct span first, struct span last)
{
	j->data_n = first.n + last.n;
	j->data = malloc(j->data_n ? j->data_n : 1);
	if (!j->data)
		return FAIL(QUOTA);
	struct buf b = { j->data, 0, j->data_n, false };
	buf_put(&b, first);
	buf_put(&b, last);
	j->first = (struct span){ j->data, first.n };
	j->last = (struct span){ j->data + first.n, last.n };
	return OK;
}

void job_free(struct job *j)
{
	secret_drop(j->pin);
	secret_drop(j->second);
	secret_drop(j->third);
	if (j->data)
		wipe(j->data, j->data_n);
	free(j->data);
	free(j);
}

static void job_finish(struct job *j, err e, struct cur *reply)
{
	j->done(j, e, reply);
	job_free(j);
}

/* --- sending ----------------------------------------------------------------------------------- */
static int watchdog_bites(sd_event_source *s, uint64_t usec, void *data)
{
	struct token *t = data;

	(void)s, (void)usec;
	log_line(LOG_ERROR, "token=%u serial=%s driver=%s does not answer: its process is killed", t->id, t->serial,
	         drivers_name(t->reader));
	token_lost(t, true);
	return 0;
}

/* The tries that must be left for a kept PIN: as many as this daemon knows of. Where it knows of none,
 * any number but the last. */
static uint32_t tries_known(const struct token *t)
{
	return t->tries.user == TRIES_UNKNOWN ? TRIES_NOT_LAST : t->tries.user;
}

static void job_send(struct token *t, struct job *j)
{
	static uint8_t room[FRAME_MAX];
	struct buf b = BUF(room);

	if (j->kept)
		j->tries = tries_known(t);
	frame_begin(&b, 1, j->call, 0);
	j->encode(j, &b);
	frame_end(&b, 0);
	t->running = j;
	t->proven = t->proven || j->pin || j->second || j->third;
	t->soiled = t->soiled || (t->proven && t->flags & TOKEN_BY_ID);
	broker_after(&t->watchdog, j->slow ? broker.conf.slow_job_limit : broker.conf.job_limit,
	             watchdog_bites, t);
	touch_begins(t, j);
	err e = b.bad ? FAIL(GENERAL) : child_send(&t->worker, buf_span(&b));
	wipe(room, b.n);
	if (!ok(e)) {
		log_line(LOG_ERROR, "token=%u: job %u cannot be sent: %s", t->id, j->call, log_err(e));
		token_lost(t, true);
	}
}

/* --- closing the card -------------------------------------------------------------------------- */
static void encode_close(struct job *j, struct buf *b)
{
	struct CardClose_in in = { 0 };

	(void)j;
	CardClose_put_in(b, &in);
}

static int pause_over(sd_event_source *s, uint64_t usec, void *data);

static void pause_for(struct token *t, uint64_t ms)
{
	t->pause_end = broker_now() + ms;
	broker_after(&t->pause, ms, pause_over, t);
}

/* Where even this comes late the machine is so busy that those who poll for the card come late as well: then
 * that was no pause, and there is another one. */
static int pause_over(sd_event_source *s, uint64_t usec, void *data)
{
	struct token *t = data;

	(void)s, (void)usec;
	broker_cancel(&t->pause);
	if (broker_now() - t->pause_end > PAUSE_LATE_MS && t->pauses++ < PAUSES_MOST) {
		pause_for(t, broker.conf.gap);
		return 0;
	}
	t->pauses = 0;
	job_next(t);
	return 0;
}

/* A module may keep what it was given (OpenSC does, in what it read and wrote): with the last login its process
 * goes. */
static int renew(sd_event_source *s, void *data)
{
	struct token *t = token_find((uint32_t)(uintptr_t)data);

	sd_event_source_unref(s);
	if (t && t->soiled && !t->open && !t->running && !t->jobs && !logins_count(t))
		token_renew(t);
	return 0;
}

static void done_close(struct job *j, err e, struct cur *reply)
{
	struct CardClose_out out = { .known = TRIES_UNKNOWN, .left = TRIES_UNKNOWN };
	struct token *t = j->token;

	if (ok(e)) {
		CardClose_get_out(reply, &out);
		e = cur_done(reply) ? OK : FAIL(BAD_REPLY);
	}
	if (ok(e) && !t->gone) {
		pin_tries_seen(t, out.known);
		pin_tries_seen(t, out.left);
	}
	t->open = t->proven = false;
	t->closed = broker_now();
	t->fresh = 0;
	sd_event_source *later = NULL;
	if (t->soiled && !t->gone && !logins_count(t))
		sd_event_add_defer(broker.event, &later, renew, (void *)(uintptr_t)t->id);
	if (!ok(e))
		log_line(LOG_WARNING, "token=%u: closing the card: %s", t->id, log_err(e));
}

/* True where a close was sent. Without memory for the job the worker ends, which closes too. */
static bool card_close(struct token *t)
{
	struct job *j = job_new(t, CardClose_ID, NULL);

	if (!j) {
		token_lost(t, false);
		return true;
	}
	j->encode = encode_close;
	j->done = done_close;
	job_send(t, j);
	return true;
}

static int linger_over(sd_event_source *s, uint64_t usec, void *data)
{
	struct token *t = data;

	(void)s, (void)usec;
	broker_cancel(&t->linger);
	if (t->open && !t->running && !t->jobs)
		card_close(t);
	return 0;
}

void job_close_soon(struct token *t)
{
	if (!t->gone && t->open && !t->running && !t->jobs)
		broker_after(&t->linger, 0, linger_over, t);
}

/* --- the queue --------------------------------------------------------------------------------- */
/* A context login and the use it is for belong together, as do filled tries and the PIN they were filled for:
 * nothing comes between them. */
static bool may_hold_on(const struct token *t)
{
	return t->jobs && (t->jobs->filled || (t->fresh && t->jobs->session == t->fresh));
}

/* Has it been too long since other programs could get at the card? */
static bool overdue(const struct token *t)
{
	return broker_now() - t->since >= broker.conf.hold_most;
}

/* May the card be opened now? pcscd makes those who wait poll: they need a moment in which nobody holds
 * it, and a card that is closed only for an instant, however often, is held all the same. */
static bool may_open(struct token *t)
{
	uint64_t shut = broker_now() - t->closed;

	if (shut >= broker.conf.gap)
		t->since = broker_now();
	else if (overdue(t)) {
		pause_for(t, broker.conf.gap - shut);
		return false;
	}
	t->open = true;
	return true;
}

/* `retain-pin = no`: the open card is what remembers that the PIN was proven. */
static bool holds(const struct token *t)
{
	return !broker.conf.retain_pin && logins_count(t) > 0;
}

/* Looked at right before it is sent: what was before it in the queue has counted by then. */
static err may_send(const struct job *j)
{
	if (j->late)
		return FAIL(PIN_NEEDED);
	TRY(j->refused);
	return j->given && pin_barred(j->token, j->rq ? j->rq->peer : NULL) ? FAIL(PIN_GUESSED) : OK;
}

/* Answers what waits at the front of the queue though its login is over, or its PIN not to be sent. */
static void finish_late(struct token *t)
{
	struct cur none = cur_bad();
	err e;

	while (t->jobs && !ok(e = may_send(t->jobs))) {
		struct job *j = t->jobs;
		t->jobs = j->next;
		job_finish(j, e, &none);
	}
}

void jobs_forget(struct token *t, const struct peer *by, bool context)
{
	for (struct job *j = t->jobs; j; j = j->next)
		if (j->kept && (!by || (j->rq && j->rq->peer == by)) && (context || j->auth != AUTH_FRESH)) {
			secret_wipe(j->pin);
			j->late = true;
		}
}

void jobs_cancel(struct peer *p)
{
	struct cur none = cur_bad();

	for (struct token *t = broker.tokens; t; t = t->next)
		for (struct job **at = &t->jobs; *at;) {
			struct job *j = *at;
			if (!j->rq || j->rq->peer != p) {
				at = &j->next;
				continue;
			}
			*at = j->next;
			job_finish(j, FAIL(CANCELED), &none);
		}
}

/* The card is open: what goes to it next? A job that cannot be sent is left to finish_late. */
static void send_front(struct token *t)
{
	struct job *j = t->jobs, *first;
	err e = fill_before(j, &first);

	t->turn_now = j->turn;
	if (!ok(e)) {
		j->refused = e;
		job_next(t);
		return;
	}
	if (!first) {
		t->jobs = j->next;
		j->next = NULL;
	}
	job_send(t, first ? first : j);
}

static void job_next(struct token *t)
{
	if (t->gone || t->running || t->pause)
		return;
	finish_late(t);
	if (!t->jobs && holds(t))
		return;
	if (!t->jobs) {
		/* reading goes on in the transaction it began in; what is proven outlives no login */
		if (t->open)
			broker_after(&t->linger, logins_count(t) || !t->proven ? broker.conf.linger : 0,
			             linger_over, t);
		return;
	}
	broker_cancel(&t->linger);
	if (t->open && overdue(t) && !may_hold_on(t) && !holds(t)) {
		card_close(t);
		return;
	}
	if (!t->open && !may_open(t))
		return;
	send_front(t);
}

static int next_job(sd_event_source *s, void *data)
{
	struct token *t = token_find((uint32_t)(uintptr_t)data);

	sd_event_source_unref(s);
	if (t)
		job_next(t);
	return 0;
}

/* Programs take turns: one with a hundred jobs in the queue does not keep another, which has one, waiting
 * for all of them. A program's own jobs stay in their order. */
static uint32_t turn_of(const struct token *t, const struct job *j)
{
	struct peer *p = j->rq ? j->rq->peer : NULL;

	if (!p)
		return t->turn_now;
	if (p->turn_token != t->id)
		p->turn = 0;
	p->turn_token = t->id;
	p->turn = p->turn >= t->turn_now ? p->turn + 1 : t->turn_now;
	return p->turn;
}

void job_post(struct job *j)
{
	struct token *t = j->token;
	struct job **at = &t->jobs;
	sd_event_source *source = NULL;

	j->turn = turn_of(t, j);
	if (j->rq && j->rq->peer) {
		j->pid = j->rq->peer->pid;
		keep_text(j->program, sizeof j->program, span_str(j->rq->peer->program));
		keep_text(j->sandbox, sizeof j->sandbox, span_str(j->rq->peer->sandbox));
	}
	while (*at && (*at)->turn <= j->turn)
		at = &(*at)->next;
	j->next = *at;
	*at = j;
	/* from the loop, so that `done` never runs inside the handler that posts */
	sd_event_add_defer(broker.event, &source, next_job, (void *)(uintptr_t)t->id);
}

void jobs_reply(struct token *t, const struct frame *f)
{
	struct job *j = t->running;
	struct cur c = cur_of(f->body);

	if (!j) {
		log_line(LOG_ERROR, "token=%u: its worker spoke unasked", t->id);
		token_lost(t, true);
		return;
	}
	t->running = NULL;
	broker_cancel(&t->watchdog);
	touch_ends(t);
	t->fresh = 0;			/* a context login sets it again when it is done */
	err e = frame_err(f);
	log_line(LOG_TRACE, "token=%u job=%u %s", t->id, j->call, log_err(e));
	job_finish(j, e, &c);
	if (e.code == E_TOKEN_GONE)
		token_vanished(t);
	if (!t->gone)
		job_next(t);
}

void jobs_end(struct token *t, err e)
{
	struct cur none = cur_bad();
	struct job *j = t->running;

	t->running = NULL;
	broker_cancel(&t->linger);
	broker_cancel(&t->pause);
	broker_cancel(&t->watchdog);
	touch_ends(t);
	if (j)
		job_finish(j, e, &none);
	while ((j = t->jobs)) {
		t->jobs = j->next;
		job_finish(j, e, &none);
	}
}
