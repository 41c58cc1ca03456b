/* The ledger's head: a small file beside the months, `head`, that says where the ledger ends and what the
 * hash of its last line is. What is changed or cut at the end of a chain shows by it alone. */
#ifndef BSRE_HEAD_H
#define BSRE_HEAD_H
#include "err.h"
#include "span.h"

enum { HEAD_HASH = 64, HEAD_TEXT = 96 };

/* month: "2026-11"; "0000-00" where nothing was written yet. bytes: of that month's file, to the end of the
 * last line. hash: that line's, lower-case hexadecimal. */
struct head { char month[8]; unsigned long long bytes; char hash[HEAD_HASH + 1]; };

/* The head of a ledger in which there is nothing. */
struct head head_empty(void);

/* The file's text: "2026-11 4711 HASH" and an end of line. Gives its length. */
size_t head_print(const struct head *h, char out[HEAD_TEXT]);

/* DATA_INVALID: that is no head, to the letter. */
err  head_parse(struct span text, struct head *out) MUST_USE;

/* From the ledger's folder. NOT_FOUND: there is none. */
err  head_read(int folder, struct head *out) MUST_USE;

/* Whole or not at all, and on the disk. FILE. */
err  head_write(int folder, const struct head *h) MUST_USE;
#endif
