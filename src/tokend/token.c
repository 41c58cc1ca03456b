/* Readers and tokens: what the monitors tell, and what becomes of it. */
#include "config.h"
#include <stdlib.h>
#include "cache.h"
#include "children.h"
#include "dialog.h"
#include "job.h"
#include "lib/log.h"
#include "load.h"
#include "peer.h"
#include "session.h"
#include "token.h"
#include "wire/events.h"

enum { MONITORS_MAX = 16, MONITOR_RETRY_MS = 1000, CRASHES_MAX = 4, BUSY_RETRY_MS = 2000,
       MUTE_RETRY_MS = 250, VANISHED_RETRY_MS = 700, WAIT_MOST_S = 15, PARTS_MAX = 4 };

static struct monitor {
	struct child     child;
	char            *args[3];
	bool             scanned;
	sd_event_source *again;
} monitors[MONITORS_MAX];
static unsigned monitor_count;

void keep_text(char *out, size_t cap, struct span s)
{
	struct buf b = { (uint8_t *)out, 0, cap - 1, false };

	buf_put(&b, span_first(s, cap - 1));
	out[b.n] = '\0';
}

struct token *token_find(uint32_t id)
{
	struct token *t = broker.tokens;

	while (t && (t->id != id || t->gone))
		t = t->next;
	return t;
}

/* --- the end of a token ------------------------------------------------------------------------ */
static int token_free(sd_event_source *s, void *data)
{
	struct token *t = data;

	sd_event_source_unref(s);
	for (struct token **at = &broker.tokens; *at; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			break;
		}
	objects_free(t);
	free(t);
	return 0;
}

static void token_remove(struct token *t, enum reader_state state, bool killing)
{
	sd_event_source *source = NULL;

	if (t->gone)
		return;
	log_line(LOG_NOTICE, "token=%u serial=%s gone from %s", t->id, t->serial, t->reader->name);
	t->gone = true;
	t->reader->token = NULL;
	t->reader->state = state;
	child_stop(&t->worker, killing);
	logins_end_token(t);
	dialogs_end_token(t);
	sessions_end_token(t);
	jobs_end(t, FAIL(TOKEN_GONE));
	cache_put(t);
	requests_fail(t, FAIL(TOKEN_GONE));
	sd_event_add_defer(broker.event, &source, token_free, t);
	broker_changed();
}

void token_lost(struct token *t, bool quarantine)
{
	token_remove(t, quarantine ? READER_QUARANTINED : READER_EMPTY, quarantine);
	requests_unpark(NULL);
}

/* --- identification ---------------------------------------------------------------------------- */
static void encode_open(struct job *j, struct buf *b)
{
	const struct reader *r = j->token->reader;
	struct CardOpen_in in = { .reader = span_str(r->of ? r->of->name : r->name) };
	uint8_t room[1024];
	struct buf known = BUF(room);

	if (!j->token->known)			/* not where it was just erased */
		cache_serials(&known);
	in.known = buf_span(&known);
	CardOpen_put_in(b, &in);
}

static void keep_identity(struct token *t, struct CardOpen_out *o)
{
	keep_text(t->driver, sizeof t->driver, span_str(drivers_name(t->reader)));
	keep_text(t->serial, sizeof t->serial, o->serial);
	keep_text(t->label, sizeof t->label, o->label);
	keep_text(t->manufacturer, sizeof t->manufacturer, o->manufacturer);
	keep_text(t->model, sizeof t->model, o->model);
	t->firmware = o->firmware;
	t->flags = o->flags;
	t->algs = o->algs;
	t->pin_min = o->pin_min;
	t->pin_max = o->pin_max;
	t->tries.user = o->pin_tries;
	t->tries.puk = o->puk_tries;
	quirk_apply(t);
}

static enum reader_state state_after(err e)
{
	return e.code == E_UNKNOWN_CARD ? READER_UNKNOWN_CARD :
	       e.code == E_MODULE_CHANGED || e.code == E_MODULE_BAD ? READER_NO_MODULE :
	       e.code == E_TOKEN_BUSY ? READER_EXCLUSIVE :
	       e.code == E_TOKEN_GONE || e.code == E_NO_TOKEN ? READER_EMPTY : READER_MUTE;
}

static void token_arrive(struct reader *r);

