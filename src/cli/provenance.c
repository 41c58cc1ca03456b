/* A key's record of itself. */
#include "config.h"
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "describe.h"
#include "overview.h"
#include "provenance.h"
#include "say.h"

err provenance_attributes(struct cli *c, uint32_t private_key, json_t *o)
{
	static const struct { CK_ATTRIBUTE_TYPE type; const char *name; bool want; } proofs[] = {
		{ CKA_LOCAL, "local", true }, { CKA_SENSITIVE, "sensitive", true },
		{ CKA_ALWAYS_SENSITIVE, "always_sensitive", true },
		{ CKA_EXTRACTABLE, "extractable", false },
		{ CKA_NEVER_EXTRACTABLE, "never_extractable", true },
	};
	enum { N = sizeof proofs / sizeof proofs[0] };
	CK_ATTRIBUTE_TYPE types[N];
	struct span v[N];
	REPLY r = { 0 };

	for (size_t i = 0; i < N; i++)
		types[i] = proofs[i].type;
	TRY(attrs_get(c, private_key, types, N, v, &r));
	for (size_t i = 0; i < N; i++) {
		if (v[i].n != 1)
			continue;
		json_object_set_new(o, proofs[i].name, json_boolean(v[i].p[0]));
		if ((v[i].p[0] != 0) != proofs[i].want)
			say_warn(_("the token says of the new key: %s is %s"), proofs[i].name,
				 v[i].p[0] ? "true" : "false");
	}
	return OK;
}

/* SHA-256 of the public key's SubjectPublicKeyInfo, in hex. */
static void set_fingerprint(json_t *o, const struct key *k)
{
	unsigned char *der = NULL, md[EVP_MAX_MD_SIZE];
	int n = i2d_PUBKEY(k->pkey, &der);
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned len = 0;

	if (n > 0 && EVP_Digest(der, (size_t)n, md, &len, EVP_sha256(), NULL) == 1)
		for (unsigned i = 0; i < len; i++)
			snprintf(hex + 2 * i, 3, "%02x", md[i]);
	json_object_set_new(o, "public_key_sha256", json_string(hex));
	OPENSSL_free(der);
}

/* What is signed. */
static err statement(struct cli *c, const struct key *k, json_t **out)
{
	json_t *token = NULL, *key = key_json(k);
	uint32_t handle;
	time_t now = time(NULL);
	struct tm tm = { 0 };
	char when[32] = "";

	err e = overview_token(c, c->token.id, false, &token);
	if (ok(e))
		e = key_private(c, k, &handle);
	if (ok(e))
		e = provenance_attributes(c, handle, key);
	if (!ok(e)) {
		json_decref(token);
		json_decref(key);
		return e;
	}
	set_fingerprint(key, k);
	if (gmtime_r(&now, &tm))
		strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
	*out = json_pack("{s:s, s:s, s:s, s:o, s:o}", "what", "what a token said of a key, "
			"signed by the key; "
			 "not an attestation by the token's "
			"maker", "program", PACKAGE_STRING, "time", when,
			 "token", token, "key", key);
	return *out ? OK : FAIL(GENERAL);
}

static json_t *base64(struct span s)
{
	unsigned char text[2 * SIGNATURE_MAX];
	int n = s.n <= SIGNATURE_MAX ? EVP_EncodeBlock(text, s.p, (int)s.n) : 0;

	return json_stringn((const char *)text, (size_t)n);
}

static json_t *public_pem(const struct key *k)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;
	json_t *o = NULL;

	if (bio && PEM_write_bio_PUBKEY(bio, k->pkey)) {
		long n = BIO_get_mem_data(bio, &p);

		o = json_stringn(p, (size_t)n);
	}
	BIO_free(bio);
	return o;
}

err provenance_make(struct cli *c, const struct key *k, const struct secret *pin, json_t **out)
{
	uint8_t room[SIGNATURE_MAX];
	struct buf signature = BUF(room);
	struct signing s;
	json_t *what = NULL;

	TRY(signing_for(k, false, &s));
	TRY(statement(c, k, &what));
	char *text = json_dumps(what, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(what);
	err e = text ? token_sign(c, k, &s, pin, span_str(text), &signature) : FAIL(GENERAL);
	if (ok(e))
		*out = json_pack("{s:s, s:s, s:o, s:o}", "statement", text, "algorithm", OBJ_nid2sn(s.nid),
				 "signature", base64(buf_span(&signature)), "public_key", public_pem(k));
	free(text);
	return ok(e) && !*out ? FAIL(GENERAL) : e;
}
