/* The program's end of the connection: calls of many threads out, replies in any order in.
 *
 * No thread of our own reads. Of the threads that wait, one reads for all (it leads); when it has
 * its own reply it wakes another, which leads on. */
#include "config.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "conn.h"
#include "hello.h"
#include "link.h"

enum {
	HELLO_SECONDS = 5,		/* a broker that says nothing for so long is none */
	REST_SECONDS = 10,		/* ... and is not asked again for so long */
	QUIET_SECONDS = 5,		/* a call without an answer: is the broker there? It is asked ... */
	PING_SECONDS = 10,		/* ... and that it answers at once, however long the call takes */
	CALLS_MAX = 48,			/* under way at once; with 64 the broker reads no more, not even a Ping */
	FULL_TURNS = 100,		/* tries to get into a full queue of connections ... */
	FULL_WAIT = 20000000,		/* ... and nanoseconds between them */
	SMALL = 512			/* requests up to this size stay on the stack */
};

/* A call that waits for its reply; on its thread's stack. */
struct waiter {
	struct waiter *next;
	pthread_cond_t woken;
	uint32_t       id;
	bool           done;
	bool           patient;		/* an event may be hours away: nobody is asked meanwhile */
	err            result;
	struct reply  *reply;
};

struct link {
	pthread_mutex_t lock;		/* all below, and conn but for out, at, n, in */
	pthread_cond_t  change;		/* the end of connecting, and link_close */
	struct conn    *conn;
	bool            connecting, closed;
	uint32_t        tries;		/* to connect, begun */
	err             last;		/* how the last one ended */
	time_t          rest;		/* no other try before this second: one hung before its Hello */
	uint32_t        last_id;
	uint32_t        epoch;		/* read by link_epoch without the lock */
	char            path[HELLO_PATH_MAX];
};

/* A request while it is made, sent and answered. */
struct request {
	struct link *l;
	struct conn *conn;
	struct buf   b;
	bool         hot, unsent, patient;
	uint8_t      small[SMALL];
};

