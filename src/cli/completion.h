/* Completion rules for shells, made from commands.def and options.def. */
#ifndef BSRE_CLI_COMPLETION_H
#define BSRE_CLI_COMPLETION_H
#include "cli.h"

/* Prints the rules for "bash", "zsh" or "fish". */
void completion_print(const char *shell);
#endif
