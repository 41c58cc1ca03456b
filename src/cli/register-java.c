/* Java: a configuration of SunPKCS11, and the command that uses it. */
#include "config.h"
#include <stdio.h>
#include "register.h"

err program_java(struct survey *s)
{
	char text[PATH_MAX + 512];

	for (const char *m = s->module; *m && !s->undo; m++)
		if ((unsigned char)*m >= 0x80) {	/* SunPKCS11 reads its file as ISO 8859-1 */
			json_object_set_new(survey_row(s, s->now, s->module, "failed"), "reason", json_string(
				_("Java reads a path with such letters wrongly: make a link to the module whose path "
				  "is plain, and name it with --module")));
			return OK;
		}
	snprintf(text, sizeof text,
		 "# SunPKCS11, made by bsre-token register. The token in another slot than the first:\n"
		 "# slotListIndex = 1\nname = " MODULE_NAME "\nlibrary = \"%s\"\n", s->module);
	survey_use(s, "keytool -list -keystore NONE -storetype PKCS11 "
		   "-providerClass sun.security.pkcs11.SunPKCS11 -providerArg %s", survey_word(s, "java-pkcs11.cfg"));
	return survey_target(s, FORM_WHOLE, text, "%s/java-pkcs11.cfg", survey_folder(s));
}
