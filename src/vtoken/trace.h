/* A file with one line an APDU: milliseconds since the trace began, "> command < reply" in hex,
 * with PINs, PUKs, management keys and imported keys shown as "**". */
#ifndef BSRE_VTOKEN_TRACE_H
#define BSRE_VTOKEN_TRACE_H
#include <stdio.h>
#include "lib/err.h"
#include "lib/span.h"

/* Nothing is secret; the data are; all is, because a reply that was cut short has no status word. */
enum mask { MASK_NONE, MASK_DATA, MASK_ALL };

struct trace { FILE *file; uint64_t began; };

/* Appends to path (made 0600) from now on; NULL: no more. FILE: it cannot be opened, or is
 * no regular file. */
err trace_to(struct trace *t, const char *path, uint64_t now_us) MUST_USE;

/* The command's header and Lc, or the reply's status word, in hex; what stands between them as
 * "**" where it is masked. A length that does not fit the command is taken for data. */
void trace_hex(FILE *f, struct span command, enum mask mask);
void trace_hex_reply(FILE *f, struct span reply, enum mask mask);

/* An empty reply is written "-": none was given. */
void trace_apdu(struct trace *t, uint64_t now_us, struct span command, struct span reply,
	enum mask mask);
#endif
