/* Text that people read: is it UTF-8, without control characters? */
#ifndef BSRE_TEXT_H
#define BSRE_TEXT_H
#include "span.h"

/* True where s is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates) and holds no control
 * character (C0, DEL, C1). The empty text is text. */
bool text_is_plain(struct span s);

/* Is it a character that moves or hides what stands beside it (Unicode TR 36, 2.5), or a control? */
bool text_harmful(uint32_t u);

/* Cuts what the kernel says behind the path of an executable that was replaced while it runs: " (deleted)". */
void text_undelete(char *exe);

/* s as a C string in out (size bytes, its NUL included; cut between characters): what is not UTF-8, controls,
 * and what is harmful become U+FFFD. */
void text_clean(struct span s, char *out, size_t size);
#endif
