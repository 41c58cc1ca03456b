/* A note as JSON, an array of paths: small, and believed only of folders between it and the record. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "say.h"
#include "trail.h"

#define NOTE ".bsre-token.folders"

bool trail_passes(const char *folder, const char *path)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && path[n] == '/';
}

void trail_add(json_t *folders, const char *folder)
{
	size_t i;
	json_t *known;

	json_array_foreach(folders, i, known)
		if (json_is_string(known) && strcmp(json_string_value(known), folder) == 0)
			return;
	json_array_append_new(folders, json_string(folder));
}

/* The place of the note in a folder, where that is there and the caller's own. */
static bool note_in(const char *root, const char *folder, struct place *p)
{
	char path[PATH_MAX];
	struct stat st;

	*p = (struct place){ .there = false };
	if (stat(folder[0] ? folder : "/", &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    snprintf(path, sizeof path, "%s/" NOTE, folder) >= (int)sizeof path)
		return false;
	err e = place_look(root, path, p);
	if (!ok(e))
		(void)say_forget();
	return ok(e);
}

static void read_note(const struct place *p, const char *path, json_t *folders)
{
	json_t *note = json_loadb((const char *)p->text.p, p->text.n, 0, NULL), *folder;
	size_t i;

	json_array_foreach(note, i, folder) {
		const char *s = json_string_value(folder);

		if (s && trail_passes(s, path) && trail_passes(p->folder, s))
			trail_add(folders, s);
	}
	json_decref(note);
}

/* The next folder above; false: that was the root. */
static bool up(const char *root, char *folder)
{
	char *slash = strlen(folder) > strlen(root) ? strrchr(folder, '/') : NULL;

	if (slash)
		*slash = 0;
	return slash != NULL;
}

void trail_find(const char *root, const char *path, json_t *folders)
{
	char folder[PATH_MAX];
	struct place p;

	snprintf(folder, sizeof folder, "%s", path);
	while (up(root, folder)) {
		if (note_in(root, folder, &p)) {
			place_sweep(&p);
			if (p.there)
				read_note(&p, path, folders);
		}
		place_free(&p);
	}
}

/* The shortest of the folders on the way; NULL: none. */
static const char *first_of(const char *path, const json_t *folders)
{
	const char *first = NULL;
	size_t i;
	json_t *folder;

	json_array_foreach(folders, i, folder) {
		const char *s = json_string_value(folder);

		if (s && trail_passes(s, path) && (!first || strlen(s) < strlen(first)))
			first = s;
	}
	return first;
}

err trail_leave(const char *root, const char *path, const json_t *folders)
{
	const char *first = first_of(path, folders);
	char note[PATH_MAX];
	struct place p;

	if (!first)
		return OK;
	if (snprintf(note, sizeof note, "%.*s/" NOTE, (int)(strrchr(first, '/') - first), first) >= (int)sizeof note)
		return FAIL(FILE);
	err e = place_look(root, note, &p);
	char *text = ok(e) ? json_dumps(folders, 0) : NULL;

	if (ok(e))
		e = text ? place_write(&p, span_str(text), 0600) : FAIL(GENERAL);
	free(text);
	place_free(&p);
	return e;
}

void trail_wipe(const char *root, const char *path)
{
	char folder[PATH_MAX];
	struct place p;

	snprintf(folder, sizeof folder, "%s", path);
	while (up(root, folder)) {
		if (note_in(root, folder, &p) && p.there) {
			err e = place_remove(&p);
			if (!ok(e))
				(void)say_forget();
		}
		place_free(&p);
	}
}
