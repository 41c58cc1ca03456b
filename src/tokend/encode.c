/* Signatures: PKCS#1 v1.5, PSS (RFC 8017), raw RSA and ECDSA, made for the card and checked here. */
#include "config.h"
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include "cipher.h"
#include "mech.h"
#include "session.h"

enum { BLOCK_MAX = 512, DIGEST_MAX = 64 };

/* DigestInfo up to the digest itself (RFC 8017, 9.2 note 1). */
static const struct { const char *hash; uint8_t head[19]; size_t n; } infos[] = {
	{ "SHA1",   { 0x30, 0x21, 0x30, 0x09, 6, 5, 0x2B, 0x0E, 3, 2, 0x1A, 5, 0, 4, 20 }, 15 },
	{ "SHA224", { 0x30, 0x2D, 0x30, 0x0D, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4, 5, 0, 4, 28 }, 19 },
	{ "SHA256", { 0x30, 0x31, 0x30, 0x0D, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 32 }, 19 },
	{ "SHA384", { 0x30, 0x41, 0x30, 0x0D, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 4, 48 }, 19 },
	{ "SHA512", { 0x30, 0x51, 0x30, 0x0D, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 64 }, 19 },
};

static err verdict(int rc)
{
	ERR_clear_error();
	return rc == 1 ? OK : FAIL(SIGNATURE_INVALID);
}

/* An initialised verification of the key with the padding; NULL: the library refuses. */
static EVP_PKEY_CTX *verifier(const struct object *key, int padding)
{
	EVP_PKEY *pub = mech_public(key);
	EVP_PKEY_CTX *ctx = pub ? EVP_PKEY_CTX_new(pub, NULL) : NULL;

	EVP_PKEY_free(pub);
	if (ctx && (EVP_PKEY_verify_init(ctx) != 1 ||
	            (padding && EVP_PKEY_CTX_set_rsa_padding(ctx, padding) != 1))) {
		EVP_PKEY_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

/* --- PKCS#1 v1.5 (RFC 8017, 9.2) ---------------------------------------------------------------- */
static err sign_pkcs1(const struct op *op, struct span in, size_t size, struct buf *block)
{
	(void)op;
	if (size < 11 || in.n > size - 11)
		return FAIL(DATA_LENGTH);
	buf_put(block, SPAN(0x00, 0x01));
	buf_fill(block, 0xFF, size - in.n - 3);
	buf_be(block, 0, 1);
	buf_put(block, in);
	return block->bad ? FAIL(DATA_LENGTH) : OK;
}

static err digest_info(const struct op *op, struct span digest, struct buf *out)
{
	for (size_t i = 0; i < sizeof infos / sizeof infos[0]; i++)
		if (strcmp(infos[i].hash, op->mech->hash) == 0) {
			buf_put(out, (struct span){ infos[i].head, infos[i].n });
			buf_put(out, digest);
			return OK;
		}
	return FAIL(MECH_INVALID);
}

static err sign_pkcs1_hash(const struct op *op, struct span in, size_t size, struct buf *block)
{
	uint8_t room[19 + DIGEST_MAX];
	struct buf info = BUF(room);

	TRY(digest_info(op, in, &info));
	return sign_pkcs1(op, buf_span(&info), size, block);
}

static err verify_pkcs1(const struct op *op, const struct object *key, struct span in, struct span sig)
{
	EVP_PKEY_CTX *ctx = verifier(key, RSA_PKCS1_PADDING);
	int rc = ctx ? EVP_PKEY_verify(ctx, sig.p, sig.n, in.p, in.n) : 0;

	(void)op;
	EVP_PKEY_CTX_free(ctx);
	return verdict(rc);
}

static err verify_pkcs1_hash(const struct op *op, const struct object *key, struct span in, struct span sig)
{
	uint8_t room[19 + DIGEST_MAX];
	struct buf info = BUF(room);

	TRY(digest_info(op, in, &info));
	return verify_pkcs1(op, key, buf_span(&info), sig);
}

/* --- raw RSA (CKM_RSA_X_509): shorter data count as if zeros stood in front --------------------- */
static err sign_raw(const struct op *op, struct span in, size_t size, struct buf *block)
{
	(void)op;
	if (in.n > size)
		return FAIL(DATA_LENGTH);
	buf_fill(block, 0, size - in.n);
	buf_put(block, in);
	return block->bad ? FAIL(DATA_LENGTH) : OK;
}

static err verify_raw(const struct op *op, const struct object *key, struct span in, struct span sig)
{
	uint8_t room[BLOCK_MAX], want[BLOCK_MAX];
	struct buf block = BUF(want);
	size_t n = sizeof room;

	TRY(sign_raw(op, in, sig.n, &block));
	EVP_PKEY *pub = mech_public(key);
	EVP_PKEY_CTX *ctx = pub ? EVP_PKEY_CTX_new(pub, NULL) : NULL;
	int rc = ctx && EVP_PKEY_verify_recover_init(ctx) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
		EVP_PKEY_verify_recover(ctx, room, &n, sig.p, sig.n) == 1 &&
		span_eq((struct span){ room, n }, buf_span(&block));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pub);
	return verdict(rc);
}

/* --- PSS (RFC 8017, 9.1.1) ---------------------------------------------------------------------- */
/* H = Hash(eight zeros || mHash || salt) */
static bool pss_hash(const EVP_MD *md, struct span digest, struct span salt, uint8_t *out)
{
	static const uint8_t zeros[8];
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = c && EVP_DigestInit_ex(c, md, NULL) == 1 && EVP_DigestUpdate(c, zeros, 8) == 1 &&
		EVP_DigestUpdate(c, digest.p, digest.n) == 1 && EVP_DigestUpdate(c, salt.p, salt.n) == 1 &&
		EVP_DigestFinal_ex(c, out, NULL) == 1;

	EVP_MD_CTX_free(c);
	return good;
}

static err sign_pss(const struct op *op, struct span in, size_t size, struct buf *block)
{
	const EVP_MD *md = mech_md_of(op->hash), *mgf = mech_mgf(op->mgf);
	size_t hash = (size_t)EVP_MD_get_size(md), salt_n = op->salt;
	uint8_t salt[BLOCK_MAX], h[DIGEST_MAX], mask[BLOCK_MAX];

	if (in.n != hash)
		return FAIL(DATA_LENGTH);
	if (size > BLOCK_MAX || size < hash + salt_n + 2)
		return FAIL(MECH_PARAM);
	/* emBits = 8 * size - 1: the modulus has its top bit set, so emLen = size */
	size_t db_n = size - hash - 1;
	if (RAND_bytes(salt, (int)salt_n) != 1 || !pss_hash(md, in, (struct span){ salt, salt_n }, h) ||
	    !mech_mgf1(mgf, (struct span){ h, hash }, mask, db_n))
		return FAIL(GENERAL);
	size_t start = block->n;
	buf_fill(block, 0, db_n - salt_n - 1);
	buf_be(block, 0x01, 1);
	buf_put(block, (struct span){ salt, salt_n });
	if (block->bad)
		return FAIL(GENERAL);
	for (size_t i = 0; i < db_n; i++)
		block->p[start + i] ^= mask[i];
	block->p[start] &= 0x7F;
	buf_put(block, (struct span){ h, hash });
	buf_be(block, 0xBC, 1);
	return block->bad ? FAIL(GENERAL) : OK;
}

static err verify_pss(const struct op *op, const struct object *key, struct span in, struct span sig)
{
	const EVP_MD *md = mech_md_of(op->hash);
	EVP_PKEY_CTX *ctx = verifier(key, RSA_PKCS1_PSS_PADDING);
	int rc = 0;

	if (ctx && EVP_PKEY_CTX_set_signature_md(ctx, md) == 1 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mech_mgf(op->mgf)) == 1 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)op->salt) == 1)
		rc = EVP_PKEY_verify(ctx, sig.p, sig.n, in.p, in.n);
	EVP_PKEY_CTX_free(ctx);
	return verdict(rc);
}

