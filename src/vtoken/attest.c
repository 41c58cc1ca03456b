/* Attestation: certificates under the key in F9, with the extensions that Yubico's tools read. */
#include "config.h"
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include "attest.h"

enum { DAYS = 3650, TAG_ATTESTATION = 0x5FFF01 };

/* Yubico's arc for PIV attestation, 1.3.6.1.4.1.41482.3. */
#define ARC "1.3.6.1.4.1.41482.3."

static bool name(X509_NAME *n, const char *cn)
{
	return X509_NAME_add_entry_by_txt(n, "O", MBSTRING_UTF8,
			(const unsigned char *)"bsre-vtoken (a virtual token, no hardware)", -1, -1, 0)
		&& X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)cn,
			-1, -1, 0);
}

static bool extension(X509 *x, const char *oid, struct span v)
{
	ASN1_OBJECT *id = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e = NULL;
	bool done = id && s && ASN1_OCTET_STRING_set(s, v.p, (int)v.n)
		&& (e = X509_EXTENSION_create_by_OBJ(NULL, id, 0, s)) && X509_add_ext(x, e, -1);

	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(s);
	ASN1_OBJECT_free(id);
	return done;
}

static bool standard(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool done = e && X509_add_ext(x, e, -1);

	X509_EXTENSION_free(e);
	return done;
}

/* What RFC 5280 wants of a certificate that signs others. */
static bool is_ca(X509 *x)
{
	return standard(x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
		&& standard(x, NID_key_usage, "critical,keyCertSign")
		&& standard(x, NID_subject_key_identifier, "hash");
}

/* Whose key signs this one, where its certificate names that key. */
static bool signed_by(X509 *x, X509 *by)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(by);
	AUTHORITY_KEYID *authority = id ? AUTHORITY_KEYID_new() : NULL;

	if (!id)
		return true;
	bool done = authority && (authority->keyid = ASN1_OCTET_STRING_dup(id))
		&& X509_add1_ext_i2d(x, NID_authority_key_identifier, authority, 0,
			X509V3_ADD_DEFAULT) == 1;
	AUTHORITY_KEYID_free(authority);
	return done;
}

static bool serial_number(X509 *x)
{
	uint8_t r[16];
	BIGNUM *bn = NULL;
	bool done = RAND_bytes(r, sizeof r) == 1;

	r[0] &= 0x7F;
	done = done && (bn = BN_bin2bn(r, sizeof r, NULL))
		&& BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x));
	BN_free(bn);
	return done;
}

static X509 *blank_cert(EVP_PKEY *pkey)
{
	X509 *x = X509_new();

	if (x && X509_set_version(x, X509_VERSION_3) && serial_number(x)
			&& X509_gmtime_adj(X509_getm_notBefore(x), 0)
			&& X509_time_adj_ex(X509_getm_notAfter(x), DAYS, 0, NULL)
			&& X509_set_pubkey(x, pkey))
		return x;
	X509_free(x);
	return NULL;
}

static err put_cert(X509 *x, struct buf *out)
{
	unsigned char *der = NULL;
	int n = x ? i2d_X509(x, &der) : -1;

	if (n <= 0)
		return FAIL(GENERAL);
	buf_put(out, (struct span){ der, (size_t)n });
	OPENSSL_free(der);
	return out->bad ? FAIL(GENERAL) : OK;
}

err attest_self(const struct state *s, struct buf *out)
{
	EVP_PKEY *f9 = s->keys[SLOT_0xF9].pkey;
	X509 *x = blank_cert(f9);
	uint8_t der[2048];
	struct buf b = BUF(der);
	err e = FAIL(GENERAL);

	if (x && name(X509_get_subject_name(x), "DEMO virtual token attestation")
			&& X509_set_issuer_name(x, X509_get_subject_name(x)) && is_ca(x)
			&& signed_by(x, x)
			&& X509_sign(x, f9, EVP_sha256()))
		e = put_cert(x, &b);
	X509_free(x);
	TRY(e);
	tlv_put(out, 0x70, buf_span(&b));
	tlv_put(out, 0x71, SPAN(0));
	tlv_put(out, 0xFE, SPAN_NONE);
	return out->bad ? FAIL(GENERAL) : OK;
}

/* The certificate that the attestation key has; it need not be ours. NULL: none, or no certificate. */
static X509 *issuer(struct state *s)
{
	struct object *o = object_find(s, TAG_ATTESTATION);
	struct cur c = cur_of(o ? (struct span){ o->p, o->n } : SPAN_NONE);
	struct span der = tlv_bytes(&c, 0x70);
	const unsigned char *at = der.p;

	return der.n ? d2i_X509(NULL, &at, (long)der.n) : NULL;
}

static bool describe(const struct state *s, const struct key *k, X509 *x)
{
	uint8_t bytes[8], number[5];
	struct buf serial = BUF(bytes), be = BUF(number);

	buf_be(&be, s->serial, 4);
	der_put_uint(&serial, buf_span(&be));
	return extension(x, ARC "3", SPAN_OF(s->firmware))
		&& extension(x, ARC "7", buf_span(&serial))
		&& extension(x, ARC "8", SPAN(k->pin, k->touch));
}

static err sign_key(struct state *s, size_t i, X509 *by, struct buf *out)
{
	const struct key *k = &s->keys[i];
	char cn[64];
	err e = FAIL(GENERAL);

	snprintf(cn, sizeof cn, "YubiKey PIV Attestation %02x", key_slots[i].ref);
	X509 *x = blank_cert(k->pkey);
	if (x && name(X509_get_subject_name(x), cn)
			&& X509_set_issuer_name(x, X509_get_subject_name(by)) && signed_by(x, by)
			&& describe(s, k, x)
			&& X509_sign(x, s->keys[SLOT_0xF9].pkey, EVP_sha256()))
		e = put_cert(x, out);
	X509_free(x);
	return e;
}

err attest_key(struct state *s, size_t i, struct buf *out)
{
	const struct key *k = &s->keys[i], *f9 = &s->keys[SLOT_0xF9];

	if (!k->pkey || !f9->pkey)
		return FAIL(KEY_NOT_FOUND);
	if (k->origin != ORIGIN_GENERATED)
		return FAIL(ACTION_PROHIBITED);
	X509 *by = issuer(s);
	if (!by)
		return FAIL(NOT_FOUND);
	err e = sign_key(s, i, by, out);
	X509_free(by);
	return e;
}
