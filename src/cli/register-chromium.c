/* Chromium, Chrome and their kin: one NSS database for each user, which they make where it is missing. */
#include "config.h"
#include "register.h"

err program_chromium(struct survey *s)
{
	if (!s->system)
		return survey_target(s, FORM_SECMOD, NULL, "%s/.pki/nssdb/pkcs11.txt", s->home);
	survey_absent(s, _("it knows no modules of the system: each user runs 'bsre-token register --user'"));
	return OK;
}