/* A card that another program had, or with which the connection broke, is tried again. */
static int try_again(sd_event_source *s, uint64_t usec, void *data)
{
	struct reader *r = data;

	(void)s, (void)usec;
	broker_cancel(&r->again);
	if (r->present && !r->token && r->state != READER_QUARANTINED)
		token_arrive(r);
	return 0;
}

void token_vanished(struct token *t)
{
	struct reader *r = t->reader;

	if (t->gone)
		return;
	bool again = ++r->crashes < CRASHES_MAX;
	token_lost(t, !again);
	if (again)
		broker_after(&r->again, VANISHED_RETRY_MS, try_again, r);
}

/* Nobody could open it, or not now. */
static void not_opened(struct token *t, err e)
{
	struct reader *r = t->reader;

	log_line(LOG_NOTICE, "reader=%s driver=%s: %s", r->name, drivers_name(r), log_err(e));
	token_remove(t, state_after(e), false);
	if (r->state == READER_UNKNOWN_CARD) {
		r->row++;		/* not this driver's: the next one's, perhaps */
		if (r->present && !r->of && !r->own && drivers_pick(r))
			token_arrive(r);
		return;
	}
	/* pcscd does not tell when another program lets go of a card that it held alone, nor of a card that was
	 * away for less than it looks */
	if (r->state == READER_EXCLUSIVE)
		broker_after(&r->again, BUSY_RETRY_MS, try_again, r);
	else if (r->state != READER_NO_MODULE && ++r->crashes < CRASHES_MAX)
		broker_after(&r->again, (uint64_t)MUTE_RETRY_MS << r->crashes, try_again, r);
}

static void add_parts(struct reader *r, uint32_t parts);

static void opened(struct token *t, struct CardOpen_out *out)
{
	bool arrived = !t->known;

	keep_identity(t, out);
	t->known = true;
	if (arrived && cache_take(t))
		log_line(LOG_INFO, "token=%u is remembered", t->id);
	t->reader->state = READER_READY;
	log_line(LOG_NOTICE, "token=%u serial=%s driver=%s in %s", t->id, t->serial, t->driver, t->reader->name);
	add_parts(t->reader, out->parts);
	broker_changed();
}

static void done_open(struct job *j, err e, struct cur *reply)
{
	struct CardOpen_out out = { 0 };
	struct token *t = j->token;

	if (t->gone)
		return;
	if (ok(e)) {
		CardOpen_get_out(reply, &out);
		if (!cur_done(reply))
			e = FAIL(BAD_REPLY);
	}
	if (ok(e))
		opened(t, &out);
	else
		not_opened(t, e);
	if (tokens_settled())
		requests_unpark(NULL);
}

void token_identify(struct token *t)
{
	struct job *j = job_new(t, CardOpen_ID, NULL);

	if (!j) {
		token_lost(t, false);
		return;
	}
	j->encode = encode_open;
	j->done = done_open;
	job_post(j);
}

bool token_is_set_up(const struct token *t)
{
	return !(t->flags & (TOKEN_INIT_BEGUN | TOKEN_BLANK)) && (t->flags & TOKEN_FACTORY) != TOKEN_FACTORY;
}

void token_reidentify(struct token *t)
{
	objects_free(t);
	t->load = LOAD_NONE;
	t->merging = t->whole = false;
	t->turn++;
	requests_unpark(t);
	logins_end_token(t);
	token_identify(t);
	if (t->reader->own)
		modules_scan_soon();	/* a module with one more token has one more empty slot */
}

static void worker_frame(void *owner, const struct frame *f)
{
	jobs_reply(owner, f);
}

static void worker_gone(void *owner)
{
	struct token *t = owner;
	struct reader *r = t->reader;

	/* one that ended left nothing at pcscd: the card can be taken up again, but not for ever */
	bool again = ++r->crashes < CRASHES_MAX;
	log_line(LOG_ERROR, "reader=%s driver=%s: its process crashed; %s", r->name, drivers_name(r),
	         again ? "another one takes up the card" : "the card is set aside");
	token_lost(t, !again);
	if (again && r->present)
		token_arrive(r);
}

/* How long a worker waits for another program before it says that the card is busy: well before the
 * watchdog would take it for a card that hangs. */
static char *const *worker_args(const struct reader *r)
{
	static char wait[16];
	static char *args[MODULE_ARGS_MAX + 2] = { wait };
	uint32_t seconds = broker.conf.job_limit / 2000;
	char *const *module = drivers_args(r);
	size_t n = 1;

	snprintf(wait, sizeof wait, "%u", seconds < 1 ? 1 : seconds > WAIT_MOST_S ? WAIT_MOST_S : seconds);
	for (; module && *module; module++)
		args[n++] = *module;
	args[n] = NULL;
	return args;
}

