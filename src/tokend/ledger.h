/* The ledger: one line for every use of a private key, login, change and refusal. Append-only, each line
 * carries the SHA-256 of the one before, one file a month; its head (lib/head.h) says where it ends. Never data,
 * never a PIN. */
#ifndef BSRE_TOKEND_LEDGER_H
#define BSRE_TOKEND_LEDGER_H
#include <sys/types.h>
#include "lib/err.h"
#include "lib/span.h"

struct job;
struct object;
struct peer;
struct token;

/* What happened. peer: NULL where the program is gone or it was the broker itself. key: NULL where none
 * is concerned. mech: CKM_, or MECH_NONE. */
#define MECH_NONE UINT64_MAX
struct note {
	const char          *what;
	const char          *program;	/* NULL: none asked */
	const char          *sandbox;	/* that it is in; NULL or "": none */
	pid_t                pid;
	const struct token  *token;
	const struct object *key;
	uint32_t             slot;
	uint64_t             mech;
	struct span          reason;	/* what the person gave; empty where nobody was asked */
	err                  result;
	uint64_t             times;	/* how often; 0 where it is one */
};

/* Opens the newest file of the folder (NULL: $XDG_STATE_HOME/bsre-token/ledger or
 * ~/.local/state/bsre-token/ledger) and heals a torn tail. FILE: there is no ledger, or another service writes it
 * (then this one does as soon as that one is gone); it is said so. */
err ledger_open(const char *folder) MUST_USE;

/* Appends; refusals without end are counted instead. A failure is said in the log once, and work goes on. */
void ledger_note(const struct note *n);

/* A job's note: its program, token and slot. */
void ledger_job(const char *what, const struct job *j, err result);

/* Everything written so far is on the disk, and the head says so. */
void ledger_sync(void);

/* The same, and it is closed: at the end of the process. */
void ledger_close(void);
#endif
