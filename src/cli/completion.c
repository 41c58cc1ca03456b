/* One walk of the tables, three dialects. What a word is completed with is decided here; the shells'
 * parts only look it up. */
#include "config.h"
#include <stdio.h>
#include "completion.h"

static bool takes(const struct command *cmd, int o)
{
	return (cmd->options | GLOBAL_OPTIONS) & 1ULL << o;
}

/* The options of a command: "--json --token ..." */
static void option_words(const struct command *cmd)
{
	for (int o = 0; o < OPT_COUNT; o++)
		if (takes(cmd, o))
			printf("--%s ", options[o].name);
}

static bool is_file(const char *values) { return values && strcmp(values, "FILE") == 0; }

/* "a|b|c" as "a b c" */
static void value_words(const char *values)
{
	for (const char *p = values; *p; p++)
		putchar(*p == '|' ? ' ' : *p);
}

/* Text inside single quotes. */
static void quoted(const char *text)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
}

/* The options that take a value, as a shell's pattern: "--token|-t|..." */
static void value_options(const char *between)
{
	const char *lead = "";

	for (int o = 0; o < OPT_COUNT; o++) {
		if (!options[o].argument)
			continue;
		printf("%s--%s", lead, options[o].name);
		lead = between;
		if (options[o].letter)
			printf("%s-%c", lead, options[o].letter);
	}
}

/* --- bash ------------------------------------------------------------------------------------------ */
static void bash_values(void)
{
	puts("\tcase $prev in");
	for (int o = 0; o < OPT_COUNT; o++) {
		const struct option_row *r = &options[o];

		if (!r->argument)
			continue;
		printf("\t--%s", r->name);
		if (r->letter)
			printf("|-%c", r->letter);
		fputs(")\n\t\t", stdout);
		if (is_file(r->values)) {
			puts("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;");
		} else if (r->values) {
			fputs("COMPREPLY=($(compgen -W '", stdout);
			value_words(r->values);
			puts("' -- \"$cur\")); return ;;");
		} else {
			puts("return ;;");
		}
	}
	puts("\tesac");
}

static void bash_commands(void)
{
	puts("\tcase $words in");
	for (size_t i = 0; i < commands_count; i++) {
		printf("\t'%s '*) options='", commands[i].words);
		option_words(&commands[i]);
		printf("'; files=%d ;;\n", strstr(commands[i].operands, "FILE") != NULL);
	}
	puts("\tesac");
}

/* The words that are no options and no options' values; "--alg=p256" comes as three. */
static void bash_words(void)
{
	puts("\tif [[ $cur == '=' ]]; then cur=\n"
	     "\telif [[ $prev == '=' ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}\n\tfi");
	bash_values();
	fputs("\tfor w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n\t\tcase $skip$w in\n\t\t'='|1'=') skip=+ ;;\n"
	      "\t\t+*) skip= ;;\n\t\t", stdout);
	value_options("|");
	puts(") skip=+ ;;\n\t\t-*) ;;\n\t\t*) words+=\"$w \" ;;\n\t\tesac\n\tdone");
}

static void bash(void)
{
	puts("# bash completion for bsre-token; made from its tables by 'bsre-token help "
			"--completion bash'\n"
	     "_bsre_token()\n{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words= w "
	"options= files=0 skip=\n"
	     "\tCOMPREPLY=()");
	bash_words();
	bash_commands();
	fputs("\tif [[ -z $options && $cur == -* ]]; then\n\t\toptions='", stdout);
	for (int o = 0; o < OPT_COUNT; o++)
		if (GLOBAL_OPTIONS & 1ULL << o)
			printf("--%s ", options[o].name);
	fputs("'\n\telif [[ -z $options ]]; then\n\t\toptions=$(printf '%s\\n'", stdout);
	for (size_t i = 0; i < commands_count; i++)
		printf(" '%s'", commands[i].words);
	puts(" |\n\t\t\twhile read -r w; do [[ \"$w \" == \"$words\"* ]] && w=${w#\"$words\"} "
			"&& echo \"${w%% *}\"; done | sort -u)\n\tfi\n"
	     "\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
	     "\t[[ $files = 1 && $cur != -* ]] && mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	     "\treturn 0\n"
	     "}\ncomplete -o filenames -F _bsre_token bsre-token");
}

/* --- zsh ------------------------------------------------------------------------------------------- */
static void zsh_option(int o)
{
	const struct option_row *r = &options[o];

	printf(" \\\n\t\t\t'--%s%s[", r->name, r->argument ? "=" : "");
	quoted(r->help);
	putchar(']');
	if (r->argument) {
		printf(":%s:", r->argument);
		if (is_file(r->values)) {
			fputs("_files", stdout);
		} else if (r->values) {
			putchar('(');
			value_words(r->values);
			putchar(')');
		}
	}
	putchar('\'');
}

