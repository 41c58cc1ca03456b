/* The forms told apart: what is looked for, put in and taken out in each of them. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "entry.h"
#include "policies.h"
#include "register.h"
#include "secmod.h"
#include "whole.h"

static const char *const words[] = {
	[FORM_WHOLE] = "whole", [FORM_SECMOD] = "secmod", [FORM_POLICIES] = "policies",
};

const char *form_word(enum form form) { return words[form]; }

enum form form_of(const char *word, const char *path, const char *text)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; word && i < sizeof words / sizeof words[0]; i++)
		if (strcmp(word, words[i]) == 0)
			return (enum form)i;
	/* a link may have led from one name to the other, so the text says more */
	if (text && strstr(text, "name=" MODULE_NAME "\n"))
		return FORM_SECMOD;
	if (text && strstr(text, "\"" MODULE_NAME "\":"))
		return FORM_POLICIES;
	if (strcmp(name, "pkcs11.txt") == 0)
		return FORM_SECMOD;
	return strcmp(name, "policies.json") == 0 ? FORM_POLICIES : FORM_WHOLE;
}

err entry_look(const struct entry *want, struct span file, enum look *look, struct edit *edit)
{
	char folder[PATH_MAX];

	*edit = (struct edit){ 0 };
	if (want->form == FORM_POLICIES)
		return policies_look(file, want->root, MODULE_NAME, want->module, look, edit);
	if (want->form == FORM_SECMOD) {
		snprintf(folder, sizeof folder, "%s", want->path);
		char *slash = strrchr(folder, '/');
		if (slash)
			*slash = 0;
		return secmod_look(file, folder, MODULE_NAME, want->module, look, edit);
	}
	*look = !file.p ? LOOK_MISSING :
		memmem(file.p, file.n, want->whole, strlen(want->whole)) ? LOOK_THERE : LOOK_OTHER;
	if (*look == LOOK_MISSING && !(edit->text = strdup(want->whole)))
		return FAIL(GENERAL);
	return OK;
}

/* Cut out by what it says, where it is not there any more as it was put in. */
static err cut(enum form form, struct span file, const struct edit *e, struct span *out)
{
	switch (form) {
	case FORM_SECMOD:
		return secmod_cut(file, MODULE_NAME, e->text, out);
	case FORM_POLICIES:
		return policies_cut(file, MODULE_NAME, e->text, e->levels, out);
	case FORM_WHOLE:
		break;
	}
	*out = whole_take(file, e);
	if (out->n == file.n) {
		free((void *)(uintptr_t)out->p);
		*out = SPAN_NONE;
	}
	return OK;
}

err entry_take_back(enum form form, struct span file, const struct edit *e, struct span *out)
{
	*out = SPAN_NONE;
	if (form == FORM_SECMOD ? secmod_take_back(file, e, out) : edit_take_back(file, e, out)) {
		if (form != FORM_POLICIES || policies_good(*out) || !out->n)
			return OK;
		free((void *)(uintptr_t)out->p);	/* changed around it */
		*out = SPAN_NONE;
	}
	return cut(form, file, e, out);
}

bool entry_bare(enum form form, struct span file)
{
	if (form == FORM_POLICIES) {
		json_t *j = json_loadb((const char *)file.p, file.n, 0, NULL);
		bool none = json_is_object(j) && json_object_size(j) == 0;

		json_decref(j);
		return none || !file.n;
	}
	return !file.n;
}
