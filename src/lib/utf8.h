/* UTF-8 (RFC 3629), a character at a time. */
#ifndef BSRE_LIB_UTF8_H
#define BSRE_LIB_UTF8_H
#include "span.h"

#define UTF8_BAD 0xFFFFFFFFu

/* The next character of c, which must not be at its end. UTF8_BAD, one byte further: not UTF-8 (cut,
 * overlong, a surrogate, above U+10FFFF). */
uint32_t utf8_next(struct cur *c);

/* How many characters s has; SIZE_MAX where it is not UTF-8. */
size_t utf8_count(struct span s);
#endif