void token_renew(struct token *t)
{
	child_stop(&t->worker, false);
	t->worker = (struct child){ .fd = -1, .owner = t, .frame = worker_frame, .gone = worker_gone };
	t->soiled = false;
	if (ok(child_start(&t->worker, "worker", worker_args(t->reader))))
		token_identify(t);
	else
		token_lost(t, false);
}

static void token_arrive(struct reader *r)
{
	struct token *t, **at = &broker.tokens;

	if (!drivers_pick(r)) {
		r->state = READER_UNKNOWN_CARD;
		return;
	}
	t = calloc(1, sizeof *t);
	if (!t)
		return;
	t->id = broker_next_id();
	t->reader = r;
	t->worker = (struct child){ .fd = -1, .owner = t, .frame = worker_frame, .gone = worker_gone };
	t->tries = (struct tries){ .user = TRIES_UNKNOWN, .puk = TRIES_UNKNOWN };
	if (!ok(child_start(&t->worker, "worker", worker_args(r)))) {
		free(t);
		r->state = READER_MUTE;
		return;
	}
	while (*at)
		at = &(*at)->next;
	*at = t;
	r->token = t;
	r->state = READER_IDENTIFYING;
	token_identify(t);
}

void token_load(struct token *t)
{
	if (t->load == LOAD_NONE) {
		t->load = LOAD_RUNS;
		load_begin(t);
	}
}

static struct reader *reader_named(struct span name);

/* A card of several tokens is a reader for each: the first the real one, the others named after it. */
static void add_parts(struct reader *r, uint32_t parts)
{
	char name[NAME_MAX_BYTES];

	for (unsigned i = 1; !r->of && i < parts && i < PARTS_MAX; i++) {
		snprintf(name, sizeof name, "%.200s (PIN %u)", r->name, i + 1);
		struct reader *part = reader_named(span_str(name));
		if (!part || part->token)
			continue;
		part->of = r;
		part->part = i;
		part->row = r->row;
		part->present = true;
		part->gone = false;
		token_arrive(part);
	}
}

/* --- what the monitors tell -------------------------------------------------------------------- */
static struct reader *reader_named(struct span name)
{
	struct reader **at = &broker.readers;

	for (; *at; at = &(*at)->next)
		if (span_eq(span_str((*at)->name), span_first(name, NAME_MAX_BYTES - 1)))
			return *at;
	struct reader *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	keep_text(r->name, sizeof r->name, name);
	*at = r;
	return r;
}

/* The tokens that are in a reader's card beside its first one go with it. */
static void parts_gone(struct reader *r)
{
	for (struct reader *part = broker.readers; part; part = part->next)
		if (part->of == r && !part->gone) {
			if (part->token)
				token_remove(part->token, READER_EMPTY, false);
			part->present = false;
			part->gone = true;
		}
}

static void told_reader(struct ReaderState_in *in)
{
	struct reader *r = reader_named(in->reader);
	struct buf atr;

	if (!r)
		return;
	bool swapped = r->present && in->present && in->count != r->count;
	atr = BUF(r->atr);
	buf_put(&atr, span_first(in->atr, sizeof r->atr));
	r->atr_n = atr.n;
	r->exclusive = in->exclusive;
	r->count = in->count;
	r->gone = false;
	if (r->token && (!in->present || swapped))
		token_remove(r->token, READER_EMPTY, false);
	if (!in->present || swapped) {
		r->state = READER_EMPTY;
		parts_gone(r);
	}
	bool arrived = in->present && (!r->present || swapped);
	if (arrived)
		r->crashes = r->row = 0;
	if (arrived || r->present != (in->present != 0))
		modules_scan_soon();	/* it may show in a module's own slots too */
	/* a card that another program held alone is tried again when that program lets go */
	bool freed = in->present && !in->exclusive && r->state == READER_EXCLUSIVE;
	r->present = in->present;
	if (arrived || freed)
		token_arrive(r);
	broker_changed();
}

static void told_gone(struct span name)
{
	struct reader *r = reader_named(name);

	if (!r)
		return;
	if (r->token)
		token_remove(r->token, READER_EMPTY, false);
	parts_gone(r);
	r->present = false;
	r->gone = true;
	broker_changed();
}

