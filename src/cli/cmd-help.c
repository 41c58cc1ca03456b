/* help: the overview, or one command. */
#include "config.h"
#include <stdio.h>
#include "args.h"
#include "help.h"
#include "say.h"

/* Lists the commands that begin with a word ("pin"); false: none does. */
static bool group(const char *word)
{
	size_t n = strlen(word);
	bool any = false;

	for (size_t i = 0; i < commands_count; i++)
		if (strncmp(commands[i].words, word, n) == 0 && commands[i].words[n] == ' ') {
			printf("  %-14s  %s\n", commands[i].words, _(commands[i].brief));
			any = true;
		}
	return any;
}

err cmd_help(struct cli *c)
{
	const struct args *a = &c->args;
	int used;

	if (a->nrest == 0) {
		help_overview(stdout);
		return OK;
	}
	const struct command *cmd = args_command(a->rest, a->nrest, &used);
	if (cmd) {
		help_command(cmd);
		return OK;
	}
	return group(a->rest[0]) ? OK :
		say_fail(FAIL(USAGE), _("there is no command '%s'"), say_clean(a->rest[0]));
}
