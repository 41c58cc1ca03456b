/* What the parts of the utility share: the tables of commands and options, and the state of one run. */
#ifndef BSRE_CLI_H
#define BSRE_CLI_H
#include <jansson.h>
#include <libintl.h>
#include "lib/err.h"
#include "lib/span.h"
#include "wire/link.h"

#define _(text) gettext(text)

enum option {
#define OPT(id, name, letter, argument, values, help) OPT_##id,
#include "options.def"
#undef OPT
	OPT_COUNT
};

/* What was typed, taken apart; everything borrows from argv. */
struct args {
	const struct command *cmd;	/* NULL: no command was named */
	const char *opt[OPT_COUNT];	/* NULL: not given; "" for an option without argument */
	char list[256];			/* of an option that may be given several times: commas between */
	const char *rest[4];		/* operands */
	int nrest;
};

/* The token that the command works on. */
struct token {
	uint32_t id;			/* the broker's number; 0: none chosen */
	uint32_t session;		/* 0: none open */
	char serial[72], label[136];	/* cleaned for print */
};

struct cli {
	struct args   args;
	struct link  *link;
	struct token  token;
	json_t       *result;		/* an object: what --json prints, and what tables are made of */
};

enum needs { NEEDS_NOTHING, NEEDS_DAEMON, NEEDS_TOKEN };

struct command {
	const char *words, *operands;
	int         min, max;
	enum needs  needs;
	uint64_t    options;		/* bits 1 << enum option */
	const char *brief;
	err       (*run)(struct cli *);
};

/* Where a command's row is, its function must be: else the program does not link. */
#define CMD(id, words, operands, min, max, needs, options, brief) err cmd_##id(struct cli *c) MUST_USE;
#include "commands.def"
#undef CMD

enum { COMMANDS_MAX = 64 };
extern const struct command commands[];
extern const size_t commands_count;

struct option_row { const char *name; char letter; const char *argument, *values, *help; };
extern const struct option_row options[OPT_COUNT];

/* The options that go with every command. */
enum { GLOBAL_OPTIONS = 1 << OPT_json | 1 << OPT_token | 1 << OPT_quiet | 1 << OPT_help |
	1 << OPT_version };

static inline bool given(const struct cli *c, enum option o) { return c->args.opt[o] != NULL; }
#endif