bool reader_is_vtoken(const struct reader *r)
{
	return span_eq(span_first(span_str(r->name), 7), span_str("vtoken:"));
}

/* A pcscd that went took its readers along; a kept PIN does not outlive it. */
static void told_service(bool up)
{
	if (broker.pcsc_up == up)
		return;
	broker.pcsc_up = up;
	log_line(LOG_NOTICE, "pcscd %s", up ? "is there" : "is not there");
	for (struct reader *r = broker.readers; r && !up; r = r->next)
		if (!reader_is_vtoken(r) && !r->own)
			told_gone(span_str(r->name));
}

/* --- what modules tell of their own slots -------------------------------------------------------- */
void told_slot(struct ReaderState_in *in, unsigned row, unsigned turn)
{
	struct reader *r = reader_named(in->reader);

	if (!r || (r->present && !r->own))
		return;
	bool arrived = !r->present;
	r->own = r->present = true;
	r->gone = false;
	r->row = row;
	r->turn = turn;
	if (!arrived)
		return;
	r->crashes = 0;
	token_arrive(r);
	broker_changed();
}

void slots_gone(unsigned row, unsigned turn)
{
	for (struct reader *r = broker.readers; r; r = r->next)
		if (r->own && r->row == row && r->turn != turn && !r->gone)
			told_gone(span_str(r->name));
}

void tokens_scanned(void)
{
	if (tokens_settled())
		requests_unpark(NULL);
}

static void scan_done(struct monitor *m)
{
	if (m->scanned)
		return;
	m->scanned = true;
	broker.scans_open--;
	if (tokens_settled())
		requests_unpark(NULL);
}

static void monitor_frame(void *owner, const struct frame *f)
{
	struct cur c = cur_of(f->body);
	struct ReaderState_in state;
	struct ReaderGone_in gone;
	struct ServiceState_in service;

	switch (f->what) {
	case ReaderState_ID:
		ReaderState_get_in(&c, &state);
		if (cur_done(&c))
			told_reader(&state);
		break;
	case ReaderGone_ID:
		ReaderGone_get_in(&c, &gone);
		if (cur_done(&c))
			told_gone(gone.reader);
		break;
	case ServiceState_ID:
		ServiceState_get_in(&c, &service);
		if (cur_done(&c))
			told_service(service.up);
		break;
	case ScanDone_ID:
		scan_done(owner);
		break;
	}
}

static void monitor_start(struct monitor *m);

static int monitor_again(sd_event_source *s, uint64_t usec, void *data)
{
	struct monitor *m = data;

	(void)s, (void)usec;
	broker_cancel(&m->again);
	monitor_start(m);
	return 0;
}

static void monitor_gone(void *owner)
{
	struct monitor *m = owner;

	log_line(LOG_ERROR, "a monitor ended and is started again");
	scan_done(m);
	if (!m->args[0])
		told_service(false);
	broker_after(&m->again, MONITOR_RETRY_MS, monitor_again, m);
}

static void monitor_start(struct monitor *m)
{
	m->child = (struct child){ .fd = -1, .owner = m, .frame = monitor_frame, .gone = monitor_gone };
	if (!ok(child_start(&m->child, "monitor", m->args)))
		broker_after(&m->again, MONITOR_RETRY_MS, monitor_again, m);
}

err tokens_watch(bool pcsc, char *const *vtokens)
{
	static char option[] = "--vtoken";

	if (pcsc)
		monitors[monitor_count++] = (struct monitor){ 0 };
	for (; vtokens && *vtokens; vtokens++) {
		if (monitor_count == MONITORS_MAX)
			return FAIL(QUOTA);
		monitors[monitor_count++] = (struct monitor){ .args = { option, *vtokens, NULL } };
	}
	broker.scans_open = monitor_count;
	for (unsigned i = 0; i < monitor_count; i++)
		monitor_start(&monitors[i]);
	modules_scan();
	return OK;
}

bool tokens_settled(void)
{
	if (broker.scan_over)
		return true;
	if (broker.scans_open || !modules_settled())
		return false;
	for (struct token *t = broker.tokens; t; t = t->next)
		if (!t->known && !t->gone)
			return false;
	broker.scan_over = true;
	return true;
}

enum service_state tokens_service(void)
{
	for (unsigned i = 0; i < monitor_count; i++)
		if (!monitors[i].args[0])
			return broker.pcsc_up ? SERVICE_UP : SERVICE_DOWN;
	return SERVICE_UNWATCHED;
}
