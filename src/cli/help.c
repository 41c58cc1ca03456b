/* What the tables say, put on the screen. */
#include "config.h"
#include <wchar.h>
#include <stdlib.h>
#include "help.h"
#include "print.h"

/* How many columns text takes; its bytes where that cannot be told. */
static int columns_of(const char *text)
{
	wchar_t wide[256];
	size_t n = mbstowcs(wide, text, sizeof wide / sizeof wide[0]);
	int w = n == (size_t)-1 || n >= sizeof wide / sizeof wide[0] ? -1 : wcswidth(wide, n);

	return w < 0 ? (int)strlen(text) : w;
}

static void line(FILE *out, const char *left, int width, const char *right)
{
	int pad = width - columns_of(left);

	fprintf(out, "  %s%*s  %s\n", left, pad > 0 ? pad : 0, "", right);
}

/* "-o, --output FILE" */
static void option_words(int o, char *out, size_t size)
{
	const struct option_row *r = &options[o];
	char letter[8] = "    ";

	if (r->letter)
		snprintf(letter, sizeof letter, "-%c, ", r->letter);
	snprintf(out, size, "%s--%s%s%s", letter, r->name, r->argument ? " " : "",
		 r->argument ? _(r->argument) : "");
}

static void option_lines(FILE *out, uint64_t which)
{
	char words[96], help[512];

	for (int i = 0; i < OPT_COUNT; i++) {
		const struct option_row *r = &options[i];

		if (!(which & 1ULL << i))
			continue;
		option_words(i, words, sizeof words);
		if (r->values && strcmp(r->values, "FILE") != 0 && strlen(r->values) < 60)
			snprintf(help, sizeof help, "%s: %s", _(r->help), r->values);
		else
			snprintf(help, sizeof help, "%s", _(r->help));
		line(out, words, 28, help);
	}
}

void help_overview(FILE *out)
{
	fprintf(out, _("usage: %s\n"), _("bsre-token COMMAND [OPTION]... [OPERAND]..."));
	fprintf(out, "\n%s\n", _("Commands:"));
	for (size_t i = 0; i < commands_count; i++)
		line(out, commands[i].words, 14, _(commands[i].brief));
	fprintf(out, "\n%s\n", _("Options of every command:"));
	option_lines(out, GLOBAL_OPTIONS);
	fprintf(out, "\n%s\n", _("'bsre-token help COMMAND' says more; the manual is bsre-token(1)."));
}

void help_command(const struct command *cmd)
{
	char usage[256];

	snprintf(usage, sizeof usage, "bsre-token %s %s%s%s", cmd->words, _("[OPTION]..."),
		 cmd->operands[0] ? " " : "", cmd->operands[0] ? _(cmd->operands) : "");
	printf(_("usage: %s\n"), usage);
	printf("\n%s.\n\n%s\n", _(cmd->brief), _("Options:"));
	option_lines(stdout, cmd->options | GLOBAL_OPTIONS);
}
