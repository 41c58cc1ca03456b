/* help: the overview, or one command. */
#include "config.h"
#include <stdio.h>
#include "args.h"
#include "completion.h"
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

/* Every command with its options, for programs and for the tests of the manual. */
static void tables(json_t *result)
{
	json_t *all = json_array();

	for (size_t i = 0; i < commands_count; i++) {
		const struct command *cmd = &commands[i];
		json_t *o = json_pack("{s:s, s:s, s:s}", "command", cmd->words, "operands", cmd->operands,
				      "brief", cmd->brief);
		json_t *list = json_array();

		for (int k = 0; k < OPT_COUNT; k++)
			if (cmd->options & 1ULL << k)
				json_array_append_new(list, json_string(options[k].name));
		json_object_set_new(o, "options", list);
		json_array_append_new(all, o);
	}
	json_object_set_new(result, "commands", all);
}

err cmd_help(struct cli *c)
{
	const struct args *a = &c->args;
	int used;

	if (given(c, OPT_completion)) {
		completion_print(a->opt[OPT_completion]);
		return OK;
	}
	if (given(c, OPT_json)) {
		tables(c->result);
		return OK;
	}
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
