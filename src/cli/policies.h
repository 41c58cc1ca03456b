/* Mozilla's policies.json: our module among the SecurityDevices, and every other byte as it was. */
#ifndef BSRE_CLI_POLICIES_H
#define BSRE_CLI_POLICIES_H
#include "edit.h"

/* What the file (SPAN_NONE: there is none) says of the library, whose path begins at `root` ("": the real
 * one), and the edit that adds it, for LOOK_MISSING alone: in the form that the file has
 * SecurityDevices in, indented as the file is. DATA_INVALID, said with line and column: it is no JSON, has
 * a key twice, or something else stands where an object must. */
err policies_look(struct span file, const char *root, const char *name, const char *library, enum look *look,
		  struct edit *edit) MUST_USE;

/* The file without our entry, and without the innermost `levels` objects around it where they are empty
 * then; out->p NULL: the entry is not there, or is for a module whose file name does not stand in `ours`
 * (a path, or the text of the edit that made it). DATA_INVALID, said, as above, where our name is in it. */
err policies_cut(struct span file, const char *name, const char *ours, unsigned levels, struct span *out)
	MUST_USE;

/* True where it can be read as JSON. */
bool policies_good(struct span file);
#endif
