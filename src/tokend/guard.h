/* When kept PINs are forgotten though nobody logged out: screen lock, suspend, and long idleness. The
 * sessions live on, as public ones. */
#ifndef BSRE_TOKEND_GUARD_H
#define BSRE_TOKEND_GUARD_H

/* Begins to listen to logind on the system bus (where there is one) and to watch for idleness. */
void guard_start(void);

/* A PIN was kept or used: the idle limit runs anew. */
void guard_touch(void);
#endif
