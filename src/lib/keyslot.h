/* Key slots and CKA_IDs: which id a key in one of PIV's slots goes by where it has none of its own, and
 * which slot number a key has on a token that knows ids alone. */
#ifndef BSRE_KEYSLOT_H
#define BSRE_KEYSLOT_H
#include "span.h"

/* The id that PIV software gives the key in a slot (SP 800-73-4 part 1, table 4b): 9A 01, 9C 02, 9D 03,
 * 9E 04, 82... 05...; 0: no slot of PIV. */
uint8_t keyslot_id(uint32_t slot);

/* The other way round. An id that is no slot's gets a number of its own above 0xFFFF, the same for the same id
 * always; two ids may share one, seldom. */
uint32_t keyslot_of(struct span id);
#endif
