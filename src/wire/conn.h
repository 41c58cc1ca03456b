/* One connection to the broker: frames out, frames in. It lives until the last call on it is back, so
 * that its descriptor is never used after it was closed. link.c owns it and its lock. */
#ifndef BSRE_WIRE_CONN_H
#define BSRE_WIRE_CONN_H
#include <pthread.h>
#include <sys/types.h>
#include "link.h"

enum { CONN_IN = 4096 };		/* most replies come in one read */

struct waiter;

struct conn {
	int             fd;
	dev_t           dev;		/* which socket fd was, in case the program closed */
	ino_t           ino;		/* it over our head and the number means another file */
	uint32_t        epoch;
	unsigned        refs;		/* by the link and by each call */
	bool            reading;	/* a thread leads */
	bool            broken;		/* ... and `why` */
	err             why;
	struct waiter  *waiters;
	unsigned        calls;		/* under way, without those that wait for events */
	uint32_t        heard;		/* frames that came */
	uint32_t        ping;		/* the Ping that is not answered yet, 0: none ... */
	uint32_t        ping_heard;	/* ... what was heard ... */
	time_t          pinged;		/* ... and the second, when it went out or anything came since */
	pthread_mutex_t out;		/* one frame after the other */
	size_t          at, n;		/* what of `in` is still unread; the leader's alone */
	uint8_t         in[CONN_IN];
};

/* Takes fd over. NULL: no memory; fd is closed. */
struct conn *conn_new(int fd);

/* One reference less; the last one closes. */
void conn_drop(struct conn *c);

/* False where the program closed our descriptor and the number now is something else. */
bool conn_ours(const struct conn *c);

/* Blocking from here on, for so many seconds at most in each read and each write. */
bool conn_patience(const struct conn *c, time_t in, time_t out);

/* Does anything lie in the socket, or will within `ms`? -1: however long that takes. */
bool conn_ready(const struct conn *c, int ms);

/* Both ends read the end from here on, and whoever is blocked in it returns. */
void conn_shut(const struct conn *c);

/* A whole frame, in the order of the callers. *unsent: the other end was closed before the first
 * byte, so nobody has read it. E_NO_DAEMON. */
err conn_send(struct conn *c, struct span frame, bool *unsent) MUST_USE;

/* One whole frame; its body goes to `body`, in memory of exactly its size. One thread at a time.
 * E_PENDING: nothing came in the time given, not a byte; E_NO_DAEMON; E_BAD_FRAME: too long; E_QUOTA:
 * no memory. */
err conn_read(struct conn *c, struct frame *f, struct reply *body) MUST_USE;
#endif
