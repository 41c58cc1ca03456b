/* unregister: takes back what register did, byte for byte; and our entries that no record tells of. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "place.h"
#include "policies.h"
#include "register.h"
#include "regrecord.h"
#include "secmod.h"

/* row: of the record; NULL: none. seen: where its program finds the file. */
static err write_less(const struct survey *s, enum form form, const json_t *row, const char *seen,
		      const struct place *p, struct span less)
{
	bool created = row ? json_is_true(json_object_get(row, "created")) : form == FORM_WHOLE;
	const char *why;

	TRY(place_writable(p));
	if (form == FORM_SECMOD && (record_busy(row, p->path, &why) || record_busy(NULL, seen, &why)))
		return say_fail(FAIL(FILE), "%s", why);
	if (s->dry)
		return OK;
	return created && entry_bare(form, less) ? place_remove(p) : place_write(p, less, 0600);
}

static void row_with_diff(struct survey *s, enum program program, const struct place *p, struct span less)
{
	json_t *row = survey_row(s, program, p->path, "removed");
	char *diff = edit_diff(p->text, less);

	json_object_set_new(row, "diff", json_string(diff ? diff : ""));
	free(diff);
}

static void row_failed(struct survey *s, enum program program, const char *file, err e)
{
	const char *why = say_forget();

	json_object_set_new(survey_row(s, program, file, "failed"), "reason", json_string(why ? why : _(err_text(e))));
}

static void row_kept(struct survey *s, enum program program, const char *file, const char *why)
{
	json_object_set_new(survey_row(s, program, file, "kept"), "reason", json_string(why));
}

/* A file of the record, which nobody uses any more. */
static err undo(struct survey *s, enum program program, const json_t *row, struct place *p)
{
	struct edit edit = { 0 };
	struct span less = SPAN_NONE;

	TRY(place_look(s->root, json_string_value(json_object_get(row, "file")), p));
	if (!s->dry)
		place_sweep(p);
	if (!p->there) {
		survey_row(s, program, p->path, "absent");
		return OK;
	}
	if (!record_edit(row, &edit)) {
		row_kept(s, program, p->path, _("it knew the module before register"));
		return OK;
	}
	err e = entry_take_back(record_form(row), p->text, &edit, &less);
	if (ok(e) && less.p)
		e = write_less(s, record_form(row), row, p->path, p, less);
	if (ok(e) && less.p)
		row_with_diff(s, program, p, less);
	else if (ok(e))
		survey_row(s, program, p->path, "absent");
	edit_free(&edit);
	free((void *)(uintptr_t)less.p);
	return e;
}

static enum program program_of(const json_t *owner)
{
	const char *word = json_string_value(json_object_get(owner, "program"));

	for (int i = 0; i < PROGRAM_COUNT; i++)
		if (word && strcmp(programs[i].word, word) == 0)
			return (enum program)i;
	return PROGRAM_COUNT;
}

/* Takes the programs that were chosen from the row's owners; *gone: the first of them, PROGRAM_COUNT: none.
 * Who is left, as people call it; NULL: nobody. */
static const char *disown(const struct survey *s, json_t *row, enum program *gone)
{
	json_t *owners = json_object_get(row, "owners");
	const char *left = NULL;

	*gone = PROGRAM_COUNT;
	for (size_t i = json_array_size(owners); i-- > 0;) {
		json_t *owner = json_array_get(owners, i);
		enum program program = program_of(owner);

		if (program != PROGRAM_COUNT && s->chosen[program]) {
			*gone = program;
			json_array_remove(owners, i);
		} else {
			const char *word = json_string_value(json_object_get(owner, "program"));

			left = program != PROGRAM_COUNT ? programs[program].name : word ? say_clean(word) : "?";
		}
	}
	return left;
}

static void kept_for(struct survey *s, enum program program, const char *file, const char *other)
{
	char why[512];

	snprintf(why, sizeof why, _("%s uses the module from there as well"), other);
	row_kept(s, program, file, why);
}

/* A row of the record; true: it may go. */
static bool undo_row(struct survey *s, json_t *row)
{
	const char *file = json_string_value(json_object_get(row, "file"));
	json_t *before = json_deep_copy(json_object_get(row, "owners"));
	struct place p = { .there = false };
	enum program program;
	const char *left = disown(s, row, &program);
	bool done = false;

	if (program != PROGRAM_COUNT && file) {
		json_object_set_new(s->seen, file, json_true());
		if (left) {
			kept_for(s, program, file, left);
		} else {
			json_object_set(row, "owners", before);		/* their profiles may be open */
			err e = undo(s, program, row, &p);
			if (!ok(e))
				row_failed(s, program, file, e);
			done = ok(e);
		}
	}
	place_free(&p);
	json_decref(before);
	return done;
}

static void undo_record(struct survey *s, struct record *r)
{
	for (size_t i = json_array_size(r->files); i-- > 0;)
		if (undo_row(s, json_array_get(r->files, i)))
			json_array_remove(r->files, i);
}

/* A file that no record tells of: an entry of our name for a module of our file name, as Firefox copies it
 * from policies.json into each profile. */
static err undo_found(struct survey *s, const struct target *t, const struct record *r, struct place *p)
{
	struct edit edit = { .text = t->text };
	struct span less = SPAN_NONE;
	json_t *row;
	enum program gone;

	TRY(place_look(s->root, t->path, p));
	if (!s->dry)
		place_sweep(p);
	if (!p->there || json_object_get(s->seen, p->path))
		return OK;
	json_object_set_new(s->seen, p->path, json_true());
	if ((row = record_find(r, p->path))) {		/* of a program that was not named */
		const char *left = disown(s, row, &gone);

		kept_for(s, t->program, p->path, left ? left : "?");
		return OK;
	}
	err e = OK;
	if (t->form == FORM_SECMOD)
		e = secmod_cut(p->text, MODULE_NAME, s->module, &less);
	else if (t->form == FORM_POLICIES)
		e = policies_cut(p->text, MODULE_NAME, s->module, 0, &less);
	else if (!edit_take_back(p->text, &edit, &less) || less.n)
		return OK;
	if (ok(e) && less.p)
		e = write_less(s, t->form, NULL, t->path, p, less);
	if (ok(e) && less.p)
		row_with_diff(s, t->program, p, less);
	free((void *)(uintptr_t)less.p);
	return e;
}

err cmd_unregister(struct cli *c)
{
	struct survey s;
	struct record r = { .lock = -1 };
	err e = survey_begin(c, &s, true);
	bool begun = ok(e);

	if (ok(e))
		e = record_open(&r, s.root, s.record, s.system ? 0755 : 0700, s.dry);
	if (ok(e)) {
		json_array_clear(s.rows);		/* what is not there needs no row here */
		json_array_clear(s.use);
		undo_record(&s, &r);
		for (size_t i = 0; i < s.n; i++) {
			struct place p = { .there = false };
			err found = undo_found(&s, &s.targets[i], &r, &p);

			if (!ok(found))
				row_failed(&s, s.targets[i].program, s.targets[i].path, found);
			place_free(&p);
		}
		e = record_end(&r);
	}
	err end = survey_end(&s, begun && ok(e));
	record_close(&r);
	survey_free(&s);
	return ok(e) ? end : e;
}
