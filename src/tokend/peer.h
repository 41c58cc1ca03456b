/* A connected program, as the broker sees it. When its connection ends, all that it had ends. */
#ifndef BSRE_TOKEND_PEER_H
#define BSRE_TOKEND_PEER_H
#include <sys/types.h>
#include "broker.h"
#include "request.h"

enum {
	PEERS_MAX = 512,
	PEER_WAITING_MAX = 64,			/* requests that are being answered */
	PEER_SESSIONS_MAX = 1024,
	PEER_OBJECTS_MAX = 1024,		/* session objects */
	PEER_OUT_MAX = 1 << 20			/* bytes of replies not yet taken; over it the peer is slow or dead */
};

struct login;
struct session;

struct peer {
	struct peer     *next;
	int              fd;
	pid_t            pid;			/* as the kernel told at connect */
	char             program[256];		/* its executable, "" where it cannot be read */
	bool             greeted, dead;
	sd_event_source *io;
	uint8_t         *in;			/* the front of a frame that has not wholly arrived */
	size_t           in_n;
	uint8_t         *out;			/* replies that the socket did not take */
	size_t           out_n, out_cap;
	struct request  *requests;
	unsigned         waiting;
	struct session  *sessions;
	unsigned         session_count, object_count;
	struct login    *logins;
};

/* Takes connections from a listening socket, which stays the caller's. */
err peers_listen(int fd) MUST_USE;

/* Queues bytes for the peer, which dies where it does not take them. */
void peer_send(struct peer *p, struct span bytes);

/* Marks it dead: it is buried by the loop, outside of whatever runs now. */
void peer_hang_up(struct peer *p);

/* Answers the WaitEvent calls whose generation is old. */
void peers_wake(void);
#endif
