/* Keys that want to be touched: the person is told that the token waits. */
#ifndef BSRE_TOKEND_TOUCH_H
#define BSRE_TOKEND_TOUCH_H
#include "job.h"

/* A job with such a key went to the card. Where it is not back in a moment the desktop shows a
 * notification (org.freedesktop.Notifications), and the log a line. */
void touch_begins(struct token *t, const struct job *j);

/* It is back, or the token is gone: the notification goes. */
void touch_ends(struct token *t);

/* The error as it is to be told: a card that was not touched says "security status not satisfied". */
err touch_outcome(const struct job *j, err e);
#endif
