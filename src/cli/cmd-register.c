/* register: makes the PKCS#11 module known to the programs that use tokens. */
#include "config.h"
#include <stdlib.h>
#include "place.h"
#include "register.h"
#include "regrecord.h"
#include "whole.h"

/* Where our own entry names another module, as one that was installed elsewhere before: the file without
 * it. SPAN_NONE in *base: the file was ours alone. *ours: there was such an entry. */
static err without_ours(const struct place *p, const json_t *row, bool *ours, struct span *base)
{
	struct edit old = { 0 };
	enum form form = row ? record_form(row) : FORM_WHOLE;

	*ours = row && record_edit(row, &old);
	err e = OK;
	if (*ours && form == FORM_WHOLE)	/* as it was put in; what a person edited is looked at otherwise */
		*ours = edit_take_back(p->text, &old, base);
	else if (*ours)
		e = entry_take_back(form, p->text, &old, base);
	*ours = *ours && ok(e) && base->p;
	edit_free(&old);
	if (*ours && entry_bare(form, *base) && json_is_true(json_object_get(row, "created"))) {
		free((void *)(uintptr_t)base->p);
		*base = SPAN_NONE;
	}
	return e;
}

static err fit_to_write(const struct target *t, const struct place *p, const json_t *row)
{
	const char *why;

	TRY(place_writable(p));
	if (t->form == FORM_SECMOD && (record_busy(row, p->path, &why) || record_busy(NULL, t->path, &why)))
		return say_fail(FAIL(FILE), "%s", why);
	return OK;
}

/* Writes the record, the folders and the file, in this order. */
static err put(struct survey *s, const struct target *t, const struct place *p, struct record *r,
	       const struct edit *edit, bool created, struct span after)
{
	TRY(record_add(r, p->path, t->form, &(struct owner){ programs[t->program].word, t->path }, edit, created));
	place_missing(p, r->folders);
	err e = record_save(r);
	if (ok(e))
		e = place_folders(p, s->system ? 0755 : 0700);
	if (ok(e))
		e = place_write(p, after, t->form == FORM_SECMOD ? 0600 : 0644);
	return e;
}

/* Makes the file this one; edit is what will be taken back. */
static err change(struct survey *s, const struct target *t, const struct place *p, struct record *r,
		  struct span after, const struct edit *edit)
{
	json_t *old = record_find(r, p->path);
	bool created = !p->there || t->form == FORM_WHOLE || json_is_true(json_object_get(old, "created"));
	err e = after.p ? fit_to_write(t, p, old) : FAIL(GENERAL);

	if (ok(e)) {
		json_t *row = survey_row(s, t->program, t->path, "registered");
		char *diff = edit_diff(p->text, after);

		json_object_set_new(row, "diff", json_string(diff ? diff : ""));
		free(diff);
		json_incref(old);
		if (s->dry)
			json_object_set_new(s->seen, p->path, json_true());
		else
			e = put(s, t, p, r, edit, created, after);
		if (!ok(e)) {
			json_array_remove(s->rows, json_array_size(s->rows) - 1);
			record_drop(r, p->path);
			if (old)
				json_array_append(r->files, old);
		}
		json_decref(old);
	}
	return e;
}

/* The module is there: its program is one more that uses it from there. */
static err there_already(struct survey *s, const struct target *t, const struct place *p, struct record *r)
{
	struct owner o = { programs[t->program].word, t->path };
	json_t *row = record_find(r, p->path);

	if (row)
		record_own(row, &o);
	else if (t->form != FORM_WHOLE)
		TRY(record_add(r, p->path, t->form, &o, NULL, false));
	survey_row(s, t->program, t->path, "already");
	return OK;
}

/* What to do with a file that has another entry of our name, or text of another kind: *look anew. *after: what
 * it will be where that is not the edit made to *base, which the caller frees. */
static err look_again(const struct target *t, const struct place *p, const json_t *row, const struct entry *want,
		      enum look *look, struct edit *edit, struct span *base, struct span *after)
{
	bool ours = false;

	TRY(without_ours(p, row, &ours, base));
	if (ours)
		TRY(entry_look(want, *base, look, edit));
	if (*look != LOOK_OTHER || t->form != FORM_WHOLE)
		return OK;
	TRY(whole_look(p->text, t->text, want->module, json_string_value(json_object_get(row, "text")), look, after));
	edit->text = after->p ? strdup(t->text) : NULL;
	return !after->p || edit->text ? OK : FAIL(GENERAL);
}

static err other_there(const struct target *t)
{
	if (t->form == FORM_WHOLE)
		return say_fail(FAIL(REFUSED), _("it is another file than bsre-token's: "
						 "move it away and run the command again"));
	return say_fail(FAIL(REFUSED), _("another module is called bsre-token there"));
}

/* One file, with what stands in it. */
static err tell(struct survey *s, const struct target *t, const struct place *p, struct record *r)
{
	struct entry want = { t->form, s->root, t->path, s->module, t->text };
	struct span base = p->text, less = SPAN_NONE, after = SPAN_NONE;
	struct edit edit = { 0 };
	enum look look;

	TRY(entry_look(&want, base, &look, &edit));
	err e = OK;
	if (look == LOOK_OTHER) {
		e = look_again(t, p, record_find(r, p->path), &want, &look, &edit, &less, &after);
		base = less;
	}
	if (ok(e) && look == LOOK_MISSING && !after.p)
		after = edit_make(base, &edit);
	if (ok(e))
		e = look == LOOK_OTHER ? other_there(t) : look == LOOK_THERE ? there_already(s, t, p, r) :
		    change(s, t, p, r, after, &edit);
	edit_free(&edit);
	free((void *)(uintptr_t)less.p);
	free((void *)(uintptr_t)after.p);
	return e;
}

/* The record is JSON. */
static bool can_be_recorded(const char *path)
{
	json_t *j = json_string(path);

	json_decref(j);
	return j != NULL;
}

static void do_target(struct survey *s, const struct target *t, struct record *r)
{
	struct place p;

	err e = place_look(s->root, t->path, &p);
	if (ok(e) && !(can_be_recorded(p.path) && can_be_recorded(t->path)))
		e = say_fail(FAIL(FILE), _("its name is not UTF-8"));
	if (ok(e) && !s->dry)
		place_sweep(&p);
	if (ok(e) && json_object_get(s->seen, p.path))		/* in a try: it would be there by now */
		survey_row(s, t->program, t->path, "already");
	else if (ok(e))
		e = tell(s, t, &p, r);
	if (!ok(e)) {
		const char *why = say_forget();

		json_object_set_new(survey_row(s, t->program, t->path, "failed"), "reason",
				    json_string(why ? why : _(err_text(e))));
	}
	place_free(&p);
}

err cmd_register(struct cli *c)
{
	struct survey s;
	struct record r = { .lock = -1 };
	err e = survey_begin(c, &s, false);
	bool begun = ok(e);

	if (ok(e))
		e = record_open(&r, s.root, s.record, s.system ? 0755 : 0700, s.dry);
	if (ok(e)) {
		for (size_t i = 0; i < s.n; i++)
			do_target(&s, &s.targets[i], &r);
		e = record_end(&r);
	}
	err end = survey_end(&s, begun && ok(e));
	record_close(&r);
	survey_free(&s);
	return ok(e) ? end : e;
}
