/* A change to a text file that can be taken back: one piece of text, put in at one place. */
#ifndef BSRE_CLI_EDIT_H
#define BSRE_CLI_EDIT_H
#include "cli.h"

/* `text` (malloced, owned) goes in before the byte `at`. levels: how many of the JSON objects around our
 * entry are in the text as well (policies.c). */
struct edit { size_t at; char *text; unsigned levels; };

/* What a file says of the module already. */
enum look {
	LOOK_MISSING,		/* nothing: the edit puts it in */
	LOOK_THERE,		/* the module is there, by whatever name */
	LOOK_OTHER,		/* another module has our name */
};

void edit_free(struct edit *e);

/* The file with the edit made; the caller frees p. SPAN_NONE: no memory, or a place outside the file. */
struct span edit_make(struct span file, const struct edit *e);

/* The file without the edit's text: at its place, else where it is found, if that is one place alone.
 * False: it is not there as it was put in. The caller frees out->p. */
bool edit_take_back(struct span file, const struct edit *e, struct span *out);

/* The lines of e that are still in the file, whole and in their order, taken out; the rest is kept. For
 * files that a person changed in between. The caller frees out->p. */
struct span edit_take_lines(struct span file, const struct edit *e);

/* The file without its bytes [from, to). The caller frees p. */
struct span edit_without(struct span file, size_t from, size_t to);

/* The lines in which the two differ, "-" before those of the old text and "+" before those of the new,
 * each ended by a newline; malloced. Good for changes in one place. */
char *edit_diff(struct span before, struct span after);
#endif
