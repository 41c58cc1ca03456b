/* unregister: takes back what register did, byte for byte; and our entries that no record tells of. */
#include "config.h"
#include <stdlib.h>
#include "place.h"
#include "policies.h"
#include "profiles.h"
#include "register.h"
#include "regrecord.h"
#include "secmod.h"

/* The entry cut out by what it says, where it is not there any more as it was put in; out->p NULL: it is
 * not there at all. */
static err cut_entry(const struct place *p, const struct edit *e, struct span *out)
{
	switch (form_of(p->path)) {
	case FORM_SECMOD:
		return secmod_cut(p->text, MODULE_NAME, e->text, out);
	case FORM_POLICIES:
		return policies_cut(p->text, MODULE_NAME, e->text, e->levels, out);
	case FORM_WHOLE:
		break;
	}
	*out = edit_take_lines(p->text, e);
	if (out->n == p->text.n) {
		free((void *)(uintptr_t)out->p);
		*out = SPAN_NONE;
	}
	return OK;
}

static err take_back(const struct place *p, const struct edit *e, struct span *out)
{
	enum form form = form_of(p->path);

	*out = SPAN_NONE;
	if (form == FORM_SECMOD ? secmod_take_back(p->text, e, out) : edit_take_back(p->text, e, out)) {
		if (form != FORM_POLICIES || policies_good(*out) || !out->n)
			return OK;
		free((void *)(uintptr_t)out->p);	/* changed around it: cut by what it says */
		*out = SPAN_NONE;
	}
	return cut_entry(p, e, out);
}

/* Nothing is left but what a file of this kind has at least. */
static bool bare(const struct place *p, struct span text)
{
	if (form_of(p->path) == FORM_POLICIES) {
		json_t *j = json_loadb((const char *)text.p, text.n, 0, NULL);
		bool none = json_is_object(j) && json_object_size(j) == 0;

		json_decref(j);
		return none || !text.n;
	}
	return !text.n;
}

static err write_less(const struct survey *s, const struct place *p, struct span less, bool created)
{
	const char *why;

	TRY(place_writable(p));
	if (form_of(p->path) == FORM_SECMOD && profile_busy(p->folder, &why))
		return say_fail(FAIL(FILE), "%s", why);
	if (s->dry)
		return OK;
	return created && bare(p, less) ? place_remove(p) : place_write(p, less, 0600);
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

/* A file of the record. *done: its row may go. */
static err undo(struct survey *s, enum program program, const json_t *row, struct place *p, bool *done)
{
	struct edit edit = { 0 };
	struct span less = SPAN_NONE;
	bool created = json_is_true(json_object_get(row, "created"));

	TRY(place_look(s->root, json_string_value(json_object_get(row, "file")), p));
	if (!s->dry)
		place_sweep(p);
	*done = true;
	if (!p->there || !record_edit(row, &edit)) {
		survey_row(s, program, p->path, p->there ? "kept" : "absent");
		return OK;
	}
	err e = take_back(p, &edit, &less);
	if (ok(e) && less.p)
		e = write_less(s, p, less, created);
	if (ok(e) && less.p)
		row_with_diff(s, program, p, less);
	else if (ok(e))
		survey_row(s, program, p->path, "absent");
	*done = ok(e);
	edit_free(&edit);
	free((void *)(uintptr_t)less.p);
	return e;
}

static enum program program_of(const json_t *row)
{
	const char *word = json_string_value(json_object_get(row, "program"));

	for (int i = 0; i < PROGRAM_COUNT; i++)
		if (word && strcmp(programs[i].word, word) == 0)
			return (enum program)i;
	return PROGRAM_COUNT;
}

static void undo_record(struct survey *s, struct record *r)
{
	for (size_t i = json_array_size(r->files); i-- > 0;) {
		json_t *row = json_array_get(r->files, i);
		enum program program = program_of(row);
		const char *file = json_string_value(json_object_get(row, "file"));
		struct place p = { .there = false };
		bool done = false;

		if (program == PROGRAM_COUNT || !s->chosen[program] || !file)
			continue;
		json_object_set_new(s->seen, file, json_true());
		err e = undo(s, program, row, &p, &done);
		if (!ok(e))
			row_failed(s, program, file, e);
		else if (done)
			json_array_remove(r->files, i);
		place_free(&p);
	}
}

/* A file that no record tells of: an entry of our name for a module of our file name, as Firefox copies it
 * from policies.json into each profile. */
static err undo_found(struct survey *s, const struct target *t, const struct record *r, struct place *p)
{
	struct edit edit = { .text = t->text };
	struct span less = SPAN_NONE;

	TRY(place_look(s->root, t->path, p));
	if (!s->dry)
		place_sweep(p);
	if (!p->there || json_object_get(s->seen, p->path))
		return OK;
	json_object_set_new(s->seen, p->path, json_true());
	if (record_find(r, p->path)) {		/* of a program that was not named and uses it as well */
		survey_row(s, t->program, p->path, "kept");
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
		e = write_less(s, p, less, t->form == FORM_WHOLE);
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
		e = record_open(&r, s.root, s.record, s.dry);
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