static void zsh(void)
{
	puts("#compdef bsre-token\n# made from the tables of bsre-token by 'bsre-token help "
			"--completion zsh'\n"
	     "_bsre_token() {\n\tlocal w typed= skip=\n\tlocal -a commands\n"
	     "\tfor w in ${words[2,CURRENT-1]}; do\n\t\tcase $skip$w in\n\t\t+*) skip= ;;");
	fputs("\t\t", stdout);
	value_options("|");
	puts(") skip=+ ;;\n\t\t-*) ;;\n\t\t*) typed+=\"$w \" ;;\n\t\tesac\n\tdone\n\tcase $typed in");
	for (size_t i = 0; i < commands_count; i++) {
		printf("\t'%s '*)\n\t\t_arguments", commands[i].words);
		for (int o = 0; o < OPT_COUNT; o++)
			if (takes(&commands[i], o))
				zsh_option(o);
		puts(strstr(commands[i].operands, "FILE") ? " \\\n\t\t\t'*:file:_files' "
				";;" : " \\\n\t\t\t'*: :' ;;");
	}
	puts("\t*)\n\t\tcommands=(");
	for (size_t i = 0; i < commands_count; i++) {
		printf("\t\t\t'%s:", commands[i].words);
		quoted(commands[i].brief);
		puts("'");
	}
	puts("\t\t)\n\t\tcommands=(${(M)commands:#${typed}*})\n\t\tcommands=(${commands#$typed})\n"
	     "\t\t[[ -n $typed ]] || commands=(${commands/ *:/:})\n"
	     "\t\t_describe command commands ;;\n\tesac\n}\n_bsre_token \"$@\"");
}

/* --- fish ------------------------------------------------------------------------------------------ */
/* What was typed, without options and their values; and whether that is, or begins with, a command. */
static void fish_functions(void)
{
	puts("function __bsre_token_typed\n\tset -l words (commandline -opc)\n\tset -l typed\n\tset -l skip 0\n"
	     "\tset -e words[1]\n\tfor w in $words\n\t\tif test $skip = 1\n\t\t\tset skip 0\n\t\t\tcontinue\n"
	     "\t\tend\n\t\tswitch $w");
	fputs("\t\tcase ", stdout);
	value_options(" ");
	puts("\n\t\t\tset skip 1\n\t\tcase '-*'\n\t\tcase '*'\n\t\t\tset -a typed $w\n\t\tend\n\tend\n"
	     "\tstring join ' ' -- $typed\nend\n"
	     "function __bsre_token_at\n\tset -l typed (__bsre_token_typed)\n\ttest \"$typed\" = \"$argv\"\nend\n"
	     "function __bsre_token_in\n\tset -l typed (__bsre_token_typed)\n\tfor c in $argv\n"
	     "\t\tif string match -q -- \"$c *\" \"$typed \"\n\t\t\treturn 0\n\t\tend\n\tend\n\treturn 1\nend");
}

/* "key generate" is offered word by word. */
static void fish_command(const struct command *cmd)
{
	const char *space = strchr(cmd->words, ' ');

	if (!space) {
		printf("complete -c bsre-token -f -n '__bsre_token_at' -a '%s' -d '", cmd->words);
	} else {
		printf("complete -c bsre-token -f -n '__bsre_token_at' -a '%.*s'\n",
		       (int)(space - cmd->words), cmd->words);
		printf("complete -c bsre-token -f -n '__bsre_token_at %.*s' -a '%s' -d '",
		       (int)(space - cmd->words), cmd->words, space + 1);
	}
	quoted(cmd->brief);
	puts("'");
}

static void fish_option(int o)
{
	const struct option_row *r = &options[o];

	printf("complete -c bsre-token -l %s", r->name);
	if (r->letter)
		printf(" -s %c", r->letter);
	if (r->argument && is_file(r->values)) {
		fputs(" -r -F", stdout);
	} else if (r->argument) {
		fputs(" -x", stdout);
		if (r->values) {
			fputs(" -a '", stdout);
			value_words(r->values);
			putchar('\'');
		}
	}
	fputs(" -d '", stdout);
	quoted(r->help);
	putchar('\'');
	if (1ULL << o & GLOBAL_OPTIONS) {
		putchar('\n');
		return;
	}
	fputs(" -n '__bsre_token_in", stdout);
	for (size_t i = 0; i < commands_count; i++)
		if (takes(&commands[i], o))
			printf(" \"%s\"", commands[i].words);
	puts("'");
}

static void fish(void)
{
	puts("# fish completion for bsre-token; made from its tables by 'bsre-token help "
			"--completion fish'");
	fish_functions();
	for (size_t i = 0; i < commands_count; i++)
		fish_command(&commands[i]);
	for (int o = 0; o < OPT_COUNT; o++)
		fish_option(o);
}

void completion_print(const char *shell)
{
	static const struct { const char *shell; void (*print)(void); } dialects[] = {
		{ "bash", bash }, { "zsh", zsh }, { "fish", fish },
	};

	for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++)
		if (strcmp(dialects[i].shell, shell) == 0)
			dialects[i].print();
}
