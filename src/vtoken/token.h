/* The token around the card: plugged in or not, its readers' ports, its clock, its faults, and
 * the one command that it is busy with. One thread, one poll loop. */
#ifndef BSRE_VTOKEN_TOKEN_H
#define BSRE_VTOKEN_TOKEN_H
#include <poll.h>
#include "atr.h"
#include "card.h"
#include "faults.h"
#include "record.h"
#include "timing.h"
#include "trace.h"

enum { PORTS = 64, CONTROLS = 16, FRAME_MAX = 2 + 65535, LINE_LENGTH = 16384 };

/* A reader's connection: the vpcd's (made by us) or a direct one (made by the reader). Both speak
 * vpcd's frames: a length of two bytes, then an APDU or one control byte. */
struct port {
	int     fd;			/* -1: free */
	bool    vpcd, powered, watch;
	uint8_t in[FRAME_MAX];
	size_t  n;
};

struct control { int fd; size_t n; uint64_t heard; char line[LINE_LENGTH]; };

struct token {
	struct card    card;
	struct state  *state;
	uint8_t        atr[ATR_LONGEST];
	size_t         atr_n;
	uint8_t        next_atr[ATR_LONGEST];	/* from the next power on */
	size_t         next_atr_n;		/* 0: none waits */
	bool           plugged, stop;
	uint64_t       count;			/* APDUs since the start or `count reset` */
	struct timing  timing;
	struct trace   trace;
	struct record  record;
	struct replay  replay;			/* no text: the card itself answers */
	struct faults  faults;

	/* the command being worked on: who asked (NULL: gone), when its reply is due, the reply */
	bool           busy;
	struct port   *asker;
	uint64_t       due;			/* microseconds; UINT64_MAX: never */
	uint8_t        reply[2 + REPLY_MAX];
	size_t         reply_n;
	bool           cut_due, cut_link;	/* no reply then: it goes away (and is back soon) */

	struct port   *ports[PORTS];
	size_t         turn;			/* the port that is asked first: each gets its turn */
	struct control controls[CONTROLS];
	int            listen_fd, control_fd;
	uint16_t       vpcd_port;		/* 0: none */
	uint64_t       vpcd_retry;
	uint64_t       replug;			/* when it plugs itself in again; 0: it does not */
};

/* Monotonic microseconds. */
uint64_t now_us(void);

/* Serves until SIGTERM, SIGINT or the order to stop. */
void token_run(struct token *t);

/* Pulls it out: closes powered ports, drops what it was doing. Plugs it in again. */
void token_unplug(struct token *t);
void token_plug(struct token *t);

/* Pulls it out and plugs it in again a moment later, long enough for a reader to see both. */
void token_bump(struct token *t);

/* Gives the card power or takes it. */
void token_power(struct token *t, bool on);

/* Ends the command that the card is busy with, if there is one, without a reply; `by` has asked for
 * that (NULL: nobody). */
void token_abandon(struct token *t, const struct port *by);

/* The answer to reset, as --atr takes it, and what the card does for it; a card that has power
 * takes it on with the next one. False: not one. */
bool token_atr(struct token *t, const char *text);

/* Another token, played from this file, in the place of this one; plugged in if this one was.
 * As state_open, and then nothing is changed. */
err token_swap(struct token *t, const char *path, const char **why) MUST_USE;

/* An APDU of somebody else's, in between; GENERAL: no power, or it is working. */
err token_foreign(struct token *t, struct span command, struct buf *reply) MUST_USE;

/* port.c: a connection joins (false: too many) or goes; bytes come in; a whole frame that waits
 * is served, true if there was one. */
bool port_add(struct token *t, int fd, bool vpcd);
void port_close(struct token *t, struct port *p);
void port_read(struct token *t, struct port *p);
bool port_serve(struct token *t, struct port *p);
void port_tell(struct token *t, struct port *p);

/* Sends a frame; closes the port where that fails. */
void port_send(struct token *t, struct port *p, struct span body);

/* vpcd.c: connects if it is time to and the token is plugged in. */
void vpcd_connect(struct token *t);

/* control.c: a control connection's bytes. */
void control_add(struct token *t, int fd);
void control_read(struct token *t, struct control *c);

/* listen.c: a listening Unix socket (0600), a stale one replaced; a connection to one. -1: errno. */
int unix_listen(const char *path);
int unix_connect(const char *path);

/* ctl.c: bsre-vtoken ctl SOCKET COMMAND...; the exit status. */
int ctl_main(int argc, char **argv);
#endif
