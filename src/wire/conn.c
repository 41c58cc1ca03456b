/* Frames on one connection. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include "conn.h"

void reply_drop(struct reply *r)
{
	if (r->p)
		wipe(r->p, r->n);
	free(r->p);
	*r = (struct reply){ 0 };
}

struct conn *conn_new(int fd)
{
	struct conn *c = calloc(1, sizeof *c);
	struct stat st;

	if (!c || fstat(fd, &st) < 0) {
		free(c);
		close(fd);
		return NULL;
	}
	c->fd = fd;
	c->dev = st.st_dev;
	c->ino = st.st_ino;
	c->refs = 1;
	pthread_mutex_init(&c->out, NULL);
	return c;
}

bool conn_patience(const struct conn *c, time_t in, time_t out)
{
	struct timeval i = { .tv_sec = in }, o = { .tv_sec = out };

	return fcntl(c->fd, F_SETFL, 0) == 0 &&
	       setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &i, sizeof i) == 0 &&
	       setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &o, sizeof o) == 0;
}

bool conn_ready(const struct conn *c, int ms)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	return poll(&p, 1, ms) != 0;		/* a read says what an error was */
}

bool conn_ours(const struct conn *c)
{
	struct stat st;

	return fstat(c->fd, &st) == 0 && st.st_dev == c->dev && st.st_ino == c->ino;
}

void conn_shut(const struct conn *c)
{
	if (conn_ours(c))
		shutdown(c->fd, SHUT_RDWR);
}

void conn_drop(struct conn *c)
{
	if (--c->refs)
		return;
	conn_shut(c);			/* a forked child may hold it as well */
	if (conn_ours(c))
		close(c->fd);
	pthread_mutex_destroy(&c->out);
	wipe(c->in, sizeof c->in);
	free(c);
}

/* One read into `room`, however much comes. */
static err receive(const struct conn *c, uint8_t *room, size_t cap, size_t *n)
{
	ssize_t got;

	do
		got = recv(c->fd, room, cap, 0);
	while (got < 0 && errno == EINTR);
	*n = got > 0 ? (size_t)got : 0;
	if (got < 0 && errno == EAGAIN)
		return FAIL(PENDING);
	return got > 0 ? OK : FAIL(NO_DAEMON);
}

/* Fills b up. What was taken from c->in is wiped there: it may be a plaintext. */
static err read_full(struct conn *c, struct buf *b)
{
	size_t n;

	while (buf_room(b)) {
		if (c->n) {
			n = c->n < buf_room(b) ? c->n : buf_room(b);
			buf_put(b, (struct span){ c->in + c->at, n });
			wipe(c->in + c->at, n);
			c->at += n;
			c->n -= n;
		} else if (buf_room(b) >= CONN_IN) {
			TRY(receive(c, b->p + b->n, buf_room(b), &n));
			buf_grow(b, n);
		} else {
			c->at = 0;
			TRY(receive(c, c->in, sizeof c->in, &c->n));
		}
	}
	return OK;
}

err conn_read(struct conn *c, struct frame *f, struct reply *body)
{
	uint8_t head[FRAME_HEAD];
	struct buf b = BUF(head);

	err e = read_full(c, &b);
	if (e.code == E_PENDING && b.n)
		e = FAIL(NO_DAEMON);		/* it stopped in the middle */
	TRY(e);
	TRY(frame_open(buf_span(&b), f));
	size_t size = frame_size(buf_span(&b));
	if (size > FRAME_MAX)
		return FAIL(BAD_FRAME);
	size -= FRAME_HEAD;
	if (!size)
		return OK;
	body->p = malloc(size);
	if (!body->p)
		return FAIL(QUOTA);
	body->n = size;
	b = (struct buf){ body->p, 0, size, false };
	e = read_full(c, &b);
	return e.code == E_PENDING ? FAIL(NO_DAEMON) : e;
}

static err send_all(const struct conn *c, struct span s, bool *unsent)
{
	for (size_t at = 0; at < s.n;) {
		ssize_t n = send(c->fd, s.p + at, s.n - at, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*unsent = at == 0 && errno == EPIPE;
			return FAIL(NO_DAEMON);
		}
		at += (size_t)n;
	}
	return OK;
}

err conn_send(struct conn *c, struct span frame, bool *unsent)
{
	*unsent = !conn_ours(c);
	if (*unsent)
		return FAIL(NO_DAEMON);
	pthread_mutex_lock(&c->out);
	err e = send_all(c, frame, unsent);
	pthread_mutex_unlock(&c->out);
	return e;
}
