/* The command line, taken apart by the tables commands.def and options.def. */
#ifndef BSRE_CLI_ARGS_H
#define BSRE_CLI_ARGS_H
#include "cli.h"

/* Fills a from argv (argv[0] is the program). Options may stand anywhere, before "--"; of one given
 * twice the last counts. USAGE, with the reason said: an unknown word or option, an option the command
 * does not take, a value that is missing or not one of the row's, too few or too many operands.
 * Where --help is given nothing else is required. */
err args_parse(int argc, char **argv, struct args *a) MUST_USE;

/* The command whose words are the longest front of words[0..n); *used: how many. NULL: none. */
const struct command *args_command(const char *const *words, int n, int *used);
#endif
