/* What one program mistypes must not end the login of another: before a PIN that a program gave is sent where
 * two tries are left, a PIN that is kept is proven once more, which fills the card's counter. */
#ifndef BSRE_TOKEND_FILL_H
#define BSRE_TOKEND_FILL_H
#include "job.h"

/* Gives the job that must go before j, which stays where it is in the queue; NULL: none, j may be sent. Where the
 * one before fails, the copies that are kept go (use_outcome) and j is answered with PIN_LAST_TRY, or with what
 * went wrong. QUOTA: j is not to be sent. */
err fill_before(struct job *j, struct job **first) MUST_USE;
#endif
