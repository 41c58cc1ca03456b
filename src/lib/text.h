/* Text that people read: is it UTF-8, without control characters? */
#ifndef BSRE_TEXT_H
#define BSRE_TEXT_H
#include "span.h"

/* True where s is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates) and holds no control
 * character (C0, DEL, C1). The empty text is text. */
bool text_is_plain(struct span s);
#endif
