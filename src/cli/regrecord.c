/* The record as JSON: small, written whole before a file is changed, so that a crash leaves no change that
 * nobody knows of. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include "profiles.h"
#include "regrecord.h"
#include "say.h"
#include "trail.h"

/* Which file it is about, before what was said. */
static err named(const struct record *r, err e)
{
	const char *why = ok(e) ? NULL : say_forget();

	return ok(e) ? OK : say_fail(e, "%s: %s", say_clean(r->path), why ? why : _(err_text(e)));
}

/* A row of an older record: of one program, which found the file where it is, and without its form. */
static void renew(json_t *row)
{
	const char *program = json_string_value(json_object_get(row, "program"));
	const char *file = json_string_value(json_object_get(row, "file"));

	if (!json_is_array(json_object_get(row, "owners")))
		json_object_set_new(row, "owners", json_array());
	if (program && file)
		record_own(row, &(struct owner){ program, file });
	json_object_del(row, "program");
	if (file)
		json_object_set_new(row, "form", json_string(form_word(record_form(row))));
}

static err load(struct record *r, const struct place *p)
{
	json_error_t why;
	size_t i;
	json_t *row;
	json_t *all = json_loadb((const char *)p->text.p, p->text.n, 0, &why);
	json_t *files = json_object_get(all, "files"), *folders = json_object_get(all, "folders");

	if (!json_is_array(files) || !json_is_array(folders)) {
		json_decref(all);
		return say_fail(FAIL(DATA_INVALID), _("it is not the record of what was registered"));
	}
	json_array_foreach(files, i, row) {
		renew(row);
		json_array_append(r->files, row);
	}
	json_array_foreach(folders, i, row)
		if (json_is_string(row))
			trail_add(r->folders, json_string_value(row));
	json_decref(all);
	return OK;
}

/* Locks the folder; false: another run removed it meanwhile. */
static bool lock(struct record *r, const struct place *p)
{
	struct stat st;

	r->lock = open(p->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->lock < 0)
		return errno != ENOENT;
	(void)flock(r->lock, LOCK_EX);
	if (fstat(r->lock, &st) != 0 || st.st_nlink > 0)
		return true;
	close(r->lock);
	r->lock = -1;
	return false;
}

/* Makes the folders and holds the last one, so that two runs do not write over each other's record. */
static err hold(struct record *r, struct place *p, mode_t mode)
{
	snprintf(r->path, sizeof r->path, "%s", p->path);
	for (int tries = 0; r->lock < 0 && tries < 100; tries++) {
		trail_find(r->root, r->path, r->folders);
		place_missing(p, r->folders);
		if (p->first[0])
			TRY(trail_leave(r->root, r->path, r->folders));
		TRY(place_folders(p, mode));
		bool held = lock(r, p);

		place_sweep(p);
		place_free(p);
		TRY(place_look(r->root, r->path, p));
		if (held)
			break;
	}
	return OK;
}

err record_open(struct record *r, const char *root, const char *path, mode_t mode, bool dry)
{
	struct place p;

	*r = (struct record){ .root = root, .files = json_array(), .folders = json_array(), .lock = -1,
			      .dry = dry };
	snprintf(r->path, sizeof r->path, "%s", path);
	err e = place_look(root, path, &p);
	if (ok(e))
		e = place_writable(&p);		/* in a try as well: else it would promise too much */
	if (ok(e) && !dry)
		e = hold(r, &p, mode);
	if (ok(e) && p.there)
		e = load(r, &p);
	place_free(&p);
	return named(r, e);
}

static err write_down(struct record *r, const struct place *p)
{
	json_t *all = json_pack("{s:i, s:O, s:O}", "version", 1, "files", r->files, "folders", r->folders);
	char *text = json_dumps(all, JSON_INDENT(1));
	err e = text ? OK : FAIL(GENERAL);

	if (ok(e))
		e = place_writable(p);
	if (ok(e))
		e = place_write(p, span_str(text), 0600);
	free(text);
	json_decref(all);
	return e;
}

err record_save(struct record *r)
{
	struct place p;

	if (r->dry)
		return OK;
	err e = place_look(r->root, r->path, &p);
	if (ok(e) && json_array_size(r->files) > 0) {
		e = write_down(r, &p);
		if (ok(e))
			trail_wipe(r->root, r->path);
	} else if (ok(e) && p.there) {
		e = place_remove(&p);
	}
	place_free(&p);
	return named(r, e);
}

