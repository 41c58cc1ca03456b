/* The ledger that the daemon keeps, read: its lines, and whether their chain holds. */
#ifndef BSRE_CLI_HISTORY_H
#define BSRE_CLI_HISTORY_H
#include "cli.h"

/* What the lines say of themselves. broken: where the chain does not hold ("2026-11.jsonl, line 7"), or its end
 * is not where its head says; "" where all holds. */
struct history { json_t *lines; size_t n, unreadable; char broken[300]; };

/* Reads all months of the folder (NULL: the daemon's own), oldest first. The caller drops lines.
 * NOT_FOUND, said: there is no ledger. FILE, said: it cannot be read. */
err history_read(const char *folder, struct history *out) MUST_USE;
#endif
