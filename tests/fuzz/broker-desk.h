/* What the broker stands on while it is fuzzed: children that are no processes, a clock that stands still,
 * and counts of what it must give back. */
#ifndef BSRE_FUZZ_BROKER_DESK_H
#define BSRE_FUZZ_BROKER_DESK_H
#include <stdbool.h>
#include <stdint.h>

/* The other end of one child's socket. */
struct fake {
	int         fd, pid;		/* fd -1: a free place */
	const char *part;		/* "worker", "monitor" */
	uint16_t    job;		/* a worker's: the job that waits for its reply; 0: none */
	bool        dirty;		/* it sent what was no frame */
};

void need(bool fine);

/* Once: the loop, the ledger, the fakes. */
void desk_open(void);

/* Turns the loop until nothing is left to do; the children take what they are sent. A job is one that
 * jobs.def knows, whole, and the only one that waits. */
void desk_settle(void);

/* The next timer's time has come. */
void desk_time(void);

/* Pulls all readers, lets all timers run out, forgets every token. Aborts where a secret or a timer is
 * left. */
void desk_close(void);

/* The n-th child of the part that lives (n may be more than there are); NULL: none does. */
struct fake *fake_of(const char *part, unsigned n);
void fake_ends(struct fake *f);
#endif
