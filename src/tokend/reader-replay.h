/* A card on paper: a transcript that answers each command as written and fails at any other. For tests;
 * not part of the daemon. */
#ifndef BSRE_TOKEND_READER_REPLAY_H
#define BSRE_TOKEND_READER_REPLAY_H
#include "reader.h"

/* A transcript's lines:
 *   atr HEX        the card's ATR; a YubiKey's where no line says
 *   > HEX          a command. Two stars stand for any byte (of a PIN).
 *   < HEX          its reply, status word included. "< gone": pulled out; "< reset": reset by others.
 *   begin, end, end reset    a transaction's ends, checked only where the transcript has such lines
 * and # begins a comment. Blanks in hex are ignored. text must outlive the reader. NULL: no memory. */
struct reader *reader_replay(const char *text);

/* n more bytes were written at the text's end. */
void reader_replay_grown(struct reader *r, size_t n);

/* Was every line played? Where not, or at a command that differed, `line` is its number. */
bool reader_replay_done(const struct reader *r, unsigned *line);
#endif
