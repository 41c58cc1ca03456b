/* Which command, which options: the command line against the tables. */
#include "config.h"
#include <stdio.h>
#include "args.h"
#include "say.h"

#define O(id) (1ULL << OPT_##id)
enum { OPT_none = 63 };				/* a bit that no option has */
#define NEEDS(x) NEEDS_##x

const struct command commands[] = {
#define CMD(id, words, operands, min, max, needs, options, brief) \
	{ words, operands, min, max, NEEDS(needs), options, brief, cmd_##id },
#include "commands.def"
#undef CMD
};
const size_t commands_count = sizeof commands / sizeof commands[0];

const struct option_row options[OPT_COUNT] = {
#define OPT(id, name, letter, argument, values, help) { name, letter, argument, values, help },
#include "options.def"
#undef OPT
};

const struct command *args_command(const char *const *words, int n, int *used)
{
	const struct command *best = NULL;

	*used = 0;
	for (size_t i = 0; i < commands_count; i++) {
		const char *w = commands[i].words;
		int k = 0;

		for (; *w && k < n; k++) {
			size_t len = strcspn(w, " ");

			if (strlen(words[k]) != len || strncmp(words[k], w, len) != 0)
				break;
			w += len + (w[len] == ' ');
		}
		if (!*w && k > *used) {
			best = &commands[i];
			*used = k;
		}
	}
	return best;
}

/* The option of "--name" or "--name=value" (n: the name's length) or of a letter; OPT_COUNT: none. */
static int find_option(const char *name, size_t n, char letter)
{
	for (int i = 0; i < OPT_COUNT; i++) {
		if (name && strlen(options[i].name) == n && strncmp(options[i].name, name, n) == 0)
			return i;
		if (!name && letter && options[i].letter == letter)
			return i;
	}
	return OPT_COUNT;
}

/* Are the n characters at v one of "a|b|c"? */
static bool one_of(const char *values, const char *v, size_t n)
{
	for (const char *p = values; *p; p += strcspn(p, "|"), p += *p == '|')
		if (strcspn(p, "|") == n && strncmp(p, v, n) == 0)
			return true;
	return false;
}

static err not_one_of(const struct option_row *row, const char *value)
{
	return say_fail(FAIL(USAGE), _("--%s cannot be '%s'; it takes %s"), row->name, say_clean(value),
			row->values);
}

/* An option that may have several values, with commas between, and be given several times. */
static err take_list(struct args *a, int o, const char *value)
{
	struct buf all = { .p = (uint8_t *)a->list, .n = strlen(a->list), .cap = sizeof a->list - 1 };

	for (const char *p = value;; p++) {
		size_t n = strcspn(p, ",");

		if (!one_of(options[o].values, p, n))
			return not_one_of(&options[o], value);
		if (all.n)
			buf_str(&all, ",");
		buf_put(&all, (struct span){ (const uint8_t *)p, n });
		p += n;
		if (!*p)
			break;
	}
	if (all.bad)
		return not_one_of(&options[o], value);
	a->list[all.n] = 0;
	a->opt[o] = a->list;
	return OK;
}

static err take_value(struct args *a, int o, const char *value)
{
	const struct option_row *row = &options[o];

	if (!row->argument && value)
		return say_fail(FAIL(USAGE), _("--%s takes no value"), row->name);
	if (row->argument && !value)
		return say_fail(FAIL(USAGE), _("--%s needs a value: %s"), row->name, _(row->argument));
	if (o == OPT_app)
		return take_list(a, o, value);
	if (a->opt[o])
		return say_fail(FAIL(USAGE), _("--%s is given twice"), row->name);
	if (row->values && strcmp(row->values, "FILE") != 0 && !one_of(row->values, value, strlen(value)))
		return not_one_of(row, value);
	a->opt[o] = value ? value : "";
	return OK;
}

/* One word that begins with '-': takes the next word too where the option wants it (*i moves). */
static err take_option(struct args *a, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *value = NULL;
	int o;

	if (word[1] == '-') {
		size_t n = strcspn(word + 2, "=");

		o = find_option(word + 2, n, 0);
		if (word[2 + n])
			value = word + 3 + n;
	} else {
		o = find_option(NULL, 0, word[1]);
		if (word[2])
			value = word + 2;
	}
	if (o == OPT_COUNT)
		return say_fail(FAIL(USAGE), _("there is no option '%s'"), say_clean(word));
	if (options[o].argument && !value && *i + 1 < argc)
		value = argv[++*i];
	return take_value(a, o, value);
}

/* Standard input is read once: two that want it would get half each, or a secret where the file should be. */
static err one_stdin(const struct args *a)
{
	static const enum option files[] = { OPT_pin_file, OPT_new_pin_file, OPT_puk_file, OPT_new_puk_file,
					     OPT_management_key_file, OPT_dn, OPT_crl };
	int n = 0;

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		n += a->opt[files[i]] && (strcmp(a->opt[files[i]], "-") == 0 || strcmp(a->opt[files[i]], "fd:0") == 0);
	for (int i = 0; i < a->nrest; i++)
		n += strcmp(a->rest[i], "-") == 0;
	return n < 2 ? OK : say_fail(FAIL(USAGE), _("'-' is standard input, and only one can be read from it"));
}

/* Do the options and operands go with the command? */
static err fits(const struct args *a)
{
	const struct command *cmd = a->cmd;

	for (int i = 0; i < OPT_COUNT; i++)
		if (a->opt[i] && !((cmd->options | GLOBAL_OPTIONS) & 1ULL << i))
			return say_fail(FAIL(USAGE), _("'%s' takes no option --%s"), cmd->words,
					options[i].name);
	if (a->opt[OPT_help] || a->opt[OPT_version])
		return OK;
	if (a->nrest < cmd->min)
		return say_fail(FAIL(USAGE), _("'%s' needs an operand: %s"), cmd->words, _(cmd->operands));
	if (a->nrest > cmd->max)
		return say_fail(FAIL(USAGE), _("'%s': '%s' is one word too many"), cmd->words,
				say_clean(a->rest[cmd->max]));
	return one_stdin(a);
}

/* The commands that begin with the word, a line each; false: none does. */
static bool list_group(const char *word, char *out, size_t size)
{
	size_t len = strlen(word), n = 0;

	for (size_t i = 0; i < commands_count && n < size; i++)
		if (strncmp(commands[i].words, word, len) == 0 && commands[i].words[len] == ' ')
			n += (size_t)snprintf(out + n, size - n, "\n  bsre-token %-12s  %s", commands[i].words,
					      _(commands[i].brief));
	return n > 0;
}

static err no_command(const char *const *words, int n)
{
	char group[1024];

	if (!list_group(words[0], group, sizeof group))
		return say_fail(FAIL(USAGE), _("there is no command '%s'"), say_clean(words[0]));
	say_next("bsre-token help %s", words[0]);
	if (n == 1)
		return say_fail(FAIL(USAGE), _("'%s' alone is no command; there are:%s"), words[0], group);
	return say_fail(FAIL(USAGE), _("there is no command '%s %s'; there are:%s"), words[0], say_clean(words[1]),
			group);
}

err args_parse(int argc, char **argv, struct args *a)
{
	const char *words[8] = { NULL };
	int n = 0, used;
	bool only_words = false;

	*a = (struct args){ 0 };
	for (int i = 1; i < argc; i++) {
		const char *w = argv[i];

		if (!only_words && strcmp(w, "--") == 0)
			only_words = true;
		else if (!only_words && w[0] == '-' && w[1])
			TRY(take_option(a, argc, argv, &i));
		else if (n == sizeof words / sizeof words[0])
			return say_fail(FAIL(USAGE), _("too many words from '%s' on"), say_clean(w));
		else
			words[n++] = w;
	}
	if (n == 0)
		return OK;
	a->cmd = args_command(words, n, &used);
	if (!a->cmd)
		return no_command(words, n);
	for (int i = used; i < n; i++)
		if (a->nrest < (int)(sizeof a->rest / sizeof a->rest[0]))
			a->rest[a->nrest++] = words[i];
	return fits(a);
}
