/* A child process of the broker: itself, exec'd in another part, at the other end of a socketpair. */
#ifndef BSRE_TOKEND_CHILD_H
#define BSRE_TOKEND_CHILD_H
#include <sys/types.h>
#include "broker.h"
#include "wire/frame.h"

struct child {
	pid_t            pid;			/* 0: none runs; -1: one that is not our child */
	int              fd;
	sd_event_source *io, *end;
	uint8_t         *in;			/* the part of a frame that has arrived */
	size_t           in_n;
	void            *owner;
	void           (*frame)(void *owner, const struct frame *f);
	void           (*gone)(void *owner);	/* it ended or closed its socket; called once, last */
};

/* Starts `bsre-tokend PART ARGS...` (args NULL-terminated, may be NULL) with the socket as fd 3.
 * GENERAL: the system gave no process or socket. The child's frames go to c->frame. */
err child_start(struct child *c, const char *part, char *const *args) MUST_USE;

/* The same with whoever listens at path (its unit's process), where somebody of this user does; else, or where
 * path is empty, as child_start without arguments. */
err child_connect(struct child *c, const char *path, const char *part) MUST_USE;

/* Sends a whole frame. TOKEN_GONE: the child does not take it (it died or is stuck). */
err child_send(struct child *c, struct span frame) MUST_USE;

/* Closes its socket (a worker then closes its card and ends) and forgets it; `gone` is not called.
 * kill: SIGKILL as well. */
void child_stop(struct child *c, bool kill);
#endif
