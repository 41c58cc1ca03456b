/* What goes back into the caller's memory: the rule of lengths (PKCS#11 2.40, 5.2), and text. */
#ifndef BSRE_PKCS11_SIZE_H
#define BSRE_PKCS11_SIZE_H
#include "lib/cryptoki.h"
#include "lib/span.h"

/* True where the caller has room for `need` items at `out`, *len of them. Otherwise *len = need, and
 * *rv is what the call answers: CKR_OK where out is NULL (a question), CKR_BUFFER_TOO_SMALL. */
bool size_fits(const void *out, CK_ULONG *len, size_t need, CK_RV *rv);

/* Gives v under that rule: CKR_OK (given, or out was NULL) or CKR_BUFFER_TOO_SMALL. */
CK_RV size_give(CK_BYTE *out, CK_ULONG *len, struct span v);

/* Fills a fixed field of `room` bytes: text, cut between two UTF-8 characters, then blanks. */
void size_pad(CK_UTF8CHAR *field, size_t room, struct span text);
#endif
