/* ssh: a file to include. ssh's own configuration is not touched: from then on each connection would load
 * the module and might ask for the PIN. */
#include "config.h"
#include <stdio.h>
#include "register.h"

/* The path of our file as the argument of an Include: glob(3) reads it after ssh took the quotes off. */
static const char *include_path(const struct survey *s)
{
	static char word[6 * PATH_MAX];
	char path[2 * PATH_MAX];
	size_t n = 0;

	snprintf(path, sizeof path, "%s/ssh_config", survey_folder(s) + strlen(s->root));
	bool quoted = strpbrk(path, " \t\"'\\#*?[") != NULL;
	if (quoted)
		word[n++] = '"';
	for (const char *p = path; *p && n < sizeof word - 6; p++) {
		if (strchr("*?[\\", *p)) {
			word[n++] = '\\';
			word[n++] = '\\';
		}
		if (strchr("\"\\", *p))
			word[n++] = '\\';
		word[n++] = *p;
	}
	if (quoted)
		word[n++] = '"';
	word[n] = 0;
	return word;
}

err program_ssh(struct survey *s)
{
	char text[PATH_MAX + 256];

	snprintf(text, sizeof text, "# made by bsre-token register; ssh_config(5)\nPKCS11Provider \"%s\"\n",
		 s->module);
	survey_use(s, _("ssh -I %s HOST, or this line under a Host of ~/.ssh/config: Include %s"),
		   survey_quoted(s->module), include_path(s));
	return survey_target(s, FORM_WHOLE, text, "%s/ssh_config", survey_folder(s));
}
