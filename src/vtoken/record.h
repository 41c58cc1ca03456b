/* Transcripts: what a card and a program said to each other, as a text that people annotate and that
 * is played back in place of a card. doc/transcripts.md describes it. */
#ifndef BSRE_VTOKEN_RECORD_H
#define BSRE_VTOKEN_RECORD_H
#include "trace.h"

struct record { FILE *file; };

/* Begins a transcript in a new file (0600) with the card's ATR. FILE: it cannot be made, or is
 * there already. */
err record_to(struct record *r, const char *path, struct span atr) MUST_USE;

/* One exchange, or ("power on", "power off", "reset") something else that happened. */
void record_apdu(struct record *r, struct span command, struct span reply, enum mask mask);
void record_event(struct record *r, const char *what);

/* A transcript being played. */
struct replay { char *text; size_t n, at; unsigned line; struct span atr; uint8_t atr_bytes[33]; };

/* Reads a transcript. FILE: it cannot be read. DATA_INVALID: it is none; *line says where. */
err replay_open(struct replay *p, const char *path, unsigned *line) MUST_USE;
void replay_close(struct replay *p);

/* Plays the next exchange if its command is this one. NOT_FOUND: another was expected, or the
 * transcript is over; the reply is then 6F00 and p->line the place. */
err replay_transmit(struct replay *p, struct span command, struct buf *reply) MUST_USE;
#endif
