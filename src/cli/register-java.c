/* Java: a configuration of SunPKCS11, and the command that uses it. */
#include "config.h"
#include <stdio.h>
#include "register.h"

err program_java(struct survey *s)
{
	char text[PATH_MAX + 512];

	snprintf(text, sizeof text,
		 "# SunPKCS11, made by bsre-token register. The token in another slot than the first:\n"
		 "# slotListIndex = 1\nname = " MODULE_NAME "\nlibrary = \"%s\"\n", s->module);
	survey_use(s, "keytool -list -keystore NONE -storetype PKCS11 "
		   "-providerClass sun.security.pkcs11.SunPKCS11 -providerArg %s", survey_word(s, "java-pkcs11.cfg"));
	return survey_target(s, FORM_WHOLE, text, "%s/java-pkcs11.cfg", survey_folder(s));
}
