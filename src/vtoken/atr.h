/* The answer to reset (ISO/IEC 7816-3:2006, 8.2), as far as the card has to know its own. */
#ifndef BSRE_VTOKEN_ATR_H
#define BSRE_VTOKEN_ATR_H
#include "lib/span.h"

enum { ATR_LONGEST = 33 };

/* "t1" (a YubiKey's), "t0" (for readers that have no T=1, such as QEMU's), or hex digits. False:
 * none of these, or not 2 to 33 bytes. */
bool atr_read(const char *text, struct buf *atr);

/* Does it offer T=1? One that names no protocol offers T=0 alone. */
bool atr_has_t1(struct span atr);
#endif
