/* What is known of the folders on the way to the record while there is no record: a note in the first folder
 * above them, from before they are made until the record has them, and again until the last one is gone. */
#ifndef BSRE_CLI_TRAIL_H
#define BSRE_CLI_TRAIL_H
#include "place.h"

/* Is folder one on the way to path? */
bool trail_passes(const char *folder, const char *path);

/* Adds a folder to an array of them, where it is not in it. */
void trail_add(json_t *folders, const char *folder);

/* Adds the folders of the notes that runs left which were killed. path is without a link. */
void trail_find(const char *root, const char *path, json_t *folders);

/* Leaves the note, where any of the folders is on the way to path. FILE, said. */
err trail_leave(const char *root, const char *path, const json_t *folders) MUST_USE;

/* Takes the notes away. */
void trail_wipe(const char *root, const char *path);
#endif
