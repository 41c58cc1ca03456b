/* ssh: a file to include. ssh's own configuration is not touched: from then on each connection would load
 * the module and might ask for the PIN. */
#include "config.h"
#include <stdio.h>
#include "register.h"

err program_ssh(struct survey *s)
{
	char text[PATH_MAX + 256];

	snprintf(text, sizeof text, "# made by bsre-token register; ssh_config(5)\nPKCS11Provider \"%s\"\n",
		 s->module);
	survey_use(s, _("ssh -I %s HOST, or this line under a Host of ~/.ssh/config: Include %s/ssh_config"),
		   s->module, survey_folder(s) + strlen(s->root));
	return survey_target(s, FORM_WHOLE, text, "%s/ssh_config", survey_folder(s));
}
