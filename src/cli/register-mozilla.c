/* What Firefox and Thunderbird share: profiles of a user, policies of the system. */
#include "config.h"
#include <stdio.h>
#include <sys/stat.h>
#include "place.h"
#include "profiles.h"
#include "register.h"

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* "~" and "%" at the front stand for the home and the configuration folder. */
static void expand(const struct survey *s, const char *pattern, char *out, size_t size)
{
	snprintf(out, size, "%s%s", pattern[0] == '~' ? s->home : s->config, pattern + 1);
}

static bool seen_before(const json_t *all, size_t at, const char *folder)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(json_string_value(json_object_get(json_array_get(all, i), "folder")), folder) == 0)
			return true;
	return false;
}

static err profile_targets(struct survey *s, const json_t *all)
{
	size_t i;
	json_t *row;

	json_array_foreach(all, i, row) {
		const char *folder = json_string_value(json_object_get(row, "folder"));

		if (seen_before(all, i, folder))
			continue;
		if (is_folder(folder))
			TRY(survey_target(s, FORM_SECMOD, NULL, "%s/pkcs11.txt", folder));
		else
			json_object_set_new(survey_row(s, s->now, folder, "absent"), "reason",
					    json_string(_("the profile's folder is not there")));
	}
	return OK;
}

static err find_profiles(struct survey *s, const struct mozilla *m)
{
	json_t *all = json_array();
	char folder[PATH_MAX];
	err e = OK;

	for (size_t i = 0; i < sizeof m->profiles / sizeof m->profiles[0] && m->profiles[i] && ok(e); i++) {
		expand(s, m->profiles[i], folder, sizeof folder);
		e = profiles_read(folder, all);
		if (!ok(e)) {			/* named, and the others go on */
			const char *why = say_forget();

			snprintf(folder + strlen(folder), sizeof folder - strlen(folder), "/profiles.ini");
			json_object_set_new(survey_row(s, s->now, folder, "failed"), "reason",
					    json_string(why ? why : _(err_text(e))));
			e = OK;
		}
	}
	if (json_array_size(all) == 0)
		survey_absent(s, survey_installed(s, m->commands) ?
			      _("there is no profile yet: start it once, then run the command again") :
			      _("it is not installed"));
	else
		e = profile_targets(s, all);
	json_decref(all);
	return e;
}

/* The file that each installation reads: the system's where it is there, for then no other is read; else
 * its own where it has one; else the system's is made, unless that would hide another's own. */
static err find_policies(struct survey *s, const struct mozilla *m)
{
	char path[PATH_MAX + 64];
	unsigned here = 0, own = 0;

	snprintf(path, sizeof path, "%s%s/policies.json", s->root, m->policies);
	bool general = place_there(s->root, path);
	for (size_t i = 0; i < sizeof m->installed / sizeof m->installed[0] && m->installed[i]; i++) {
		snprintf(path, sizeof path, "%s%s", s->root, m->installed[i]);
		if (!place_there(s->root, path))
			continue;
		here |= 1U << i;
		snprintf(path, sizeof path, "%s%s/distribution/policies.json", s->root, m->installed[i]);
		if (place_there(s->root, path))
			own |= 1U << i;
	}
	if (!here && !general && !survey_installed(s, m->commands)) {
		survey_absent(s, _("it is not installed"));
		return OK;
	}
	if (general || !own)
		return survey_target(s, FORM_POLICIES, NULL, "%s%s/policies.json", s->root, m->policies);
	for (size_t i = 0; i < sizeof m->installed / sizeof m->installed[0]; i++)
		if (here & 1U << i)
			TRY(survey_target(s, FORM_POLICIES, NULL, "%s%s/distribution/policies.json", s->root,
					  m->installed[i]));
	return OK;
}

err mozilla_find(struct survey *s, const struct mozilla *m)
{
	return s->system ? find_policies(s, m) : find_profiles(s, m);
}
