/* Work of the token that nobody can stop: the program does not leave it behind unawares. */
#ifndef BSRE_CLI_STEADY_H
#define BSRE_CLI_STEADY_H

/* From here the first SIGINT or SIGTERM only says that the token goes on, and the program waits; a second one
 * ends it. One that the caller's shell ignores stays ignored. */
void steady_begin(void);
void steady_end(void);
#endif
