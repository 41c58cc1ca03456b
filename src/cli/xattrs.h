/* What a file has beside its bytes and mode: an access control list and other extended attributes. */
#ifndef BSRE_CLI_XATTRS_H
#define BSRE_CLI_XATTRS_H
#include <stdbool.h>

/* Gives `to` those of `from`, so that it can take its place: a list of access that it inherited goes where
 * `from` has none. What the kernel keeps for itself (security.*, trusted.*) as far as the caller may; not what
 * is computed of the bytes. False, with errno: another one cannot be kept. */
bool xattrs_keep(int from, int to);
#endif
