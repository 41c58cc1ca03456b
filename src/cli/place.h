/* A file that may be changed: found without being led into another user's folders, read whole, written
 * whole or not at all. */
#ifndef BSRE_CLI_PLACE_H
#define BSRE_CLI_PLACE_H
#include <limits.h>
#include <sys/stat.h>
#include "cli.h"

enum { PLACE_MOST = 64 << 20 };		/* bytes of a file that is looked at: more is none of these */

struct place {
	char path[PATH_MAX];		/* without a link on the way */
	char folder[PATH_MAX];		/* its folder */
	char first[PATH_MAX];		/* the first folder that is not there yet; "": all are */
	bool there;
	struct stat st;			/* of the file, where it is there */
	struct span text;		/* malloced, a zero behind; SPAN_NONE: not there */
};

/* Looks at path and reads it. Links are followed where the folder that holds them is the caller's or
 * root's; those with an absolute target start at root again ("": the real one). The folder at the end
 * must be the caller's or root's. FILE or REFUSED, said: it cannot be read, is no file, is longer than PLACE_MOST,
 * lies in another user's folder. place_free in any case. */
err place_look(const char *root, const char *path, struct place *p) MUST_USE;
void place_free(struct place *p);

/* Is anything at that path, with links followed in the same way? Says nothing. */
bool place_there(const char *root, const char *path);

/* Do the two name one file, by another link or in another spelling? The root is put before each; links are
 * followed in the same way. What is no absolute path, or not there, is the same where it reads so. Says
 * nothing. */
bool place_same(const char *root, const char *a, const char *b);

/* Says why the file could not be written, before anything is: FILE where it, its folder or its file
 * system is read-only, or the file has a second name (a hard link), which would not follow. */
err place_writable(const struct place *p) MUST_USE;

/* Adds the folders that are missing to an array of paths, where they are not in it. */
void place_missing(const struct place *p, json_t *folders);
/* Makes them, with this mode. */
err place_folders(const struct place *p, mode_t mode) MUST_USE;

/* Removes what a place_write of this file left in its folder when its process was killed. */
void place_sweep(const struct place *p);

/* Puts text in place of the file: mode, owner and extended attributes are kept; a new file gets this mode.
 * FILE, said: it cannot, or another file is there by now. */
err place_write(const struct place *p, struct span text, mode_t mode) MUST_USE;
err place_remove(const struct place *p) MUST_USE;
#endif
