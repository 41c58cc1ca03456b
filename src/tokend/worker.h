/* The process that serves one token: jobs in, card commands out. */
#ifndef BSRE_TOKEND_WORKER_H
#define BSRE_TOKEND_WORKER_H
#include "hold.h"
#include "wire/frame.h"

struct worker {
	struct card    card;
	struct token   token;
	reader_opener *open;		/* how a reader's name becomes one; a test puts its own here */
	uint8_t        store[FRAME_MAX];
};

/* Serves one request frame and writes the whole reply frame. An error of the job is in the reply.
 * BAD_FRAME: the broker is broken, hang up. */
err worker_serve(struct worker *w, struct span request, struct buf *reply) MUST_USE;

/* De-authenticates the card, ends the transaction, lets go of the reader. */
void worker_close_card(struct worker *w);

/* One function a row of jobs.def (serve-card.c). out's spans live in w->store. */
#define IN(type, name)
#define OUT(type, name)
#define END
#define JOB(id, x) err do_##x(struct worker *w, struct x##_in *in, struct x##_out *out) MUST_USE;
#include "wire/jobs.def"
#undef JOB
#undef IN
#undef OUT
#undef END
#endif
