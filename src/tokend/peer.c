/* Connections: who may, frames in, replies out, and the end. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "dialog.h"
#include "job.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "peer.h"
#include "pin.h"
#include "session.h"

enum {
	IN_ROOM = FRAME_MAX,
	FRAMES_AT_ONCE = 32			/* of one peer; then the others have their turn */
};

static sd_event_source *undertaker, *turns;

/* Where frames arrive before anything is parsed: locked, since PINs are among them. */
static uint8_t *in_room(void)
{
	static uint8_t *room;

	if (!room) {
		void *p = mmap(NULL, IN_ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			abort();
		mlock(p, IN_ROOM);
		madvise(p, IN_ROOM, MADV_DONTDUMP);
		room = p;
	}
	return room;
}

static void peer_bury(struct peer *p)
{
	dialogs_end(p);
	jobs_cancel(p);
	broker_cancel(&p->patience);
	while (p->requests) {			/* those a job still answers become nobody's */
		struct request *rq = p->requests;
		p->requests = rq->next;
		rq->peer = NULL;
		if (rq->frame || rq->call == WaitEvent_ID)
			request_drop(rq);
	}
	requests_forget();
	sessions_end(p);
	logins_end(p);
	sd_event_source_disable_unref(p->io);
	close(p->fd);
	if (p->in)
		wipe(p->in, p->in_n);
	if (p->out)
		wipe(p->out, p->out_cap);
	free(p->in);
	free(p->out);
	log_line(LOG_INFO, "peer pid=%d gone", (int)p->pid);
	free(p);
}

/* --- no program for long: the broker ends, and the socket's unit starts it again ------------------ */
static sd_event_source *idle;

static int idle_over(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s, (void)usec, (void)data;
	log_line(LOG_NOTICE, "no program for %u s", broker.conf.idle_exit);
	return sd_event_exit(broker.event, 0);
}

static void idle_watch(void)
{
	if (broker.peers || !broker.conf.idle_exit)
		broker_cancel(&idle);
	else
		broker_after(&idle, (uint64_t)broker.conf.idle_exit * 1000, idle_over, NULL);
}

static int bury_dead(sd_event_source *s, void *data)
{
	(void)s, (void)data;
	for (struct peer **at = &broker.peers; *at;) {
		struct peer *p = *at;
		if (!p->dead) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		peer_bury(p);
	}
	idle_watch();
	return 0;
}

void peer_hang_up(struct peer *p)
{
	if (p->dead)
		return;
	p->dead = true;
	sd_event_source_set_enabled(p->io, SD_EVENT_OFF);
	shutdown(p->fd, SHUT_RDWR);
	sd_event_source_set_enabled(undertaker, SD_EVENT_ONESHOT);
}

/* A peer that does not read its replies is not read either, nor one that waits for enough already. */
static bool is_full(const struct peer *p)
{
	return p->out_n || p->waiting >= PEER_WAITING_MAX;
}

static void want(struct peer *p)
{
	uint32_t events = (p->out_n ? EPOLLOUT : 0u) | (is_full(p) ? 0u : EPOLLIN);

	if (!p->dead)
		sd_event_source_set_io_events(p->io, events);
}

void peer_resume(struct peer *p)
{
	want(p);
	if (!p->dead && p->in_n && !is_full(p))
		sd_event_source_set_enabled(turns, SD_EVENT_ONESHOT);
}

static void keep_unsent(struct peer *p, struct span rest)
{
	if (p->out_n + rest.n > PEER_OUT_MAX) {
		log_line(LOG_WARNING, "peer pid=%d does not read its replies", (int)p->pid);
		peer_hang_up(p);
		return;
	}
	if (p->out_n + rest.n > p->out_cap) {
		uint8_t *more = malloc(p->out_n + rest.n);
		if (!more) {
			peer_hang_up(p);
			return;
		}
		struct buf b = { more, 0, p->out_n + rest.n, false };
		buf_put(&b, (struct span){ p->out, p->out_n });
		if (p->out)
			wipe(p->out, p->out_cap);
		free(p->out);
		p->out = more;
		p->out_cap = b.cap;
	}
	struct buf b = { p->out, p->out_n, p->out_cap, false };
	buf_put(&b, rest);
	p->out_n = b.n;
	want(p);
}

void peer_send(struct peer *p, struct span bytes)
{
	ssize_t n = 0;

	if (p->dead)
		return;
	if (p->out_n == 0) {
		n = send(p->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			peer_hang_up(p);
			return;
		}
		if (n < 0)
			n = 0;
	}
	if ((size_t)n < bytes.n)
		keep_unsent(p, (struct span){ bytes.p + n, bytes.n - (size_t)n });
}

static void peer_writable(struct peer *p)
{
	ssize_t n = send(p->fd, p->out, p->out_n, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			peer_hang_up(p);
		return;
	}
	struct buf b = { p->out, 0, p->out_cap, false };
	size_t left = p->out_n - (size_t)n;
	buf_put(&b, (struct span){ p->out + n, left });
	wipe(p->out + left, p->out_n - left);
	p->out_n = left;
	peer_resume(p);
}

/* Keeps what is left of the bytes for the next time. */
static void keep_front(struct peer *p, struct span rest)
{
	uint8_t *copy = NULL;

	if (rest.n) {
		copy = malloc(rest.n);
		if (!copy) {
			peer_hang_up(p);
			return;
		}
		struct buf b = { copy, 0, rest.n, false };
		buf_put(&b, rest);
	}
	if (p->in)
		wipe(p->in, p->in_n);
	free(p->in);
	p->in = copy;
	p->in_n = rest.n;
}

/* Serves whole frames in `got`, some of them; gives what is left. */
static struct span serve_frames(struct peer *p, struct span got)
{
	struct frame f;
	size_t size;

	for (unsigned n = 0; n < FRAMES_AT_ONCE && !p->dead && !is_full(p) && (size = frame_size(got)); n++) {
		if (size > FRAME_MAX) {
			log_line(LOG_WARNING, "peer pid=%d sent a frame of %zu bytes", (int)p->pid, size);
			peer_hang_up(p);
			break;
		}
		if (size > got.n)
			break;
		if (!ok(frame_open(span_first(got, size), &f)) || !ok(request_serve(p, &f))) {
			log_line(LOG_WARNING, "peer pid=%d sent nonsense", (int)p->pid);
			peer_hang_up(p);
		}
		got = (struct span){ got.p + size, got.n - size };
	}
	return got;
}

/* What has arrived is served, and what cannot be now is kept for its next turn. */
static void serve(struct peer *p, struct buf *b)
{
	struct span left = serve_frames(p, buf_span(b));

	if (!p->dead)
		keep_front(p, left);
	if (!p->dead && frame_size(left) && frame_size(left) <= left.n)
		peer_resume(p);
	want(p);
	wipe(b->p, b->n);
}

/* The next turn of those whose frames wait here. */
static int serve_waiting(sd_event_source *s, void *data)
{
	(void)s, (void)data;
	for (struct peer *p = broker.peers; p; p = p->next) {
		struct buf b = { in_room(), 0, IN_ROOM, false };
		if (p->dead || !p->in_n || is_full(p))
			continue;
		buf_put(&b, (struct span){ p->in, p->in_n });
		serve(p, &b);
	}
	return 0;
}

static void peer_readable(struct peer *p)
{
	struct buf b = { in_room(), 0, IN_ROOM, false };

	buf_put(&b, (struct span){ p->in, p->in_n });
	if (!buf_room(&b)) {			/* whole frames that wait for their turn */
		peer_resume(p);
		return;
	}
	ssize_t n = recv(p->fd, b.p + b.n, buf_room(&b), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		peer_hang_up(p);
		return;
	}
	buf_grow(&b, (size_t)n);
	serve(p, &b);
}

static int peer_event(sd_event_source *s, int fd, uint32_t events, void *data)
{
	struct peer *p = data;

	(void)s, (void)fd;
	if (p->dead)
		return 0;
	if (events & EPOLLOUT)
		peer_writable(p);
	else if (events & EPOLLIN)
		peer_readable(p);
	else if (events & (EPOLLHUP | EPOLLERR))
		peer_hang_up(p);
	return 0;
}

bool peer_welcome(struct peer *p)
{
	if (sd_event_add_io(broker.event, &p->io, p->fd, EPOLLIN, peer_event, p) < 0)
		return false;
	p->next = broker.peers;
	broker.peers = p;
	idle_watch();
	log_line(LOG_INFO, "peer pid=%d program=%s", (int)p->pid, p->program);
	return true;
}

err peers_start(void)
{
	if (sd_event_add_defer(broker.event, &undertaker, bury_dead, NULL) < 0 ||
	    sd_event_add_defer(broker.event, &turns, serve_waiting, NULL) < 0)
		return FAIL(GENERAL);
	sd_event_source_set_enabled(undertaker, SD_EVENT_OFF);
	sd_event_source_set_enabled(turns, SD_EVENT_OFF);
	idle_watch();
	return OK;
}

struct usage peers_usage(const struct peer *p)
{
	struct usage u = { 0 };

	for (const struct peer *o = broker.peers; o; o = o->next) {
		if (o->pid != p->pid || o->dead)
			continue;
		u.peers++;
		u.sessions += o->session_count;
		u.objects += o->object_count;
		u.bytes += o->bytes;
	}
	return u;
}

static struct request *stale_wait(struct peer *p)
{
	struct request *rq = p->requests;

	while (rq && (rq->call != WaitEvent_ID || rq->parked))
		rq = rq->next;
	return rq;
}

void peers_wake(void)
{
	struct WaitEvent_out out = { .now = broker.generation };

	for (struct peer *p = broker.peers; p; p = p->next)
		for (struct request *rq; (rq = stale_wait(p));)
			answer_WaitEvent(rq, OK, &out);
}
