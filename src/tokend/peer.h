/* A connected program, as the broker sees it. When its connection ends, all that it had ends. */
#ifndef BSRE_TOKEND_PEER_H
#define BSRE_TOKEND_PEER_H
#include <sys/types.h>
#include "broker.h"
#include "pin.h"
#include "request.h"

enum {
	PEERS_MAX = 512,
	PEERS_OF_ONE = 32,			/* connections of one process; one is usual */
	PEER_HELLO_MS = 10000,			/* in which it must have said Hello */
	PEER_WAITING_MAX = 64,			/* requests that are being answered; then it is not read */
	PEER_WATCHING_MAX = 64,			/* the same for WaitEvent, which may never be; then refused */
	PEER_SESSIONS_MAX = 1024,		/* of one process */
	PEER_OBJECTS_MAX = 1024,		/* session objects, and ... */
	PEER_BYTES_MAX = 8 << 20,		/* ... all that is in them, of one process */
	PEER_OUT_MAX = 1 << 20			/* bytes of replies not yet taken; over it the peer is slow or dead */
};

struct login;
struct session;

/* Where its person can be asked, as it said in its Hello. */
struct terminal { char tty[128], term[64], locale[256], display[128], wayland[128]; };

struct peer {
	struct peer     *next;
	int              fd;
	pid_t            pid;			/* as the kernel told at connect */
	char             program[256];		/* its executable, "" where it cannot be read */
	char             sandbox[160];		/* "flatpak:ID", "snap:NAME", or "" */
	struct app       app;			/* how it logs in and what it sees; from its Hello on */
	struct terminal  terminal;
	bool             greeted, dead;
	sd_event_source *io;
	uint8_t         *in;			/* the front of a frame that has not wholly arrived */
	size_t           in_n;
	uint8_t         *out;			/* replies that the socket did not take */
	size_t           out_n, out_cap;
	struct request  *requests;
	unsigned         waiting, watching;
	struct session  *sessions;
	unsigned         session_count, object_count;
	size_t           bytes;			/* in its session objects */
	struct login    *logins;
	sd_event_source *patience;		/* until it has said Hello */
	struct guesses   guesses;
	uint32_t         turn_token, turn;	/* its last place in a token's queue (job.c) */
};

/* Before the first peer. */
err peers_start(void) MUST_USE;

/* A connection that the door let in: from now on it is read. False: no memory, it stays the caller's. */
bool peer_welcome(struct peer *p) MUST_USE;

/* It may be read again: fewer of its requests wait. */
void peer_resume(struct peer *p);

/* What one process has, over all its connections. */
struct usage { unsigned peers, sessions, objects; size_t bytes; };
struct usage peers_usage(const struct peer *p);

/* Queues bytes for the peer, which dies where it does not take them. */
void peer_send(struct peer *p, struct span bytes);

/* Marks it dead: it is buried by the loop, outside of whatever runs now. */
void peer_hang_up(struct peer *p);

/* Answers the WaitEvent calls whose generation is old. */
void peers_wake(void);
#endif
