/* Keys in the card's slots: the tables, generation, use, and their form in the state file. */
#include "config.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "keys.h"

const struct slot key_slots[SLOTS] = {
#define SLOT(ref, policy) { ref, policy },
#include "slots.def"
#undef SLOT
};

static const struct alg algs[] = {
#define ALG(id, name, kind, bits, big) { id, #name, kind, bits, big },
#include "algs.def"
#undef ALG
};

static const struct cipher ciphers[] = {
#define CIPHER(id, name, key, block) { id, name, key, block },
#include "ciphers.def"
#undef CIPHER
};

size_t slot_find(uint8_t ref)
{
	size_t i = 0;

	while (i < SLOTS && key_slots[i].ref != ref)
		i++;
	return i;
}

const struct alg *alg_find(uint8_t id)
{
	for (size_t i = 0; i < sizeof algs / sizeof *algs; i++)
		if (algs[i].id == id)
			return &algs[i];
	return NULL;
}

const struct cipher *cipher_find(uint8_t id)
{
	if (id == 0)			/* SP 800-78-4: 00 is 3DES as well */
		id = 0x03;
	for (size_t i = 0; i < sizeof ciphers / sizeof *ciphers; i++)
		if (ciphers[i].id == id)
			return &ciphers[i];
	return NULL;
}

size_t alg_bytes(const struct alg *alg)
{
	return alg->bits / 8u;
}

void key_drop(struct key *k)
{
	EVP_PKEY_free(k->pkey);
	*k = (struct key){ 0 };
}

static const char *curve(const struct alg *alg)
{
	return alg->bits == 256 ? "P-256" : "P-384";
}

err key_generate(struct key *k, const struct alg *alg)
{
	if (alg->kind == KEY_RSA)
		k->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)alg->bits);
	else
		k->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve(alg));
	k->alg = alg;
	k->origin = ORIGIN_GENERATED;
	return k->pkey ? OK : FAIL(GENERAL);
}

static void put_bn(struct buf *out, uint32_t tag, EVP_PKEY *pkey, const char *param)
{
	uint8_t bytes[512];
	BIGNUM *bn = NULL;
	int n = -1;

	if (EVP_PKEY_get_bn_param(pkey, param, &bn) && BN_num_bytes(bn) <= (int)sizeof bytes)
		n = BN_bn2bin(bn, bytes);
	BN_free(bn);
	if (n < 0)
		out->bad = true;
	else
		tlv_put(out, tag, (struct span){ bytes, (size_t)n });
}

err key_public(const struct key *k, struct buf *out)
{
	uint8_t point[1 + 2 * 48];
	size_t n = 0;

	if (k->alg->kind == KEY_RSA) {
		put_bn(out, 0x81, k->pkey, OSSL_PKEY_PARAM_RSA_N);
		put_bn(out, 0x82, k->pkey, OSSL_PKEY_PARAM_RSA_E);
		return out->bad ? FAIL(GENERAL) : OK;
	}
	if (!EVP_PKEY_get_octet_string_param(k->pkey, OSSL_PKEY_PARAM_PUB_KEY, point,
			sizeof point, &n))
		return FAIL(GENERAL);
	tlv_put(out, 0x86, (struct span){ point, n });
	return out->bad ? FAIL(GENERAL) : OK;
}

err key_rsa(const struct key *k, struct span block, struct buf *out)
{
	size_t n = buf_room(out);

	if (block.n != alg_bytes(k->alg))
		return FAIL(DATA_INVALID);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
	/* NO_PADDING: decryption is the bare private-key operation, and refuses block >= n */
	bool done = ctx && EVP_PKEY_decrypt_init(ctx) == 1
		&& EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1
		&& EVP_PKEY_decrypt(ctx, out->p + out->n, &n, block.p, block.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!done)
		return FAIL(DATA_INVALID);
	buf_grow(out, n);
	return OK;
}

err key_ecdsa(const struct key *k, struct span digest, struct buf *out)
{
	size_t n = buf_room(out);

	if (!digest.n || digest.n > alg_bytes(k->alg))
		return FAIL(DATA_INVALID);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
	bool done = ctx && EVP_PKEY_sign_init(ctx) == 1
		&& EVP_PKEY_sign(ctx, out->p + out->n, &n, digest.p, digest.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!done)
		return FAIL(GENERAL);
	buf_grow(out, n);
	return OK;
}

/* Another's public key on the same curve; NULL where the point is not on it. */
static EVP_PKEY *peer_key(const struct alg *alg, struct span point)
{
	EVP_PKEY_CTX *params = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *p = NULL;
	EVP_PKEY *made = NULL;

	if (params && bld
			&& OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, curve(alg), 0)
			&& OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point.p,
				point.n)
			&& (p = OSSL_PARAM_BLD_to_param(bld))
			&& EVP_PKEY_fromdata_init(params) == 1)
		EVP_PKEY_fromdata(params, &made, EVP_PKEY_PUBLIC_KEY, p);
	OSSL_PARAM_free(p);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(params);
	return made;
}

err key_ecdh(const struct key *k, struct span point, struct buf *out)
{
	size_t n = buf_room(out);

	if (point.n != 1 + 2 * alg_bytes(k->alg) || point.p[0] != 0x04)
		return FAIL(DATA_INVALID);
	EVP_PKEY *peer = peer_key(k->alg, point);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
	bool done = peer && ctx && EVP_PKEY_derive_init(ctx) == 1
		&& EVP_PKEY_derive_set_peer(ctx, peer) == 1
		&& EVP_PKEY_derive(ctx, out->p + out->n, &n) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	if (!done)
		return FAIL(DATA_INVALID);
	buf_grow(out, n);
	return OK;
}

err key_put_der(const struct key *k, struct buf *out)
{
	unsigned char *der = NULL;
	int n = i2d_PrivateKey(k->pkey, &der);

	if (n <= 0)
		return FAIL(GENERAL);
	buf_put(out, (struct span){ der, (size_t)n });
	OPENSSL_clear_free(der, (size_t)n);
	return out->bad ? FAIL(GENERAL) : OK;
}

err key_from_der(struct key *k, const struct alg *alg, struct span der)
{
	const unsigned char *at = der.p;

	k->alg = alg;
	k->pkey = d2i_AutoPrivateKey(NULL, &at, (long)der.n);
	if (!k->pkey || EVP_PKEY_get_bits(k->pkey) != alg->bits
			|| EVP_PKEY_is_a(k->pkey, "RSA") != (alg->kind == KEY_RSA)
			|| EVP_PKEY_is_a(k->pkey, "EC") != (alg->kind == KEY_EC))
		return FAIL(DATA_INVALID);
	return OK;
}

err cipher_block(const struct cipher *c, struct span key, bool encrypt, struct span in,
	struct buf *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *how = EVP_CIPHER_fetch(NULL, c->name, NULL);
	int n = 0;
	bool done = ctx && how && key.n == c->key && in.n == c->block && buf_room(out) >= in.n
		&& EVP_CipherInit_ex2(ctx, how, key.p, NULL, encrypt, NULL) == 1
		&& EVP_CIPHER_CTX_set_padding(ctx, 0) == 1
		&& EVP_CipherUpdate(ctx, out->p + out->n, &n, in.p, (int)in.n) == 1;

	EVP_CIPHER_free(how);
	EVP_CIPHER_CTX_free(ctx);
	if (!done || n != c->block)
		return FAIL(GENERAL);
	buf_grow(out, (size_t)n);
	return OK;
}
