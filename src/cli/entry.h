/* Our entry in another program's file, by the form that the file has. */
#ifndef BSRE_CLI_ENTRY_H
#define BSRE_CLI_ENTRY_H
#include "edit.h"

/* What kind of file: all of it ours, NSS's pkcs11.txt, Mozilla's policies.json. */
enum form { FORM_WHOLE, FORM_SECMOD, FORM_POLICIES };

/* Its word in the record. */
const char *form_word(enum form form);

/* The form of a file of the record by that word; without one (NULL), as older records are, by the file's name
 * and by the text that was put in. */
enum form form_of(const char *word, const char *path, const char *text);

/* An entry to be made: for a module whose path begins at root, in a file that its program finds at path.
 * whole: what stands in a FORM_WHOLE. */
struct entry { enum form form; const char *root, *path, *module, *whole; };

/* What the file (SPAN_NONE: there is none) says of the module, and for LOOK_MISSING the edit that tells it.
 * DATA_INVALID, said: it is no file of this form. */
err entry_look(const struct entry *want, struct span file, enum look *look, struct edit *edit) MUST_USE;

/* The file without what the edit put in: byte for byte, else, where somebody wrote in it, by what it says;
 * out->p NULL: it is not there. The caller frees out->p. DATA_INVALID, said: no file of this form. */
err entry_take_back(enum form form, struct span file, const struct edit *e, struct span *out) MUST_USE;

/* Nothing is left but what a file of this form has at least. */
bool entry_bare(enum form form, struct span file);
#endif
