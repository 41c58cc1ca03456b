/* Reading a token's objects, once, when the first program asks. */
#ifndef BSRE_TOKEND_LOAD_H
#define BSRE_TOKEND_LOAD_H
#include "token.h"

/* Posts the jobs; at their end t->load is LOAD_DONE, t->objects is there, parked requests go on. A slot
 * that cannot be read is left out. */
void load_begin(struct token *t);
#endif
