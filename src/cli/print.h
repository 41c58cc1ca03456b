/* Results on standard output: tables for people, JSON for programs; and a sign of life meanwhile. */
#ifndef BSRE_CLI_PRINT_H
#define BSRE_CLI_PRINT_H
#include "cli.h"

/* A column of a table: the member of each row's object it shows, its heading, how much of the width
 * it wants (0..1: a share; 0: as little as it needs). CUT: it may be cut where the table is too wide.
 * WORDS: what it shows is one of our own words (words.def), and is translated. DAY: a time, of which
 * the day is shown. EXTRA: left away, the last of them first, where the terminal is too narrow for all; a
 * column without CUT never loses a character. paint: the colour of a row's cell ("red"), or NULL; may be NULL
 * itself. */
enum { CUT = 1, WORDS = 2, DAY = 4, EXTRA = 8 };
struct column {
	const char *key, *title;
	double width;
	unsigned flags;
	const char *(*paint)(const json_t *row);
};

/* The rows (an array of objects) as a table, fit to the terminal; nothing where there are none. */
void print_table(const json_t *rows, const struct column *columns, size_t n);

/* The day of a time (RFC 3339) where the person is: "2028-11-21". Static storage. */
const char *print_day(const char *time);

/* Colour is wanted: standard output is a terminal, NO_COLOR is not set, TERM is not "dumb". */
bool print_colours(void);

/* The text between the codes of a colour, where colour is wanted. Static storage. */
const char *print_bold(const char *text);

/* A result in one piece, with an end of line. GENERAL, FILE: it could not be written. */
err print_json(const json_t *value) MUST_USE;

/* Shows on the terminal that something goes on, until progress_end: what, and for how long. Nothing
 * where standard error is no terminal, or with --quiet. */
void progress_begin(const struct cli *c, const char *what);
void progress_end(void);

/* The same for what reads a file: which, and how much of `all` bytes is done; from its second second on, and
 * gone again with share_end. `all` below 1: not known, and nothing is shown. */
void share_begin(const struct cli *c, const char *name, off_t all);
void share_at(off_t done);
void share_end(void);
#endif
