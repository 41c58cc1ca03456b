/* key test: has a key sign random bytes and lets OpenSSL judge, once for each way it can sign. */
#include "config.h"
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include "describe.h"
#include "print.h"
#include "say.h"
#include "token.h"
#include "tokensign.h"

/* Does the signature verify with the public key? */
static bool verifies(const struct key *k, const struct signing *s, struct span data, struct span signature)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;
	bool good = md && EVP_DigestVerifyInit(md, &ctx, s->md, NULL, k->pkey) == 1;

	if (good && s->nid == NID_rsassaPss)
		good = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)s->salt) == 1;
	good = good && EVP_DigestVerify(md, signature.p, signature.n, data.p, data.n) == 1;
	EVP_MD_CTX_free(md);
	return good;
}

static err test(struct cli *c, const struct key *k, bool pss, const struct secret *pin)
{
	uint8_t room[SIGNATURE_MAX], data[64];
	struct buf signature = BUF(room);
	struct signing s;

	if (RAND_bytes(data, sizeof data) != 1)
		return FAIL(GENERAL);
	TRY(signing_for(k, pss, &s));
	key_touch_note(k);
	progress_begin(c, _("The token signs"));
	err e = token_sign(c, k, &s, pin, SPAN_OF(data), &signature);
	progress_end();
	TRY(e);
	if (!verifies(k, &s, SPAN_OF(data), buf_span(&signature)))
		return say_fail(FAIL(SIGNATURE_INVALID), _("the signature of key '%s' by %s "
				"does not verify"),
				k->label, OBJ_nid2sn(s.nid));
	json_array_append_new(json_object_get(c->result, "signed"), json_string(OBJ_nid2sn(s.nid)));
	say_note(_("Key '%s' (%s, slot %02x) signs by %s; OpenSSL verified "
			"it."), k->label, k->alg, k->slot,
		 OBJ_nid2sn(s.nid));
	return OK;
}

err cmd_key_test(struct cli *c)
{
	SECRET pin = { 0 };
	KEYS keys = { .n = 0 };
	const struct key *k;

	json_object_set_new(c->result, "signed", json_array());
	TRY(token_session(c));
	TRY(keys_load(c, &keys));
	TRY(key_find(c, &keys, c->args.opt[OPT_key], &k));
	TRY(token_login(c, &pin));
	json_object_set_new(c->result, "key", key_json(k));
	TRY(test(c, k, false, &pin));
	return EVP_PKEY_is_a(k->pkey, "RSA") ? test(c, k, true, &pin) : OK;
}
