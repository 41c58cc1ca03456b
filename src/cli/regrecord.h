/* What `register` changed, written down so that `unregister` can take back exactly that: one file for
 * each user and one for the system. */
#ifndef BSRE_CLI_REGRECORD_H
#define BSRE_CLI_REGRECORD_H
#include "edit.h"
#include "place.h"

struct record {
	char path[PATH_MAX];
	const char *root;
	json_t *files;		/* objects: file, program, form, at, text, levels, created; kept: it knew us before */
	json_t *folders;	/* the folders that were or will be made, in that order */
	int lock;		/* -1: none */
	bool dry;		/* nothing is written */
};

/* Reads the record; one that is not there is empty. Waits for another run to end. FILE, DATA_INVALID,
 * said. record_close in any case. */
err record_open(struct record *r, const char *root, const char *path, bool dry) MUST_USE;

/* Writes the record, or removes it where nothing is in it. FILE, said. */
err record_save(struct record *r) MUST_USE;

/* Ends a run: removes the folders that were made and are empty now, saves the record, which named them until
 * then, and at last removes the record's own: where no record is left, its folder whoever made it. FILE,
 * said: it cannot be saved. */
err record_end(struct record *r) MUST_USE;
void record_close(struct record *r);

/* The row of a file; NULL: none. Borrowed. */
json_t *record_find(const struct record *r, const char *file);

/* Adds or takes away a row. add: the edit that will be made; NULL: the file knew the module before. */
err record_add(struct record *r, const char *file, const char *program, const struct edit *e, bool created)
	MUST_USE;
void record_drop(struct record *r, const char *file);

/* The edit of a row. e->text is malloced. False: it has none. */
bool record_edit(const json_t *row, struct edit *e);
#endif
