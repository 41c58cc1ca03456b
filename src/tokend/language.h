/* The language of what the daemon and its prompts show on a desktop. */
#ifndef BSRE_TOKEND_LANGUAGE_H
#define BSRE_TOKEND_LANGUAGE_H

/* Takes a program's language over into the environment: a locale as Hello tells it, with what LANGUAGE was
 * there behind a colon, or nothing, for the service's own; the colon is cut off. Languages that are no names
 * are left out: gettext makes a path of each, and would take its sentences from wherever that leads. */
void language_take(char *locale);

/* Sets the translations up, from the environment as it is now. The log stays English. */
void language_start(void);
#endif
