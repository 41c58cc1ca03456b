/* Work for a token's worker: a queue, one job at the card at a time, and the rule when the card is
 * closed (linger, longest hold, gap). */
#ifndef BSRE_TOKEND_JOB_H
#define BSRE_TOKEND_JOB_H
#include "lib/secret.h"
#include "request.h"
#include "token.h"
#include "wire/jobs.h"

/* What a job needs, and what becomes of its reply. Secrets are kept (secret_keep) and owned; bytes are
 * owned. `encode` writes the job's fields right before it is sent; `done` gets the reply's body. */
struct job {
	struct job     *next;
	struct token   *token;
	struct request *rq;		/* who waits; NULL: the broker itself */
	pid_t           pid;		/* who asked, for the ledger, even when it is gone; 0: the broker itself */
	char            program[256], sandbox[160];
	uint16_t        call;
	bool            slow;		/* key generation, erasing: minutes are allowed */
	bool            kept;		/* its PIN is one that was kept: tries are the token's when it is sent */
	bool            given;		/* its PIN is one that a program gave: it may be barred (pin_barred) */
	uint32_t        turn;		/* its place in the queue: programs take turns */
	bool            late;		/* and the login is over: it is not sent any more */
	bool            filled;		/* the tries were filled before it (fill.c), or that is being done */
	err             refused;	/* not OK: it is answered so and not sent */
	void          (*encode)(struct job *j, struct buf *b);
	void          (*done)(struct job *j, err e, struct cur *reply);
	struct secret  *pin, *second, *third;	/* owned */
	uint32_t        session;	/* for whom, 0: nobody */
	uint32_t        slot, alg, prim, auth, tries, user, flags, pin_policy, touch_policy;
	uint32_t        touch;		/* the used key's own policy; 0: none */
	uint64_t        mech;		/* for the ledger: CKM_, or MECH_NONE */
	uint8_t        *data;		/* owned */
	size_t          data_n;
	struct span     first, last;	/* parts of data: id and label, and so on */
};

/* A job for t with nothing in it. NULL: no memory. */
struct job *job_new(struct token *t, uint16_t call, struct request *rq);

/* Copies the spans into the job; j->first and j->last point at the copies. QUOTA: no memory. */
err job_data(struct job *j, struct span first, struct span last) MUST_USE;

/* Puts it at the end of its token's queue; from here it is the queue's. `done` is called exactly once,
 * never before job_post has returned, with TOKEN_GONE where the token goes first. */
void job_post(struct job *j);

/* Frees a job that was not posted. */
void job_free(struct job *j);

/* Nobody is logged in any more: the card is closed as soon as the queue is empty, without lingering. */
void job_close_soon(struct token *t);

/* The PINs of these logins are no longer to be sent: what waits in the queue with one is answered
 * PIN_NEEDED. by: the program, NULL: any. context: also those that were given for one operation. */
void jobs_forget(struct token *t, const struct peer *by, bool context);

/* A program is gone: what it has in any queue is finished with CANCELED, but for what is at a card. */
void jobs_cancel(struct peer *p);

/* For token.c: the worker's reply; the token's end (all jobs are done with e). */
void jobs_reply(struct token *t, const struct frame *f);
void jobs_end(struct token *t, err e);
#endif
