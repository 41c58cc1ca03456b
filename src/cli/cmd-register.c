/* register: makes the PKCS#11 module known to the programs that use tokens. */
#include "config.h"
#include <stdlib.h>
#include "place.h"
#include "policies.h"
#include "profiles.h"
#include "register.h"
#include "regrecord.h"
#include "secmod.h"

/* What the file says of us, and the edit that tells it. */
static err look_at(const struct survey *s, const struct target *t, const struct place *p, struct span text,
		   enum look *look, struct edit *edit)
{
	if (t->form == FORM_SECMOD)
		return secmod_look(text, p->folder, MODULE_NAME, s->module, look, edit);
	if (t->form == FORM_POLICIES)
		return policies_look(text, s->root, MODULE_NAME, s->module, look, edit);
	*edit = (struct edit){ 0 };
	*look = !text.p ? LOOK_MISSING : memmem(text.p, text.n, t->text, strlen(t->text)) ? LOOK_THERE : LOOK_OTHER;
	if (*look == LOOK_MISSING && !(edit->text = strdup(t->text)))
		return FAIL(GENERAL);
	return OK;
}

/* Where our own entry names another module, as one that was installed elsewhere before: the file without
 * it. SPAN_NONE in *base: it is not ours, or the file was ours alone. */
static bool without_ours(const struct place *p, const json_t *row, struct span *base)
{
	struct edit old = { 0 };
	bool list = form_of(p->path) == FORM_SECMOD;
	bool ours = row && record_edit(row, &old) &&
		    (list ? secmod_take_back(p->text, &old, base) : edit_take_back(p->text, &old, base));

	edit_free(&old);
	if (ours && !base->n && json_is_true(json_object_get(row, "created"))) {
		free((void *)(uintptr_t)base->p);
		*base = SPAN_NONE;
	}
	return ours;
}

static err fit_to_write(const struct target *t, const struct place *p)
{
	const char *why;

	TRY(place_writable(p));
	if (t->form == FORM_SECMOD && profile_busy(p->folder, &why))
		return say_fail(FAIL(FILE), "%s", why);
	return OK;
}

/* Writes the record, the folders and the file, in this order. */
static err put(struct survey *s, const struct target *t, const struct place *p, struct record *r,
	       const struct edit *edit, bool created, struct span after)
{
	TRY(record_add(r, p->path, programs[t->program].word, edit, created));
	place_missing(p, r->folders);
	err e = record_save(r);
	if (ok(e))
		e = place_folders(p, s->system ? 0755 : 0700);
	if (ok(e))
		e = place_write(p, after, t->form == FORM_SECMOD ? 0600 : 0644);
	return e;
}

/* Makes the change to base, which is the file or what is left of it without an old entry of ours. */
static err change(struct survey *s, const struct target *t, const struct place *p, struct record *r,
		  struct span base, const struct edit *edit)
{
	json_t *old = record_find(r, p->path);
	bool created = !p->there || json_is_true(json_object_get(old, "created"));
	struct span after = edit_make(base, edit);
	err e = after.p ? fit_to_write(t, p) : FAIL(GENERAL);

	if (ok(e)) {
		json_t *row = survey_row(s, t->program, t->path, "registered");
		char *diff = edit_diff(p->text, after);

		json_object_set_new(row, "diff", json_string(diff ? diff : ""));
		free(diff);
		json_incref(old);
		if (!s->dry)
			e = put(s, t, p, r, edit, created, after);
		if (!ok(e)) {
			json_array_remove(s->rows, json_array_size(s->rows) - 1);
			record_drop(r, p->path);
			if (old)
				json_array_append(r->files, old);
		}
		json_decref(old);
	}
	free((void *)(uintptr_t)after.p);
	return e;
}

/* One file, with what stands in it. */
static err tell(struct survey *s, const struct target *t, const struct place *p, struct record *r)
{
	struct span base = p->text, less = SPAN_NONE;
	json_t *row = record_find(r, p->path);
	struct edit edit = { 0 };
	enum look look;

	TRY(look_at(s, t, p, base, &look, &edit));
	if (look == LOOK_OTHER && without_ours(p, row, &less)) {
		base = less;
		TRY(look_at(s, t, p, base, &look, &edit));
	}
	err e = OK;
	if (look == LOOK_OTHER) {
		e = say_fail(FAIL(REFUSED), t->form == FORM_WHOLE ? _("it is another file than bsre-token's") :
			     _("another module is called bsre-token there"));
	} else if (look == LOOK_THERE) {
		survey_row(s, t->program, t->path, "already");
		if (!row && t->form != FORM_WHOLE)
			e = record_add(r, p->path, programs[t->program].word, NULL, false);
	} else {
		e = change(s, t, p, r, base, &edit);
	}
	edit_free(&edit);
	free((void *)(uintptr_t)less.p);
	return e;
}

/* A file that is planned already in a try would be there when this one's turn came. */
static bool planned(const struct survey *s, const struct target *t)
{
	for (const struct target *u = s->targets; u < t; u++)
		if (strcmp(u->path, t->path) == 0)
			return s->dry;
	return false;
}

static void do_target(struct survey *s, const struct target *t, struct record *r)
{
	struct place p;

	if (planned(s, t)) {
		survey_row(s, t->program, t->path, "already");
		return;
	}
	err e = place_look(s->root, t->path, &p);
	if (ok(e) && !s->dry)
		place_sweep(&p);
	if (ok(e))
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
		e = record_open(&r, s.root, s.record, s.dry);
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
