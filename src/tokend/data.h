/* Data objects (CKO_DATA) on a token: how their attributes are written there, and the objects made of it. */
#ifndef BSRE_TOKEND_DATA_H
#define BSRE_TOKEND_DATA_H
#include "object.h"

/* Writes what a template says of a data object: label, application, object identifier, value. */
void data_put(struct buf *b, struct span attrs);

/* Adds the object of a place to the token. What cannot be read is left out. */
void objects_add_data(struct token *t, uint32_t place, struct span stored);

/* The first place without an object; 0: all are taken. */
uint32_t data_free_place(const struct token *t);
#endif
