/* key attest: the token's own certificate that it made the key, checked; or, from a token that has
 * none to give, a record signed by the key. */
#include "config.h"
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include "ask.h"
#include "describe.h"
#include "file.h"
#include "object.h"
#include "provenance.h"
#include "say.h"
#include "token.h"

/* Extensions of Yubico's attestation that say what was attested. */
static const struct { const char *oid, *name; } facts[] = {
	{ "1.3.6.1.4.1.41482.3.3", "firmware" },
	{ "1.3.6.1.4.1.41482.3.7", "serial" },
	{ "1.3.6.1.4.1.41482.3.8", "policy" },
};

/* The value of an extension in hex; NULL: the certificate has it not. */
static json_t *extension_hex(const X509 *x, const char *oid)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	int at = o ? X509_get_ext_by_OBJ(x, o, -1) : -1;
	char hex[2 * 64 + 1] = "";

	ASN1_OBJECT_free(o);
	if (at < 0)
		return NULL;
	const ASN1_OCTET_STRING *v = X509_EXTENSION_get_data(X509_get_ext(x, at));
	for (int i = 0; i < ASN1_STRING_length(v) && i < 64; i++)
		snprintf(hex + 2 * i, 3, "%02x", ASN1_STRING_get0_data(v)[i]);
	return json_string(hex);
}

/* The attestation is worth something where it is for this key and the intermediate signed it. */
static err check(struct cli *c, const struct key *k, X509 *leaf, X509 *above)
{
	if (!leaf || EVP_PKEY_eq(X509_get0_pubkey(leaf), k->pkey) != 1)
		return say_fail(FAIL(BAD_REPLY), _("the token attests something else than the "
				"key '%s'"), k->label);
	bool chained = above && X509_verify(leaf, X509_get0_pubkey(above)) == 1;
	json_object_set_new(c->result, "key", key_json(k));
	json_object_set_new(c->result, "attestation", x509_json(leaf));
	json_object_set_new(c->result, "signed_by_intermediate", json_boolean(chained));
	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
		json_t *v = extension_hex(leaf, facts[i].oid);

		if (v)
			json_object_set_new(c->result, facts[i].name, v);
	}
	return chained ? OK : say_fail(FAIL(SIGNATURE_INVALID),
				       _("the token's own certificate did not sign this attestation"));
}

static err write_out(struct cli *c, X509 *leaf, X509 *above)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;
	err e = FAIL(GENERAL);

	if (bio && PEM_write_bio_X509(bio, leaf) && PEM_write_bio_X509(bio, above)) {
		long n = BIO_get_mem_data(bio, &p);

		json_object_set_new(c->result, "pem", json_stringn(p, (size_t)n));
		if (given(c, OPT_output) || !given(c, OPT_json))
			e = file_write(c->args.opt[OPT_output], (struct span){ (const uint8_t *)p, (size_t)n });
		else
			e = OK;
	}
	BIO_free(bio);
	return e;
}

/* The certificates of an attestation, checked and written. */
static err attestation(struct cli *c, const struct key *k, const struct KeyAttest_out *got)
{
	const unsigned char *p = got->certificate.p, *q = got->intermediate.p;
	X509 *leaf = d2i_X509(NULL, &p, (long)got->certificate.n);
	X509 *above = d2i_X509(NULL, &q, (long)got->intermediate.n);
	err e = check(c, k, leaf, above);

	if (ok(e))
		e = write_out(c, leaf, above);
	if (ok(e))
		say_note(_("The token attests that it generated the %s key '%s'."), k->alg, k->label);
	X509_free(leaf);
	X509_free(above);
	return e;
}

static err record(struct cli *c, const struct key *k)
{
	SECRET pin = { 0 };
	json_t *o = NULL;

	say_note(_("This token cannot attest the key '%s'; the key signs a record of what the "
			"token says of it."),
		 k->label);
	TRY(token_login(c, &pin));
	TRY(provenance_make(c, k, &pin, &o));
	json_object_set_new(c->result, "record", o);
	char *text = json_dumps(o, JSON_INDENT(2));
	err e = text ? OK : FAIL(GENERAL);
	if (ok(e) && (given(c, OPT_output) || !given(c, OPT_json))) {
		size_t n = strlen(text);

		text[n++] = '\n';		/* in place of the zero */
		e = file_write(c->args.opt[OPT_output], (struct span){ (const uint8_t *)text, n });
	}
	free(text);
	return e;
}

err cmd_key_attest(struct cli *c)
{
	struct KeyAttest_out out = { 0 };
	KEYS keys = { .n = 0 };
	const struct key *k;
	REPLY r = { 0 };

	TRY(file_apart(c->args.opt[OPT_pin_file], c->args.opt[OPT_output]));
	TRY(ask_output(c, c->args.opt[OPT_output]));
	TRY(token_session(c));
	TRY(keys_load(c, &keys));
	TRY(key_find(c, &keys, c->args.opt[OPT_key], &k));
	struct KeyAttest_in in = { .session = c->token.session, .key = k->handle };
	err e = call_KeyAttest(c->link, &in, &out, &r);
	if (e.code == E_NOT_SUPPORTED)
		return record(c, k);
	TRY(e);
	return attestation(c, k, &out);
}
