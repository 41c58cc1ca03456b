/* Hostile DN files: what is taken makes a name that OpenSSL encodes and reads back the same; what is
 * not taken says why. Text that is printed is always UTF-8 without controls. */
#include "config.h"
#include <stdlib.h>
#include "cli/csr.h"
#include "cli/say.h"
#include "lib/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct dn dn;

/* Encoded, decoded, and encoded again: the same bytes, and as many attributes as were read. */
static void stays(void)
{
	X509_NAME *name = csr_subject(&dn), *back = NULL;
	unsigned char *once = NULL, *twice = NULL;

	if (!name)
		abort();
	int len = i2d_X509_NAME(name, &once);
	const unsigned char *p = once;
	back = len > 0 ? d2i_X509_NAME(NULL, &p, len) : NULL;
	if (!back || X509_NAME_entry_count(back) != (int)dn.n)
		abort();
	int again = i2d_X509_NAME(back, &twice);
	if (!span_eq((struct span){ once, (size_t)len }, (struct span){ twice, (size_t)again }))
		abort();
	OPENSSL_free(once);
	OPENSSL_free(twice);
	X509_NAME_free(back);
	X509_NAME_free(name);
}

/* text_clean() gives UTF-8 that fits, whatever it gets. */
static void is_fit(struct span s)
{
	static char out[300];

	text_clean(s, out, sizeof out);
	for (const char *c = out; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7F)
			abort();
	if (utf8_count(span_str(out)) == SIZE_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span s = { data, n };
	struct dn_fault fault;
	err e = dn_parse(s, n & 1, &dn, &fault);

	if (ok(e))
		stays();
	else if (!fault.why[0] || err_exit(e) != 1)
		abort();
	is_fit(s);
	return 0;
}
