/* OpenSSL: a configuration that adds libp11's engine to the system's own, for OPENSSL_CONF. */
#include "config.h"
#include <stdio.h>
#include "register.h"

err program_openssl(struct survey *s)
{
	char text[2 * PATH_MAX + 1024];

	snprintf(text, sizeof text,
		 "# made by bsre-token register: the system's configuration, and libp11's engine beside it\n"
		 ".include /etc/ssl/openssl.cnf\n\n"
		 "[default]\nopenssl_conf = openssl_init\n\n"
		 "[openssl_init]\nengines = bsre_engines\n\n"
		 "[bsre_engines]\npkcs11 = bsre_engine\n\n"
		 "[bsre_engine]\nengine_id = pkcs11\nMODULE_PATH = %s\ninit = 0\n\n"
		 "# with pkcs11-provider in place of the engine:\n"
		 "# [provider_sect]\n# pkcs11 = bsre_provider\n# default = default_sect\n"
		 "# [bsre_provider]\n# pkcs11-module-path = %s\n# activate = 1\n", s->module, s->module);
	survey_use(s, "OPENSSL_CONF=%s openssl pkeyutl -engine pkcs11 -keyform engine -inkey pkcs11:... "
		   "-sign", survey_word(s, "openssl.cnf"));
	return survey_target(s, FORM_WHOLE, text, "%s/openssl.cnf", survey_folder(s));
}
