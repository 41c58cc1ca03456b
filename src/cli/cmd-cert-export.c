/* cert export: a certificate of the token into a file. */
#include "config.h"
#include <openssl/pem.h>
#include "ask.h"
#include "describe.h"
#include "file.h"
#include "say.h"
#include "token.h"

static err write_out(struct cli *c, X509 *x)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;
	err e = FAIL(GENERAL);

	if (bio && (given(c, OPT_der) ? i2d_X509_bio(bio, x) : PEM_write_bio_X509(bio, x))) {
		long n = BIO_get_mem_data(bio, &p);

		if (!given(c, OPT_der))
			json_object_set_new(c->result, "pem", json_stringn(p, (size_t)n));
		if (given(c, OPT_output) || !given(c, OPT_json))
			e = file_write(c->args.opt[OPT_output], (struct span){ (const uint8_t *)p, (size_t)n });
		else
			e = OK;
	}
	BIO_free(bio);
	return e;
}

err cmd_cert_export(struct cli *c)
{
	CERTS certs = { .n = 0 };
	const struct cert *cert;

	if (given(c, OPT_der) && given(c, OPT_json) && !given(c, OPT_output))
		return say_fail(FAIL(USAGE), _("--der with --json needs --output"));
	TRY(ask_output(c, c->args.opt[OPT_output]));
	TRY(token_session(c));
	TRY(certs_load(c, &certs));
	TRY(cert_find(&certs, c->args.rest[0], &cert));
	json_object_set_new(c->result, "certificate", cert_json(cert));
	TRY(write_out(c, cert->x));
	const char *file = c->args.opt[OPT_output];
	if (file && strcmp(file, "-") != 0) {
		char holder[256];

		cert_holder(cert->x, holder, sizeof holder);
		say_note(_("The certificate of '%s' is in %s."), holder, say_clean(file));
	}
	return OK;
}
