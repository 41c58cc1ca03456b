/* Telling other programs of the PKCS#11 module: which files that takes for whom, and doing it. */
#ifndef BSRE_CLI_REGISTER_H
#define BSRE_CLI_REGISTER_H
#include <limits.h>
#include "cli.h"
#include "entry.h"
#include "say.h"

#define MODULE_NAME "bsre-token"	/* what the module is called in other programs' lists */

enum program {
#define PROGRAM(id, word, name, commands, processes) PROGRAM_##id,
#include "programs.def"
#undef PROGRAM
	PROGRAM_COUNT
};

struct target {
	enum program program;
	enum form    form;
	char         path[PATH_MAX];
	char        *text;		/* FORM_WHOLE: what stands in it; malloced */
};

/* What is looked for and what was found. */
struct survey {
	struct cli    *c;
	bool           system, dry, undo, chosen[PROGRAM_COUNT], named;	/* named: by --app */
	char           root[PATH_MAX];		/* "", or the folder that stands for / */
	char           home[PATH_MAX], config[PATH_MAX], record[PATH_MAX];
	char           module[PATH_MAX];
	enum program   now;			/* whose find() runs */
	struct target *targets;
	size_t         n;
	json_t        *rows, *use, *restart;	/* as --json prints them; rows and use are in c->result */
	json_t        *seen;			/* the files that unregister looked at, or that a try would change */
};

struct program_row {
	const char *word, *name, *commands, *processes;
	err       (*find)(struct survey *);
};
extern const struct program_row programs[PROGRAM_COUNT];

/* Finds the files of a program (programs.def): survey_target for each, survey_absent where there is none. */
#define PROGRAM(id, word, name, commands, processes) err program_##id(struct survey *s) MUST_USE;
#include "programs.def"
#undef PROGRAM

/* Takes the options apart, and finds the targets of the programs that are chosen. all: those that are not
 * installed as well. USAGE, FILE, said. survey_free in any case. */
err survey_begin(struct cli *c, struct survey *s, bool all) MUST_USE;
void survey_free(struct survey *s);

/* For find(): a file; text is for FORM_WHOLE. GENERAL: no memory. */
err survey_target(struct survey *s, enum form form, const char *text, const char *format, ...)
	PRINTF(4, 5) MUST_USE;
void survey_absent(struct survey *s, const char *why);
/* A line that a person types or writes to use what was made. */
void survey_use(struct survey *s, const char *format, ...) PRINTF(2, 3);
/* Is a command of one of these names ("a|b|c") there? */
bool survey_installed(const struct survey *s, const char *names);
/* A folder of our own for such files: of the user, or of the system. */
const char *survey_folder(const struct survey *s);

/* A path as a word of the shell: quoted where it must be. Good until the next call of either. */
const char *survey_quoted(const char *path);
/* The same for the path of a file in our own folder. */
const char *survey_word(const struct survey *s, const char *name);

/* A row for what became of a file: state is a word of words.def. Borrowed. */
json_t *survey_row(struct survey *s, enum program program, const char *file, const char *state);

/* Ends a run: the table or the diffs, who must be started anew, and what failed. */
err survey_end(struct survey *s, bool begun) MUST_USE;

/* For Firefox and Thunderbird: the profiles in these folders, or the system's policies.json. */
struct mozilla {
	const char *commands;		/* "a|b" */
	const char *profiles[4];	/* folders with a profiles.ini; "~" and "%" stand for home and config */
	const char *policies;		/* the system's folder of policies */
	const char *installed[8];	/* where it may be installed */
};
err mozilla_find(struct survey *s, const struct mozilla *m) MUST_USE;
#endif
