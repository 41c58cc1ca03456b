/* Calls in, replies out: the dispatch made from calls.def. */
#include "config.h"
#include <stdlib.h>
#include "broker.h"
#include "lib/log.h"
#include "peer.h"
#include "request.h"

/* Every reply is built here: it may hold a plaintext, so the bytes are wiped after sending. */
static uint8_t reply_room[FRAME_MAX];

enum { REFUSAL_DELAY_MS = 1000 };

/* What it is counted as: a wait that may never end is not in the way of others. */
static unsigned *counter(const struct request *rq)
{
	return rq->call == WaitEvent_ID ? &rq->peer->watching : &rq->peer->waiting;
}

struct request *request_keep(struct request *rq)
{
	unsigned *n = counter(rq);

	/* a peer with too many is not read; those of one event may be a few more */
	if (rq->call == WaitEvent_ID ? *n >= PEER_WATCHING_MAX : *n >= 2 * PEER_WAITING_MAX)
		return NULL;
	struct request *kept = malloc(sizeof *kept);
	if (!kept)
		return NULL;
	*kept = *rq;
	kept->frame = NULL;
	kept->next = NULL;
	struct request **at = &kept->peer->requests;
	while (*at)
		at = &(*at)->next;
	*at = kept;
	++*n;
	return kept;
}

void request_drop(struct request *rq)
{
	struct peer *p = rq->peer;

	if (p) {
		struct request **at = &p->requests;
		while (*at != rq)
			at = &(*at)->next;
		*at = rq->next;
		--*counter(rq);
		peer_resume(p);
	}
	if (rq->frame)
		wipe(rq->frame, rq->frame_n);
	free(rq->frame);
	free(rq);
}

static void send_reply(struct peer *p, struct buf *b, bool hot)
{
	frame_end(b, 0);
	if (p)
		peer_send(p, buf_span(b));
	if (hot)
		wipe(b->p, b->n);
}

/* An error has no body, whatever the call was. */
static void reply_fail(struct peer *p, uint32_t id, err e)
{
	struct buf b = BUF(reply_room);

	if (id == 0)
		return;
	frame_begin(&b, id, e.code, e.sw);
	send_reply(p, &b, false);
}

/* --- refused, but not quickly ---------------------------------------------------------------------- */
struct delayed { struct delayed *next; struct request *rq; sd_event_source *timer; err e; };
static struct delayed *refused;

static void delayed_end(struct delayed *d)
{
	struct delayed **at = &refused;

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	request_drop(d->rq);
	broker_cancel(&d->timer);
	free(d);
}

static int delay_over(sd_event_source *s, uint64_t usec, void *data)
{
	struct delayed *d = data;

	(void)s, (void)usec;
	reply_fail(d->rq->peer, d->rq->id, d->e);
	delayed_end(d);
	return 0;
}

void requests_forget(void)
{
	for (struct delayed *d = refused, *next; d; d = next) {
		next = d->next;
		if (!d->rq->peer)
			delayed_end(d);
	}
}

void request_answer_later(struct request *kept, err e, uint64_t ms)
{
	struct delayed *d = calloc(1, sizeof *d);

	if (!d) {
		reply_fail(kept->peer, kept->id, e);
		request_drop(kept);
		return;
	}
	*d = (struct delayed){ .next = refused, .rq = kept, .e = e };
	refused = d;
	broker_after(&d->timer, ms, delay_over, d);
}

err request_refuse_slowly(struct request *rq, err e)
{
	struct request *kept = request_keep(rq);

	if (!kept)
		return FAIL(QUOTA);
	request_answer_later(kept, e, REFUSAL_DELAY_MS);
	return FAIL(PENDING);
}

/* --- the calls ----------------------------------------------------------------------------------- */
#define IN(type, name)
#define OUT(type, name)
#define END

