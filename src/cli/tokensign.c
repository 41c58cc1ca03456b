/* Signing through the daemon, in the forms that certificates and CMS want. */
#include "config.h"
#include <openssl/rsa.h>
#include "lib/der.h"
#include "say.h"
#include "tokensign.h"
#include "wire/records.h"

err signing_for(const struct key *k, bool pss, struct signing *out)
{
	bool rsa = EVP_PKEY_is_a(k->pkey, "RSA");

	if (pss && !rsa)
		return say_fail(FAIL(KEY_TYPE), _("--pss is for RSA keys; '%s' is "
				"%s"), k->label, k->alg);
	if (rsa && pss)
		*out = (struct signing){ CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, 32,
					 NID_rsassaPss, EVP_sha256() };
	else if (rsa)
		*out = (struct signing){ CKM_SHA256_RSA_PKCS, 0, 0, 0, NID_sha256WithRSAEncryption, EVP_sha256() };
	else if (EVP_PKEY_get_bits(k->pkey) <= 256)
		*out = (struct signing){ CKM_ECDSA_SHA256, 0, 0, 0, NID_ecdsa_with_SHA256, EVP_sha256() };
	else
		*out = (struct signing){ CKM_ECDSA_SHA384, 0, 0, 0, NID_ecdsa_with_SHA384, EVP_sha384() };
	return OK;
}

/* RSASSA-PSS-params (RFC 4055, 3.1): all fields written, as their defaults are SHA-1's. */
static ASN1_STRING *pss_params(const struct signing *s)
{
	RSA_PSS_PARAMS *p = RSA_PSS_PARAMS_new();
	ASN1_STRING *inner = NULL, *out = NULL;
	X509_ALGOR *mask = X509_ALGOR_new();

	if (p && mask) {
		p->hashAlgorithm = X509_ALGOR_new();
		p->maskGenAlgorithm = X509_ALGOR_new();
		p->saltLength = ASN1_INTEGER_new();
	}
	if (p && mask && p->hashAlgorithm && p->maskGenAlgorithm && p->saltLength) {
		X509_ALGOR_set_md(p->hashAlgorithm, s->md);
		X509_ALGOR_set_md(mask, s->md);
		if (ASN1_item_pack(mask, ASN1_ITEM_rptr(X509_ALGOR), &inner) &&
		    X509_ALGOR_set0(p->maskGenAlgorithm, OBJ_nid2obj(NID_mgf1), V_ASN1_SEQUENCE, inner) &&
		    ASN1_INTEGER_set(p->saltLength, (long)s->salt))
			out = ASN1_item_pack(p, ASN1_ITEM_rptr(RSA_PSS_PARAMS), NULL);
		else
			ASN1_STRING_free(inner);
	}
	X509_ALGOR_free(mask);
	RSA_PSS_PARAMS_free(p);
	return out;
}

err signing_algorithm(const struct signing *s, X509_ALGOR *alg)
{
	int type = V_ASN1_UNDEF;		/* ECDSA: no parameters at all (RFC 5758, 3.2) */
	ASN1_STRING *params = NULL;

	if (s->nid == NID_rsassaPss) {
		type = V_ASN1_SEQUENCE;
		params = pss_params(s);
		if (!params)
			return FAIL(GENERAL);
	} else if (s->nid == NID_sha256WithRSAEncryption) {
		type = V_ASN1_NULL;
	}
	return X509_ALGOR_set0(alg, OBJ_nid2obj(s->nid), type, params) ? OK : FAIL(GENERAL);
}

static err login_again(struct cli *c, const struct secret *pin)
{
	struct Login_in in = { .session = c->token.session, .user = CKU_CONTEXT_SPECIFIC, .given = 1, .pin = *pin };
	struct Login_out out = { 0 };
	REPLY r = { 0 };
	err e = call_Login(c->link, &in, &out, &r);

	secret_wipe(&in.pin);
	return e;
}

static bool always_authenticates(struct cli *c, uint32_t key)
{
	static const CK_ATTRIBUTE_TYPE type = CKA_ALWAYS_AUTHENTICATE;
	struct span v;
	REPLY r = { 0 };

	return ok(attrs_get(c, key, &type, 1, &v, &r)) && v.n == 1 && v.p[0];
}

err token_sign(struct cli *c, const struct key *k, const struct signing *s, const struct secret *pin,
	       struct span data, struct buf *out)
{
	uint8_t room[32];
	struct buf param = BUF(room);
	struct PssParam_in pss = { .hash = s->hash, .mgf = s->mgf, .salt = s->salt };
	struct OpInit_out most = { 0 };
	struct OpFinish_out result = { 0 };
	REPLY ri = { 0 };
	REPLY r = { 0 };
	uint32_t key;

	TRY(key_private(c, k, &key));
	if (s->hash)
		PssParam_put_in(&param, &pss);
	struct OpInit_in in = { .session = c->token.session, .op = OP_SIGN, .mech = s->mech,
				.param = buf_span(&param), .key = key };
	TRY(call_OpInit(c->link, &in, &most, &ri));
	if (always_authenticates(c, key))
		TRY(login_again(c, pin));
	struct OpFinish_in last = { .session = c->token.session, .op = OP_SIGN, .whole = 1, .data = data };
	TRY(call_OpFinish(c->link, &last, &result, &r));
	if (EVP_PKEY_is_a(k->pkey, "EC"))
		der_put_ecdsa(out, result.result);
	else
		buf_put(out, result.result);
	return out->bad ? FAIL(BAD_REPLY) : OK;
}
