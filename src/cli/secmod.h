/* NSS's list of modules, pkcs11.txt: a block of "name=value" lines for each, an empty line behind it. */
#ifndef BSRE_CLI_SECMOD_H
#define BSRE_CLI_SECMOD_H
#include "edit.h"

/* What the file (SPAN_NONE: there is none) says of the library, and the edit that adds it as modutil
 * does, for LOOK_MISSING alone. folder: where the file is, which a new one names. DATA_INVALID, said: it
 * is no text. */
err secmod_look(struct span file, const char *folder, const char *name, const char *library,
		enum look *look, struct edit *edit) MUST_USE;

/* edit_take_back for such a file: where something stands behind our block now, the line before it keeps the
 * end that it got from us. */
bool secmod_take_back(struct span file, const struct edit *e, struct span *out);

/* The file without the blocks of that name, as NSS wrote them anew or a person changed them, whose library
 * has the file name of `ours`, a path or the text of the edit that made it; out->p NULL: there is none. */
err secmod_cut(struct span file, const char *name, const char *ours, struct span *out) MUST_USE;
#endif