/* --- ECDSA: the leftmost bits of the hash (FIPS 186-4, 6.4), as long as the curve ---------------- */
static err sign_ecdsa(const struct op *op, struct span in, size_t size, struct buf *block)
{
	(void)op;
	if (in.n == 0)
		return FAIL(DATA_LENGTH);
	in = span_first(in, size);
	buf_fill(block, 0, size - in.n);
	buf_put(block, in);
	return block->bad ? FAIL(DATA_LENGTH) : OK;
}

static err verify_ecdsa(const struct op *op, const struct object *key, struct span in, struct span sig)
{
	uint8_t room[150];
	struct buf der = BUF(room);
	EVP_PKEY_CTX *ctx = verifier(key, 0);

	(void)op;
	der_put_ecdsa(&der, sig);
	int rc = ctx && !der.bad ? EVP_PKEY_verify(ctx, der.p, der.n, in.p, in.n) : 0;
	EVP_PKEY_CTX_free(ctx);
	return verdict(rc);
}

const struct encoding encoding_none = { NULL, NULL, NULL, NULL, NULL };
const struct encoding encoding_pkcs1_hash = { .sign = sign_pkcs1_hash, .verify = verify_pkcs1_hash };
const struct encoding encoding_pss = { .sign = sign_pss, .verify = verify_pss };
const struct encoding encoding_ecdsa = { .sign = sign_ecdsa, .verify = verify_ecdsa };
const struct encoding encoding_pkcs1 = {
	sign_pkcs1, verify_pkcs1, encrypt_pkcs1, open_pkcs1, overhead_pkcs1
};
const struct encoding encoding_raw = { sign_raw, verify_raw, encrypt_raw, open_raw, overhead_raw };
