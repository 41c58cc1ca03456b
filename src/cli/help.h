/* Usage, help and completion: all of them walk the tables. */
#ifndef BSRE_CLI_HELP_H
#define BSRE_CLI_HELP_H
#include <stdio.h>
#include "cli.h"

/* All commands, a line each, and the options that go with all. */
void help_overview(FILE *out);

/* One command: usage, what it does, its options. */
void help_command(const struct command *cmd);
#endif
