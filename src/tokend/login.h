/* What a PIN that was proven for a program leads to, whoever asked for it: the program or our dialog. */
#ifndef BSRE_TOKEND_LOGIN_H
#define BSRE_TOKEND_LOGIN_H
#include "job.h"
#include "session.h"

/* A CardLogin job's `encode`: j->user, j->pin, j->tries. */
void login_encode(struct job *j, struct buf *b);

/* The outcome of a CardLogin job, counted: tries, wrong PINs. Gives e, or BAD_REPLY. */
err login_outcome(struct job *j, err e, struct cur *reply) MUST_USE;

/* The card took j->pin: the session's program is logged in, or (j->flags) the operation that waits has its
 * PIN. OP_NONE, LOGGED_IN, QUOTA. */
err login_proven(struct session *s, struct job *j) MUST_USE;

/* The operation of the session that waits for its own PIN; NULL: none does. */
struct op *login_waits(struct session *s);
#endif
