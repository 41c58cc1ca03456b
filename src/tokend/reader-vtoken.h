/* The virtual token's own socket: vpcd's frames (a length of two bytes, then an APDU or one control
 * byte), with us in the part of the reader. For reader-vtoken.c and the monitor. */
#ifndef BSRE_TOKEND_READER_VTOKEN_H
#define BSRE_TOKEND_READER_VTOKEN_H
#include "lib/err.h"
#include "lib/span.h"

#define VTOKEN_PREFIX "vtoken:"

enum vtoken_control {
	VTOKEN_OFF = 0, VTOKEN_ON = 1, VTOKEN_RESET = 2, VTOKEN_ATR = 4,
	VTOKEN_WATCH = 5		/* ours: a frame of one byte, plugged in or not, now and at each change */
};

/* A connection to it; -1: nobody listens at that path. */
int vtoken_connect(const char *path);

/* One frame out. TOKEN_GONE: the virtual token has ended. */
err vtoken_send(int fd, struct span body) MUST_USE;
err vtoken_control(int fd, enum vtoken_control what) MUST_USE;

/* The next frame's body, appended. TOKEN_GONE; BAD_REPLY: longer than the buf. */
err vtoken_receive(int fd, struct buf *body) MUST_USE;
#endif