/* The folders that are empty now: those on the way to the record, or the others. */
static void remove_folders(struct record *r, bool own)
{
	for (size_t i = json_array_size(r->folders); i-- > 0;) {
		const char *folder = json_string_value(json_array_get(r->folders, i));
		bool on_the_way = folder && trail_passes(folder, r->path);

		if (folder && on_the_way == own && (rmdir(folder) == 0 || errno == ENOENT))
			json_array_remove(r->folders, i);
	}
}

err record_end(struct record *r)
{
	if (r->dry)
		return OK;
	remove_folders(r, false);
	if (json_array_size(r->files) > 0)
		return record_save(r);
	err e = trail_leave(r->root, r->path, r->folders);	/* the record is no more, the folders still are */
	if (!ok(e))
		(void)say_forget();
	TRY(record_save(r));
	/* where none is known of, it may be of a run that was killed */
	char *slash = strrchr(r->path, '/');

	*slash = 0;
	(void)rmdir(r->path);
	*slash = '/';
	remove_folders(r, true);
	trail_wipe(r->root, r->path);
	return OK;
}

void record_close(struct record *r)
{
	if (r->lock >= 0)
		close(r->lock);
	json_decref(r->files);
	json_decref(r->folders);
	*r = (struct record){ .lock = -1 };
}

json_t *record_find(const struct record *r, const char *file)
{
	size_t i;
	json_t *row;

	json_array_foreach(r->files, i, row) {
		const char *f = json_string_value(json_object_get(row, "file"));

		if (f && strcmp(f, file) == 0)
			return row;
	}
	return NULL;
}

void record_own(json_t *row, const struct owner *o)
{
	json_t *owners = json_object_get(row, "owners"), *new = json_pack("{s:s, s:s}", "program", o->program,
									    "path", o->path);
	bool known = false;
	size_t i;
	json_t *old;

	json_array_foreach(owners, i, old)
		known = known || json_equal(old, new);
	if (new && !known)
		json_array_append(owners, new);
	json_decref(new);
}

err record_add(struct record *r, const char *file, enum form form, const struct owner *o, const struct edit *e,
	       bool created)
{
	json_t *old = record_find(r, file);
	json_t *owners = old ? json_deep_copy(json_object_get(old, "owners")) : json_array();
	json_t *row = json_pack("{s:s, s:s, s:o}", "file", file, "form", form_word(form), "owners", owners);

	if (!row)
		return say_fail(FAIL(FILE), _("its name is not UTF-8"));
	record_own(row, o);
	if (e) {
		json_object_set_new(row, "at", json_integer((json_int_t)e->at));
		json_object_set_new(row, "text", json_string(e->text));
		json_object_set_new(row, "levels", json_integer(e->levels));
		json_object_set_new(row, "created", json_boolean(created));
	} else {
		json_object_set_new(row, "kept", json_true());
	}
	record_drop(r, file);
	json_array_append_new(r->files, row);
	return OK;
}

void record_drop(struct record *r, const char *file)
{
	for (size_t i = json_array_size(r->files); i-- > 0;) {
		const char *f = json_string_value(json_object_get(json_array_get(r->files, i), "file"));

		if (f && strcmp(f, file) == 0)
			json_array_remove(r->files, i);
	}
}

bool record_edit(const json_t *row, struct edit *e)
{
	const char *text = json_string_value(json_object_get(row, "text"));
	json_int_t at = json_integer_value(json_object_get(row, "at"));
	json_int_t levels = json_integer_value(json_object_get(row, "levels"));

	*e = (struct edit){ .at = at < 0 ? 0 : (size_t)at, .text = text ? strdup(text) : NULL,
			    .levels = levels < 0 || levels > 3 ? 0 : (unsigned)levels };
	return e->text != NULL;
}

enum form record_form(const json_t *row)
{
	return form_of(json_string_value(json_object_get(row, "form")),
		       json_string_value(json_object_get(row, "file")),
		       json_string_value(json_object_get(row, "text")));
}

static bool busy_beside(const char *file, const char **why)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof folder, "%s", file);
	char *slash = strrchr(folder, '/');
	if (slash)
		*slash = 0;
	return profile_busy(folder, why);
}

bool record_busy(const json_t *row, const char *file, const char **why)
{
	size_t i;
	json_t *owner;

	if (busy_beside(file, why))
		return true;
	json_array_foreach(json_object_get(row, "owners"), i, owner) {
		const char *path = json_string_value(json_object_get(owner, "path"));

		if (path && busy_beside(path, why))
			return true;
	}
	return false;
}
