/* p11-kit: a .module file, unless one names the module already, as the package's does. */
#include "config.h"
#include <dirent.h>
#include <stdio.h>
#include "place.h"
#include "register.h"

/* Does the file's "module:" name ours, by whatever path? A name alone is one in p11-kit's own folder. */
static bool names_us(const struct survey *s, const char *path)
{
	struct place p;
	err e = place_look(s->root, path, &p);
	bool ours = false;

	if (!ok(e))
		(void)say_forget();
	for (const char *line = (const char *)p.text.p; line && *line; line = strchr(line, '\n'),
	     line = line ? line + 1 : NULL) {
		char value[PATH_MAX], whole[PATH_MAX + 64];

		if (sscanf(line, "module : %4000[^\r\n]", value) != 1 &&
		    sscanf(line, "module: %4000[^\r\n]", value) != 1)
			continue;
		snprintf(whole, sizeof whole, "%s%s", value[0] == '/' ? "" : PKCS11DIR "/", value);
		ours = place_same(s->root, whole, s->module);
	}
	place_free(&p);
	return ours;
}

/* Is the module named in this folder, by another file than ours? */
static bool known_in(struct survey *s, const char *folder, const char *ours)
{
	char path[3 * PATH_MAX];
	struct dirent *entry;
	DIR *d = opendir(folder);
	bool known = false;

	while (d && !known && (entry = readdir(d))) {
		const char *dot = strrchr(entry->d_name, '.');

		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		if (!dot || strcmp(dot, ".module") != 0 || strlen(path) >= PATH_MAX || strcmp(path, ours) == 0)
			continue;
		known = names_us(s, path);
		if (known)
			survey_row(s, PROGRAM_p11_kit, path, "already");
	}
	if (d)
		closedir(d);
	return known;
}

err program_p11_kit(struct survey *s)
{
	static const char *const folders[] = { "/usr/share/p11-kit/modules", "/etc/pkcs11/modules" };
	char ours[PATH_MAX + 64], folder[PATH_MAX + 64], text[PATH_MAX + 64];

	if (s->system)
		snprintf(ours, sizeof ours, "%s/etc/pkcs11/modules/bsre-token.module", s->root);
	else
		snprintf(ours, sizeof ours, "%s/pkcs11/modules/bsre-token.module", s->config);
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		snprintf(folder, sizeof folder, "%s%s", s->root, folders[i]);
		if (known_in(s, folder, ours))
			return OK;
	}
	snprintf(text, sizeof text, "# made by bsre-token register\nmodule: %s\n", s->module);
	return survey_target(s, FORM_WHOLE, text, "%s", ours);
}
