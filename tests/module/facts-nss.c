/* facts.def by NSS's headers. */
#include <pkcs11.h>
#include "facts.h"

const struct fact facts_nss[] = {
#include "facts.def"
	FACTS_END
};
