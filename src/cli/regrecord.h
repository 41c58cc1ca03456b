/* What `register` changed, written down so that `unregister` can take back exactly that: one file for
 * each user and one for the system. */
#ifndef BSRE_CLI_REGRECORD_H
#define BSRE_CLI_REGRECORD_H
#include "entry.h"
#include "place.h"

struct record {
	char path[PATH_MAX];
	const char *root;
	json_t *files;		/* objects: file, form, owners (each with program and path), at, text, levels,
				 * created; kept: it knew us before */
	json_t *folders;	/* the folders that were or will be made, in that order */
	int lock;		/* -1: none */
	bool dry;		/* nothing is written */
};

/* Reads the record; one that is not there is empty. Waits for another run to end. Folders on the way get
 * this mode. FILE, DATA_INVALID, said: it cannot be read or could not be written. record_close in any case. */
err record_open(struct record *r, const char *root, const char *path, mode_t mode, bool dry) MUST_USE;

/* Writes the record, or removes it where nothing is in it. FILE, said. */
err record_save(struct record *r) MUST_USE;

/* Ends a run: removes the folders that were made and are empty now, saves the record, which named them until
 * then, and at last removes the record's own: where no record is left, its folder whoever made it. FILE,
 * said: it cannot be saved. */
err record_end(struct record *r) MUST_USE;
void record_close(struct record *r);

/* The row of a file; NULL: none. Borrowed. */
json_t *record_find(const struct record *r, const char *file);

/* A program, and the path at which it finds the file, as its profile may be elsewhere than the file. */
struct owner { const char *program, *path; };

/* Adds a row, in place of the file's old one, whose owners go on. edit: the one that will be made; NULL: the
 * file knew the module before. FILE, said: its name cannot be written down. */
err record_add(struct record *r, const char *file, enum form form, const struct owner *o, const struct edit *e,
	       bool created) MUST_USE;
/* One more program that uses the module from there. */
void record_own(json_t *row, const struct owner *o);
/* Takes a row away. */
void record_drop(struct record *r, const char *file);

enum form record_form(const json_t *row);

/* Has a program one of these profiles open: the file's own folder (row NULL: that alone), or one that a link
 * leads from? *why says so, translated. */
bool record_busy(const json_t *row, const char *file, const char **why);

/* The edit of a row. e->text is malloced. False: it has none. */
bool record_edit(const json_t *row, struct edit *e);
#endif
