/* The language of what the daemon and its prompts show on a desktop. */
#ifndef BSRE_TOKEND_LANGUAGE_H
#define BSRE_TOKEND_LANGUAGE_H

/* Sets the translations up, from the environment as it is now. The log stays English. */
void language_start(void);
#endif