#define CALL(no, x) \
static void reply_##x(struct peer *p, uint32_t id, err e, struct x##_out *out) \
{ \
	struct buf b = BUF(reply_room); \
	if (id == 0) \
		return; \
	frame_begin(&b, id, e.code, e.sw); \
	if (ok(e)) \
		x##_put_out(&b, out); \
	if (b.bad) { \
		b = BUF(reply_room); \
		frame_begin(&b, id, E_GENERAL, 0); \
	} \
	send_reply(p, &b, x##_HOT_OUT); \
} \
void answer_##x(struct request *rq, err e, struct x##_out *out) \
{ \
	struct x##_out none = { 0 }; \
	if (rq->peer) \
		reply_##x(rq->peer, rq->id, e, out ? out : &none); \
	request_drop(rq); \
} \
static void drop_##x(struct x##_in *m) { if (x##_HOT_IN) wipe(m, sizeof *m); } \
static err one_##x(struct request *rq, struct span body) \
{ \
	struct x##_in in __attribute__((cleanup(drop_##x))) = { 0 }; \
	struct x##_out out = { 0 }; \
	struct cur c = cur_of(body); \
	x##_get_in(&c, &in); \
	if (!cur_done(&c)) \
		return FAIL(BAD_FRAME); \
	err e = serve_##x(rq, &in, &out); \
	if (e.code != E_PENDING && e.code != E_PARKED) \
		reply_##x(rq->peer, rq->id, e, &out); \
	return e; \
} \
static void trace_##x(struct buf *t, struct span body) \
{ \
	struct x##_in in __attribute__((cleanup(drop_##x))) = { 0 }; \
	struct cur c = cur_of(body); \
	x##_get_in(&c, &in); \
	if (!c.bad) \
		x##_show_in(t, &in); \
}
#include "wire/calls.def"
#undef CALL

static const struct call_row {
	const char *name;
	err       (*one)(struct request *, struct span);
	void      (*trace)(struct buf *, struct span);
} calls[] = {
#define CALL(no, x) [no] = { #x, one_##x, trace_##x },
#include "wire/calls.def"
#undef CALL
};
enum { CALLS = sizeof calls / sizeof calls[0] };

static void trace_call(const struct peer *p, const struct call_row *row, const struct frame *f)
{
	char text[512];
	struct buf t = { (uint8_t *)text, 0, sizeof text - 1, false };

	if (!log_tracing())
		return;
	row->trace(&t, f->body);
	text[t.n] = '\0';
	log_line(LOG_TRACE, "call pid=%d %s%s", (int)p->pid, row->name, text);
}

/* Keeps the frame with the request, to be served again. */
static err park(struct request *rq, const struct frame *f)
{
	struct request *kept = request_keep(rq);
	uint8_t *copy = malloc(f->body.n ? f->body.n : 1);

	if (!kept || !copy) {
		free(copy);
		if (kept)
			request_drop(kept);
		return FAIL(QUOTA);
	}
	struct buf b = { copy, 0, f->body.n, false };
	buf_put(&b, f->body);
	kept->frame = copy;
	kept->frame_n = f->body.n;
	return OK;
}

err request_serve(struct peer *p, const struct frame *f)
{
	const struct call_row *row = f->what < CALLS ? &calls[f->what] : NULL;
	struct request rq = { .peer = p, .id = f->id, .call = f->what };

	if (!row || !row->one || (!p->greeted && f->what != Hello_ID))
		return FAIL(BAD_FRAME);
	trace_call(p, row, f);
	err e = row->one(&rq, f->body);
	if (e.code == E_PARKED) {
		e = park(&rq, f);
		if (!ok(e))
			reply_fail(p, f->id, e);
	}
	return e.code == E_BAD_FRAME ? e : OK;
}

err request_park(struct request *rq, const void *what)
{
	rq->parked = what;
	return FAIL(PARKED);
}

/* Serves one request of p that is parked there, if there is one. */
static bool unpark_one(struct peer *p, const void *what)
{
	for (struct request *rq = p->requests; rq; rq = rq->next) {
		if (!rq->frame || rq->parked != what)
			continue;
		struct frame f = { .id = rq->id, .what = rq->call, .body = { rq->frame, rq->frame_n } };
		uint8_t *bytes = rq->frame;
		rq->frame = NULL;		/* the frame outlives its request */
		size_t n = rq->frame_n;
		request_drop(rq);
		if (!ok(request_serve(p, &f)))
			peer_hang_up(p);
		wipe(bytes, n);
		free(bytes);
		return true;
	}
	return false;
}

static struct request *parked_for(struct peer *p, const void *what)
{
	struct request *rq = p->requests;

	while (rq && !(rq->frame && rq->parked == what))
		rq = rq->next;
	return rq;
}

void requests_fail(const void *what, err e)
{
	for (struct peer *p = broker.peers; p; p = p->next)
		for (struct request *rq; (rq = parked_for(p, what));) {
			reply_fail(p, rq->id, e);
			request_drop(rq);
		}
}

void requests_unpark(const void *what)
{
	/* serving may park again (then it counts as new and is left) or end the peer */
	for (struct peer *p = broker.peers, *next; p; p = next) {
		next = p->next;
		for (unsigned n = p->waiting; n > 0 && !p->dead && unpark_one(p, what); n--)
			;
	}
}
