/* Tokens that were pulled out, remembered in memory: put in again, what they hold need not be read anew,
 * only proven. Public objects alone; nothing is written to a disk. */
#ifndef BSRE_TOKEND_CACHE_H
#define BSRE_TOKEND_CACHE_H
#include "lib/span.h"

struct token;

/* Takes over what is known of a token that goes; the oldest of 8 is forgotten. */
void cache_put(struct token *t);

/* Gives it back to a token with the same serial: label, abilities, objects (each certificate unproven
 * until it is first used). False: that token is not remembered. */
bool cache_take(struct token *t);

/* The serials that are remembered, each ended by a zero byte, for CardOpen. */
void cache_serials(struct buf *b);
#endif
