/* request: a certificate signing request for a key, with the subject of a DN file. */
#include "config.h"
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include "ask.h"
#include "csr.h"
#include "describe.h"
#include "file.h"
#include "overview.h"
#include "print.h"
#include "say.h"
#include "token.h"

/* Reads the DN file; what is wrong names the file, the line and what is allowed. */
static err read_dn(struct cli *c, struct dn *dn)
{
	const char *name = c->args.opt[OPT_dn];
	struct dn_fault fault;
	struct span file;

	TRY(file_read(name, &file));
	err e = dn_parse(file, given(c, OPT_force), dn, &fault);
	free((void *)(uintptr_t)file.p);
	if (ok(e))
		return OK;
	if (fault.line)
		return say_fail(e, _("%s, line %u: %s"), say_clean(name), fault.line, fault.why);
	return say_fail(e, _("%s: %s"), say_clean(name), fault.why);
}

/* The JSON form says which key sizes the CA takes. */
static err check_size(struct cli *c, const struct dn *dn, const struct key *k)
{
	int bits = EVP_PKEY_get_bits(k->pkey);

	if (dn->key_bits_n == 0 || given(c, OPT_force))
		return OK;
	for (unsigned i = 0; i < dn->key_bits_n; i++)
		if (dn->key_bits[i] == (unsigned)bits)
			return OK;
	return say_fail(FAIL(KEY_SIZE), _("the DN file asks for a key of %u bits; '%s' is %s "
			"(--force to send it all the same)"),
			dn->key_bits[0], k->label, k->alg);
}

static err write_out(struct cli *c, X509_REQ *req)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;
	err e = FAIL(GENERAL);

	if (bio && (given(c, OPT_der) ? i2d_X509_REQ_bio(bio, req) : PEM_write_bio_X509_REQ(bio, req))) {
		long n = BIO_get_mem_data(bio, &p);
		struct span data = { (const uint8_t *)p, (size_t)n };
		const char *to = c->args.opt[OPT_output];

		if (given(c, OPT_json) && !given(c, OPT_der))
			json_object_set_new(c->result, "request", json_stringn(p, (size_t)n));
		if (to || !given(c, OPT_json))
			e = file_write(to, data);
		else
			e = OK;
	}
	BIO_free(bio);
	return e;
}

/* Tells on the terminal what was made. */
static void tell(struct cli *c, X509_REQ *req, const struct key *k)
{
	char subject[1024];

	name_line(X509_REQ_get_subject_name(req), subject, sizeof subject);
	json_object_set_new(c->result, "subject", json_string(subject));
	json_object_set_new(c->result, "key", key_json(k));
	if (given(c, OPT_output))
		json_object_set_new(c->result, "file", json_string(c->args.opt[OPT_output]));
	say_note(_("Request for %s, signed by the %s key '%s' and "
			"verified."), subject, k->alg, k->label);
	if (given(c, OPT_output))
		say_note(_("It is in %s; send it to the CA. next: bsre-token cert import FILE"),
			 say_clean(c->args.opt[OPT_output]));
}

static err make(struct cli *c, const struct dn *dn)
{
	SECRET pin = { 0 };
	KEYS keys = { .n = 0 };
	const struct key *k;
	X509_REQ *req;

	TRY(token_session(c));
	TRY(keys_load(c, &keys));
	TRY(key_find(c, &keys, c->args.opt[OPT_key], &k));
	TRY(check_size(c, dn, k));
	TRY(overview_safe(c));
	TRY(token_login(c, &pin));
	TRY(overview_safe_pin(c, &pin));
	key_touch_note(k);
	progress_begin(c, _("The token signs the request"));
	err e = csr_make(c, k, dn, given(c, OPT_pss), &pin, &req);
	progress_end();
	TRY(e);
	e = write_out(c, req);
	if (ok(e))
		tell(c, req, k);
	X509_REQ_free(req);
	return e;
}

err cmd_request(struct cli *c)
{
	if (!given(c, OPT_dn))
		return say_fail(FAIL(USAGE), _("--dn is needed: the file with the subject's "
				"name as the CA gave it"));
	if (given(c, OPT_der) && given(c, OPT_json) && !given(c, OPT_output))
		return say_fail(FAIL(USAGE), _("--der with --json needs --output"));
	TRY(file_apart(c->args.opt[OPT_dn], c->args.opt[OPT_output]));
	TRY(file_apart(c->args.opt[OPT_pin_file], c->args.opt[OPT_output]));
	TRY(ask_output(c, c->args.opt[OPT_output]));
	struct dn *dn = calloc(1, sizeof *dn);
	if (!dn)
		return FAIL(GENERAL);
	err e = read_dn(c, dn);
	if (ok(e))
		e = make(c, dn);
	free(dn);
	return e;
}