static time_t second(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Waits on the clock that no one sets. */
static void cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

/* Ends a connection and wakes all who wait on it. The lock is held. */
static void conn_break(struct link *l, struct conn *c, err why)
{
	if (c->broken)
		return;
	c->broken = true;
	c->why = why;
	conn_shut(c);
	for (struct waiter *w = c->waiters; w; w = w->next)
		pthread_cond_signal(&w->woken);
	pthread_cond_broadcast(&l->change);
	if (l->conn == c) {
		l->conn = NULL;
		conn_drop(c);
	}
}

/* --- waiting ---------------------------------------------------------------------------------- */

static struct waiter **find(struct conn *c, uint32_t id)
{
	struct waiter **w = &c->waiters;

	while (*w && (*w)->id != id)
		w = &(*w)->next;
	return w;
}

/* Gives a frame to the call that waits for it. BAD_FRAME: nobody does, or the error is unknown. */
static err deliver(struct conn *c, const struct frame *f, struct reply *body)
{
	struct waiter **at = find(c, f->id), *w = *at;

	c->heard++;
	if (c->ping && f->id == c->ping) {
		c->ping = 0;
		return OK;
	}
	if (!w || !err_known(f->what))
		return FAIL(BAD_FRAME);
	*at = w->next;
	w->result = frame_err(f);
	w->reply->p = body->p;
	w->reply->n = body->n;
	*body = (struct reply){ 0 };
	w->done = true;
	pthread_cond_signal(&w->woken);
	return OK;
}

/* Ids in use are not given again before they are back. The lock is held. */
static uint32_t new_id(struct link *l, struct conn *c)
{
	do
		l->last_id++;
	while (!l->last_id || l->last_id == c->ping || *find(c, l->last_id));
	return l->last_id;
}

/* Nothing came for a while. The broker answers Ping at once whatever it does else, so one that does not
 * is stopped or stuck, and nobody is to wait for it. The lock is held, but not while sending. */
static void suspect(struct link *l, struct conn *c)
{
	uint8_t room[FRAME_HEAD];
	struct buf b = BUF(room);
	bool unsent;

	if (c->broken)
		return;
	if (!c->epoch) {			/* what asks for more than Hello's time */
		conn_break(l, c, FAIL(NO_DAEMON));
	} else if (!c->ping) {
		c->ping = new_id(l, c);
		c->pinged = second();
		c->ping_heard = c->heard;
		frame_begin(&b, c->ping, Ping_ID, 0);
		frame_end(&b, 0);
		pthread_mutex_unlock(&l->lock);
		err e = conn_send(c, buf_span(&b), &unsent);
		pthread_mutex_lock(&l->lock);
		if (!ok(e))
			conn_break(l, c, e);
	} else if (c->ping_heard != c->heard) {
		c->pinged = second();			/* it answers others */
		c->ping_heard = c->heard;
	} else if (second() - c->pinged >= PING_SECONDS && !conn_ready(c, 0)) {
		conn_break(l, c, FAIL(NO_DAEMON));	/* an answer may lie there: it was we who slept */
	}
}

/* Reads one frame for whoever it is for, or finds that none comes. The lock is held, but not while
 * reading. */
static void lead(struct link *l, struct conn *c, bool patient)
{
	REPLY body = { 0 };
	struct frame f = { 0 };

	c->reading = true;
	pthread_mutex_unlock(&l->lock);
	if (patient && !c->n)
		conn_ready(c, -1);
	err e = conn_read(c, &f, &body);
	pthread_mutex_lock(&l->lock);
	c->reading = false;
	if (ok(e))
		e = deliver(c, &f, &body);
	if (e.code == E_PENDING)
		suspect(l, c);
	else if (!ok(e))
		conn_break(l, c, e);
}

/* Until the thread that leads wakes w, or heard nothing for a while. The lock is held. */
static void follow(struct link *l, struct conn *c, struct waiter *w)
{
	uint32_t heard = c->heard;
	struct timespec until;

	if (w->patient) {
		pthread_cond_wait(&w->woken, &l->lock);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += QUIET_SECONDS;
	if (pthread_cond_timedwait(&w->woken, &l->lock, &until) == ETIMEDOUT && !w->done && !c->broken &&
	    c->heard == heard)
		suspect(l, c);
}

/* Until w's reply is there or the connection is lost. The lock is held. */
static err await(struct link *l, struct conn *c, struct waiter *w)
{
	while (!w->done && !c->broken)
		if (c->reading)
			follow(l, c, w);
		else
			lead(l, c, w->patient);
	if (!w->done)
		*find(c, w->id) = w->next;
	if (!c->reading && c->waiters)
		pthread_cond_signal(&c->waiters->woken);
	return w->done ? w->result : c->why;
}

/* --- bytes out -------------------------------------------------------------------------------- */

/* Waits until one more call may be under way. The lock is held. */
static err take_place(struct link *l, struct conn *c, bool patient)
{
	while (!patient && !c->broken && c->calls >= CALLS_MAX)
		pthread_cond_wait(&l->change, &l->lock);
	if (c->broken)
		return c->why;
	c->calls += !patient;
	return OK;
}

/* The request's frame goes out on q->conn under a new id; then its reply. The lock is held. */
static err ask(struct request *q, struct reply *r)
{
	struct link *l = q->l;
	struct conn *c = q->conn;
	struct waiter w = { .reply = r, .patient = q->patient };
	struct buf id = { q->b.p + 4, 0, 4, false };

	q->unsent = true;
	TRY(take_place(l, c, q->patient));
	q->unsent = false;
	w.id = new_id(l, c);
	cond_init(&w.woken);
	buf_be(&id, w.id, 4);
	w.next = c->waiters;
	c->waiters = &w;
	pthread_mutex_unlock(&l->lock);
	err e = conn_send(c, buf_span(&q->b), &q->unsent);
	pthread_mutex_lock(&l->lock);
	if (!ok(e))
		conn_break(l, c, e);
	e = await(l, c, &w);
	pthread_cond_destroy(&w.woken);
	if (!w.patient && c->calls-- == CALLS_MAX)
		pthread_cond_broadcast(&l->change);
	return e;
}

static err request_begin(struct request *q, struct link *l, uint16_t call, size_t size, bool hot)
{
	*q = (struct request){ .l = l, .hot = hot, .patient = call == WaitEvent_ID, .b = BUF(q->small) };
	size += FRAME_HEAD;
	if (size > FRAME_MAX)
		return FAIL(QUOTA);
	if (size > SMALL)
		q->b = (struct buf){ .p = malloc(size), .cap = size };
	if (!q->b.p)
		return FAIL(QUOTA);
	frame_begin(&q->b, 0, call, 0);
	return OK;
}

static void request_end(struct request *q)
{
	if (q->conn) {
		pthread_mutex_lock(&q->l->lock);
		conn_drop(q->conn);
		pthread_mutex_unlock(&q->l->lock);
	}
	if (q->hot && q->b.p)
		wipe(q->b.p, q->b.cap);
	if (q->b.p != q->small)
		free(q->b.p);
}
#define REQUEST __attribute__((cleanup(request_end))) struct request

/* --- connecting ------------------------------------------------------------------------------- */

/* How many bytes a stanza's fields take; over FRAME_MAX stands for "too many". */
#define SIZE_counted(v) (4 + ((v).n > FRAME_MAX ? FRAME_MAX : (v).n))
#define SIZE_u32(v)    4
#define SIZE_u64(v)    8
#define SIZE_bytes(v)  SIZE_counted(v)
#define SIZE_hot(v)    SIZE_counted(v)
#define SIZE_secret(v) (1u + (v).n)
#define CALL(id, x) static size_t x##_size(const struct x##_in *m) { (void)m; return 0
#define IN(type, name) + SIZE_##type(m->name)
#define OUT(type, name)
#define END ; }
#include "calls.def"
#undef CALL
#undef IN
#undef OUT
#undef END

/* Says Hello on a connection that nobody else uses yet. The lock is held. */
static err greet(struct link *l, struct conn *c)
{
	struct hello_store store;
	struct Hello_in in;
	struct Hello_out out;
	REPLY r = { 0 };
	REQUEST q;

	hello_fill(&in, &store);
	err e = request_begin(&q, l, Hello_ID, Hello_size(&in), false);
	TRY(e);
	Hello_put_in(&q.b, &in);
	frame_end(&q.b, 0);
	q.conn = c;
	e = ask(&q, &r);
	q.conn = NULL;			/* the caller's reference, not ours */
	TRY(e);
	struct cur body = cur_of((struct span){ r.p, r.n });
	Hello_get_out(&body, &out);
	if (!cur_done(&body))
		return FAIL(BAD_FRAME);
	return out.version == WIRE_VERSION ? OK : FAIL(WRONG_VERSION);
}

/* A socket to the broker; patient where its queue is full. The lock is held, but not while waiting. */
static err reach(struct link *l, int *fd)
{
	err e = FAIL(NO_DAEMON);

	for (int i = 0; i < FULL_TURNS && !l->closed; i++) {
		struct timespec t;
		e = hello_connect(l->path, fd);
		if (e.code != E_TOKEN_BUSY)
			return e;
		clock_gettime(CLOCK_MONOTONIC, &t);
		t.tv_nsec += FULL_WAIT;
		if (t.tv_nsec >= 1000000000) {
			t.tv_nsec -= 1000000000;
			t.tv_sec++;
		}
		pthread_cond_timedwait(&l->change, &l->lock, &t);
	}
	return FAIL(NO_DAEMON);
}

/* A new connection, greeted, becomes l->conn. The lock is held. */
static err open_conn(struct link *l)
{
	struct conn *c;
	int fd;

	TRY(reach(l, &fd));
	c = conn_new(fd);
	if (!c)
		return FAIL(QUOTA);
	if (!conn_patience(c, HELLO_SECONDS, HELLO_SECONDS)) {
		conn_drop(c);
		return FAIL(NO_DAEMON);
	}
	l->conn = c;			/* from here on link_close and link_forget find it */
	c->refs++;
	err e = greet(l, c);
	if (ok(e) && !conn_patience(c, QUIET_SECONDS, PING_SECONDS))
		e = FAIL(NO_DAEMON);
	if (ok(e) && c->broken)
		e = c->why;
	if (ok(e)) {
		c->epoch = l->epoch + 1;
		__atomic_store_n(&l->epoch, c->epoch, __ATOMIC_RELEASE);
	} else {
		conn_break(l, c, e);
	}
	conn_drop(c);
	return e;
}

/* One try to connect, for all threads that wait meanwhile. The lock is held. */
static void try_connect(struct link *l)
{
	time_t start = second();

	l->tries++;
	l->connecting = true;
	l->last = open_conn(l);
	l->connecting = false;
	l->rest = second() - start < HELLO_SECONDS ? 0 : second() + REST_SECONDS;
	pthread_cond_broadcast(&l->change);
}

/* Where need be connects, or waits while another thread does. A try that had begun before this call may
 * have failed before the broker came: another is made then. The lock is held. */
static err connect_once(struct link *l)
{
	uint32_t tries = l->tries;

	for (;;) {
		if (l->closed)
			return FAIL(NO_DAEMON);
		if (l->connecting)
			pthread_cond_wait(&l->change, &l->lock);
		else if (l->conn)
			return OK;
		else if (!ok(l->last) && (l->tries != tries || second() < l->rest))
			return l->last;
		else
			try_connect(l);
	}
}

/* Gives q a connection: any where epoch is 0, else that epoch's. The lock is held. */
static err hold_conn(struct request *q, uint32_t epoch)
{
	struct link *l = q->l;

	if (!epoch)
		TRY(connect_once(l));
	if (l->closed)
		return FAIL(NO_DAEMON);
	if (!l->conn || l->connecting || (epoch && l->conn->epoch != epoch))
		return FAIL(SESSION_GONE);
	q->conn = l->conn;
	q->conn->refs++;
	return OK;
}

/* Sends q and waits. Once more where the connection was already lost before the first byte. */
static err exchange(struct request *q, struct reply *r)
{
	struct link *l = q->l;
	uint32_t epoch = r->epoch;
	int cancel;
	err e;

	frame_end(&q->b, 0);
	if (q->b.bad)
		return FAIL(QUOTA);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&l->lock);
	for (int turn = 0; turn < 2; turn++) {
		q->unsent = false;
		e = hold_conn(q, epoch);
		if (!ok(e))
			break;
		r->epoch = q->conn->epoch;
		e = ask(q, r);
		if (!q->unsent)
			break;
		conn_drop(q->conn);
		q->conn = NULL;
	}
	pthread_mutex_unlock(&l->lock);
	pthread_setcancelstate(cancel, NULL);
	return e;
}

/* The broker's reply did not have its stanza's shape: it is not to be talked to. */
static err nonsense(struct request *q)
{
	pthread_mutex_lock(&q->l->lock);
	conn_break(q->l, q->conn, FAIL(BAD_FRAME));
	pthread_mutex_unlock(&q->l->lock);
	return FAIL(BAD_FRAME);
}

/* --- what others call ------------------------------------------------------------------------- */

struct link *link_new(const char *path)
{
	struct link *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	hello_path(path, l->path);
	pthread_mutex_init(&l->lock, NULL);
	cond_init(&l->change);
	return l;
}

void link_close(struct link *l)
{
	pthread_mutex_lock(&l->lock);
	l->closed = true;
	if (l->conn)
		conn_break(l, l->conn, FAIL(NO_DAEMON));
	pthread_cond_broadcast(&l->change);
	pthread_mutex_unlock(&l->lock);
}

void link_free(struct link *l)
{
	if (!l)
		return;
	if (l->conn)
		conn_drop(l->conn);
	pthread_cond_destroy(&l->change);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

void link_forget(struct link *l)
{
	if (!l->conn)
		return;
	if (conn_ours(l->conn))
		close(l->conn->fd);
	l->conn->fd = -1;		/* the rest stays as it is, and stays where it is found */
}

uint32_t link_epoch(const struct link *l)
{
	return __atomic_load_n(&l->epoch, __ATOMIC_ACQUIRE);
}

err link_check(struct link *l)
{
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&l->lock);
	err e = connect_once(l);
	pthread_mutex_unlock(&l->lock);
	pthread_setcancelstate(cancel, NULL);
	return e;
}

#define CALL(id, x) \
err call_##x(struct link *l, struct x##_in *in, struct x##_out *out, struct reply *r) \
{ \
	REQUEST q; \
	err e = request_begin(&q, l, id, x##_size(in), x##_HOT_IN); \
	*out = (struct x##_out){ 0 }; \
	TRY(e); \
	x##_put_in(&q.b, in); \
	TRY(exchange(&q, r)); \
	struct cur c = cur_of((struct span){ r->p, r->n }); \
	x##_get_out(&c, out); \
	return cur_done(&c) ? OK : nonsense(&q); \
}
#define IN(type, name)
#define OUT(type, name)
#define END
#include "calls.def"
#undef CALL
#undef IN
#undef OUT
#undef END

/* Pipelined: nothing comes back, so nothing is waited for but room in the socket. */
static err post(struct request *q, uint32_t epoch)
{
	struct link *l = q->l;

	frame_end(&q->b, 0);
	pthread_mutex_lock(&l->lock);
	err e = hold_conn(q, epoch);
	pthread_mutex_unlock(&l->lock);
	TRY(e);
	e = conn_send(q->conn, buf_span(&q->b), &q->unsent);
	if (ok(e))
		return e;
	pthread_mutex_lock(&l->lock);
	conn_break(l, q->conn, e);
	pthread_mutex_unlock(&l->lock);
	return q->unsent ? FAIL(SESSION_GONE) : e;
}

err post_OpUpdate(struct link *l, uint32_t epoch, struct OpUpdate_in *in)
{
	int cancel;
	REQUEST q;
	err e = request_begin(&q, l, OpUpdate_ID, OpUpdate_size(in), OpUpdate_HOT_IN);

	TRY(e);
	OpUpdate_put_in(&q.b, in);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	e = post(&q, epoch);
	pthread_setcancelstate(cancel, NULL);
	return e;
}
