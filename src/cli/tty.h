/* The controlling terminal: a line typed without echo, or with. */
#ifndef BSRE_CLI_TTY_H
#define BSRE_CLI_TTY_H
#include "lib/secret.h"
#include "lib/err.h"

/* Is there one? */
bool tty_there(void);

/* Shows the prompt on /dev/tty and reads a line into out, its newline left away; the terminal is as
 * before afterwards, also when a signal ends or stops the program. echo: whether what is typed shows.
 * PIN_NEEDED: no terminal. PIN_LENGTH: longer than a secret. CANCELED: end of input or empty line. */
err tty_ask(const char *prompt, bool echo, struct secret *out) MUST_USE;
#endif
