/* Translations, for the few sentences of the daemon that people read. */
#include "config.h"
#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include "language.h"

void language_start(void)
{
	const char *folder = secure_getenv("BSRE_LOCALEDIR");	/* for a build that is not installed */

	setlocale(LC_CTYPE, "");
	setlocale(LC_MESSAGES, "");
	bindtextdomain(PACKAGE, folder ? folder : LOCALEDIR);
	bind_textdomain_codeset(PACKAGE, "UTF-8");
	textdomain(PACKAGE);
}
