/* Translations, for the few sentences of the daemon that people read. */
#include "config.h"
#include <libintl.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "language.h"

static bool names(const char *languages)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-@.:";

	return strspn(languages, plain) == strlen(languages) && !strstr(languages, "..");
}

void language_take(char *locale)
{
	char *languages = strchr(locale, ':');

	if (!*locale)
		return;
	if (languages)
		*languages++ = '\0';
	setenv("LC_ALL", locale, 1);
	if (languages && *languages && names(languages))
		setenv("LANGUAGE", languages, 1);
	else
		unsetenv("LANGUAGE");
}

void language_start(void)
{
	const char *folder = secure_getenv("BSRE_LOCALEDIR");	/* for a build that is not installed */

	setlocale(LC_CTYPE, "");
	setlocale(LC_MESSAGES, "");
	bindtextdomain(PACKAGE, folder ? folder : LOCALEDIR);
	bind_textdomain_codeset(PACKAGE, "UTF-8");
	textdomain(PACKAGE);
}
