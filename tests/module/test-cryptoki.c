/* Our Cryptoki headers (p11-kit's and pkcs11-3.h) against NSS's: sizes, places, values. */
#include "config.h"
#include <stdio.h>
#include "facts.h"
#include "pkcs11/pkcs11-3.h"

static const struct fact facts_ours[] = {
#include "facts.def"
	FACTS_END
};

int main(void)
{
	int bad = 0, n = 0;

	for (; facts_ours[n].of; n++)
		if (facts_ours[n].is != facts_nss[n].is) {
			printf("%s: ours %lu, NSS's %lu\n", facts_ours[n].of, facts_ours[n].is, facts_nss[n].is);
			bad = 1;
		}
	printf("%d facts\n", n);
	return bad;
}
