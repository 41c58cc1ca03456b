/* The processes of a program, as the kernel tells them. */
#ifndef BSRE_CLI_RUNNING_H
#define BSRE_CLI_RUNNING_H
#include <sys/types.h>
#include "cli.h"

/* A process whose executable has one of these names ("a|b|c"), the lowest number of them; 0: none that the
 * caller may see. mine: of the caller's own user alone. */
pid_t running(const char *names, bool mine);

/* Is word one of "a|b|c"? */
bool among(const char *names, const char *word);
#endif
