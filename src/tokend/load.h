/* Reading a token's objects, once, when the first program asks. */
#ifndef BSRE_TOKEND_LOAD_H
#define BSRE_TOKEND_LOAD_H
#include "token.h"

/* Posts the jobs; at their end t->load is LOAD_DONE, t->objects is there, parked requests go on. A slot
 * that cannot be read is left out. */
void load_begin(struct token *t);
/* Proves a remembered certificate by its first bytes; parked requests go on when it is known whether it is
 * still the one. Where it is not, everything is read anew. */
void load_prove(struct token *t, struct object *cert);

/* What is remembered is wrong: it is forgotten, and read anew when the next program asks. */
void load_again(struct token *t);
/* After a login: a token that hides its private keys is listed once more, and what was guessed is set right.
 * Programs that look for objects wait for it. Nothing to do where all is known. */
void load_merge(struct token *t);
#endif
