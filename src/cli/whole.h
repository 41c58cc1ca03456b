/* A file that is all ours, as a person may have edited it in the ways that it suggests. */
#ifndef BSRE_CLI_WHOLE_H
#define BSRE_CLI_WHOLE_H
#include "edit.h"

/* text: what would stand in the file, and names the module. before: what was put in, from the record; NULL:
 * there is none, then the file must say whose it is. LOOK_THERE: it names the module where text does.
 * LOOK_MISSING: it names one that was ours there, and *moved (the caller frees p) is the file with this one
 * in its place. Else LOOK_OTHER. GENERAL: no memory. */
err whole_look(struct span file, const char *text, const char *module, const char *before, enum look *look,
	       struct span *moved) MUST_USE;

/* The file without the lines of text, also those of its suggestions that were taken up, with any value, and
 * those that were made a comment. The caller frees p; SPAN_NONE: no memory. */
struct span whole_take(struct span file, const struct edit *e);
#endif
