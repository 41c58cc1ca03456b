/* LibreOffice, which has no modules of its own but uses a Mozilla profile: the one that it would take. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "place.h"
#include "profiles.h"
#include "register.h"

/* Unescapes XML's five entities in place. */
static void from_xml(char *s)
{
	static const struct { const char *name; char c; } entities[] = {
		{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&apos;", '\'' },
	};
	char *out = s;

	while (*s) {
		size_t n = 1;
		char c = *s;

		for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
			if (strncmp(s, entities[i].name, strlen(entities[i].name)) == 0) {
				n = strlen(entities[i].name);
				c = entities[i].c;
			}
		*out++ = c;
		s += n;
	}
	*out = 0;
}

/* What decides the profile cannot be read: it is named, for another profile would be a guess. */
static err cannot_tell(struct survey *s, const char *file, err e)
{
	const char *why = say_forget();

	json_object_set_new(survey_row(s, s->now, file, "failed"), "reason",
			    json_string(why ? why : _(err_text(e))));
	return e;
}

/* The folder that a person chose in LibreOffice, where it is there; out[0] 0: none. */
static err chosen_folder(struct survey *s, char *out, size_t size)
{
	char path[PATH_MAX + 64];
	struct place p = { .there = false };
	bool found = false;

	snprintf(path, sizeof path, "%s/libreoffice/4/user/registrymodifications.xcu", s->config);
	err e = strlen(path) < PATH_MAX ? place_look("", path, &p) : FAIL(FILE);
	if (!ok(e)) {
		place_free(&p);
		return cannot_tell(s, path, e);
	}
	const char *prop = p.text.n ? strstr((const char *)p.text.p, "oor:name=\"CertDir\"") : NULL;
	const char *value = prop ? strstr(prop, "<value>") : NULL;
	const char *end = value ? strstr(value, "</value>") : NULL;
	const char *next = prop ? strstr(prop, "</item>") : NULL;

	if (end && next && end < next && (size_t)(end - value) - 7 < size) {
		snprintf(out, size, "%.*s", (int)(end - value) - 7, value + 7);
		from_xml(out);
		found = out[0] == '/' && access(out, F_OK) == 0;
	}
	place_free(&p);
	if (!found)
		out[0] = 0;
	return OK;
}

/* The profile that is preferred, else the first by name; out[0] 0: none. */
static err profile_of(struct survey *s, const char *beneath, char *out, size_t size)
{
	char folder[PATH_MAX + 64];
	json_t *all = json_array(), *best = NULL, *row;
	size_t i;

	snprintf(folder, sizeof folder, "%s/%s", s->home, beneath);
	err e = profiles_read(folder, all);
	if (!ok(e)) {
		snprintf(folder + strlen(folder), sizeof folder - strlen(folder), "/profiles.ini");
		e = cannot_tell(s, folder, e);
	}
	json_array_foreach(all, i, row) {
		bool preferred = json_is_true(json_object_get(row, "preferred"));
		bool kept = best && json_is_true(json_object_get(best, "preferred"));

		if (!best || preferred || (!kept && strcmp(json_string_value(json_object_get(row, "name")),
							   json_string_value(json_object_get(best, "name"))) < 0))
			best = row;
	}
	if (best)
		snprintf(out, size, "%s", json_string_value(json_object_get(best, "folder")));
	json_decref(all);
	return e;
}

/* The order in which LibreOffice looks. An error is a row already; out[0] 0: there is none. */
static err find_folder(struct survey *s, char *out, size_t size)
{
	static const char *const profiles[] = { ".thunderbird", ".mozilla/firefox", ".mozilla/seamonkey" };
	const char *set = secure_getenv("MOZILLA_CERTIFICATE_FOLDER");

	out[0] = 0;
	if (set && set[0]) {
		snprintf(out, size, "%s", strncmp(set, "sql:", 4) == 0 ? set + 4 : set);
		if (out[0] != '/')
			out[0] = 0;
		return OK;
	}
	TRY(chosen_folder(s, out, size));
	for (size_t i = 0; !out[0] && i < sizeof profiles / sizeof profiles[0]; i++)
		TRY(profile_of(s, profiles[i], out, size));
	return OK;
}

err program_libreoffice(struct survey *s)
{
	char folder[PATH_MAX];
	struct stat st;

	if (s->system) {
		survey_absent(s, _("it uses a profile of each user: each user runs 'bsre-token register --user'"));
		return OK;
	}
	if (!ok(find_folder(s, folder, sizeof folder)))
		return OK;
	if (folder[0] && stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
		return survey_target(s, FORM_SECMOD, NULL, "%s/pkcs11.txt", folder);
	if (folder[0])
		json_object_set_new(survey_row(s, s->now, folder, "absent"), "reason",
				    json_string(_("the profile's folder is not there")));
	else
		survey_absent(s, _("it finds no profile of Thunderbird or Firefox: choose one in LibreOffice under "
				   "Tools, Options, Security, Certificate, then run the command again"));
	return OK;
}
