/* The table of mech.def, looked up, and mechanism parameters. */
#include "config.h"
#include <openssl/x509.h>
#include "mech.h"
#include "session.h"

#define HASH_NONE NULL
#define HASH_SHA1 "SHA1"
#define HASH_SHA224 "SHA224"
#define HASH_SHA256 "SHA256"
#define HASH_SHA384 "SHA384"
#define HASH_SHA512 "SHA512"

static const struct mech mechs[] = {
#define MECH(type, key, uses, hash, encoding) \
	{ type, KEY_##key, uses, HASH_##hash, &encoding_##encoding },
#include "mech.def"
#undef MECH
};
enum { OAEP_LABEL_MAX = 1024 };
enum { MECHS = sizeof mechs / sizeof mechs[0] };

static const struct { uint64_t ckm, ckg; const char *name; } hashes[] = {
	{ CKM_SHA_1, CKG_MGF1_SHA1, "SHA1" },      { CKM_SHA224, CKG_MGF1_SHA224, "SHA224" },
	{ CKM_SHA256, CKG_MGF1_SHA256, "SHA256" }, { CKM_SHA384, CKG_MGF1_SHA384, "SHA384" },
	{ CKM_SHA512, CKG_MGF1_SHA512, "SHA512" },
};
enum { HASHES = sizeof hashes / sizeof hashes[0] };

const struct mech *mech_find(uint64_t type, unsigned use)
{
	for (size_t i = 0; i < MECHS; i++)
		if (mechs[i].type == type && mechs[i].uses & use)
			return &mechs[i];
	return NULL;
}

const EVP_MD *mech_md(const char *name)
{
	return name ? EVP_get_digestbyname(name) : NULL;
}

const EVP_MD *mech_md_of(uint64_t ckm)
{
	for (size_t i = 0; i < HASHES; i++)
		if (hashes[i].ckm == ckm)
			return mech_md(hashes[i].name);
	return NULL;
}

const EVP_MD *mech_mgf(uint64_t ckg)
{
	for (size_t i = 0; i < HASHES; i++)
		if (hashes[i].ckg == ckg)
			return mech_md(hashes[i].name);
	return NULL;
}

/* --- the list ---------------------------------------------------------------------------------- */
static uint64_t flags_of(const struct token *t, const struct mech *m)
{
	static const struct { unsigned use; uint64_t flags; } map[] = {
		{ USE_DIGEST, CKF_DIGEST }, { USE_SIGN, CKF_SIGN | CKF_VERIFY },
		{ USE_RECOVER, CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER }, { USE_CIPHER, CKF_ENCRYPT | CKF_DECRYPT },
		{ USE_DERIVE, CKF_DERIVE },
	};
	uint64_t flags = 0;

	for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
		if (m->uses & map[i].use)
			flags |= map[i].flags;
	/* only what the chip itself does is said to be done in hardware */
	if (m->key != KEY_NONE && !m->hash)
		flags |= CKF_HW;
	if (m->uses & USE_GENERATE)
		flags |= t->flags & TOKEN_CAN_GENERATE ? CKF_GENERATE_KEY_PAIR : 0;
	if (m->key == KEY_EC)
		flags |= CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS;
	return flags;
}

/* The smallest and largest of the token's keys of a kind; false: it has none. */
static bool key_range(const struct token *t, enum key_kind kind, struct MechRec_in *rec)
{
	static const enum alg rsa[] = { ALG_RSA1024, ALG_RSA2048, ALG_RSA3072, ALG_RSA4096, ALG_NONE };
	static const enum alg ec[] = { ALG_P256, ALG_P384, ALG_NONE };
	const enum alg *a = kind == KEY_RSA ? rsa : ec;

	for (; *a; a++) {
		if (!(t->algs & 1u << *a))
			continue;
		rec->smallest = rec->smallest ? rec->smallest : alg_bits(*a);
		rec->largest = alg_bits(*a);
	}
	return rec->largest != 0;
}

bool mech_on(const struct token *t, const struct mech *m)
{
	bool raw = m->encoding == &encoding_raw || m->encoding == &encoding_pss || m->encoding == &encoding_oaep;

	return !raw || !(t->flags & TOKEN_NO_RAW);
}

void mech_list(const struct token *t, struct buf *b)
{
	for (size_t i = 0; i < MECHS; i++) {
		struct MechRec_in rec = { .type = mechs[i].type, .flags = flags_of(t, &mechs[i]) };
		if (!mech_on(t, &mechs[i]))
			continue;
		if (mechs[i].uses == USE_GENERATE && !(t->flags & TOKEN_CAN_GENERATE))
			continue;
		if (mechs[i].key == KEY_NONE || key_range(t, mechs[i].key, &rec))
			MechRec_put_in(b, &rec);
	}
}

/* --- parameters -------------------------------------------------------------------------------- */
static err param_pss(const struct mech *m, struct span param, struct op *op)
{
	struct cur c = cur_of(param);
	struct PssParam_in in;

	PssParam_get_in(&c, &in);
	const EVP_MD *md = cur_done(&c) ? mech_md_of(in.hash) : NULL;
	if (!md || !mech_mgf(in.mgf) || in.salt > 512)
		return FAIL(MECH_PARAM);
	/* a mechanism that hashes by itself hashes with the parameter's hash (PKCS#11 2.1.10) */
	if (m->hash && mech_md(m->hash) != md)
		return FAIL(MECH_PARAM);
	op->hash = in.hash, op->mgf = in.mgf, op->salt = in.salt;
	return OK;
}

static err param_oaep(struct span param, struct op *op)
{
	struct span label = SPAN_NONE;
	struct cur c = cur_of(param);
	struct OaepParam_in in;

	OaepParam_get_in(&c, &in);
	if (!cur_done(&c) || !mech_md_of(in.hash) || !mech_mgf(in.mgf) || in.source > CKZ_DATA_SPECIFIED)
		return FAIL(MECH_PARAM);
	if (in.label.n > OAEP_LABEL_MAX)
		return FAIL(MECH_PARAM);
	if (in.label.n && !keep_span(&label, in.label))
		return FAIL(QUOTA);
	op->hash = in.hash, op->mgf = in.mgf;
	op->label = (uint8_t *)(uintptr_t)label.p;
	op->label_n = label.n;
	return OK;
}

err mech_param(const struct mech *m, struct span param, struct op *op)
{
	if (m->encoding == &encoding_pss)
		return param_pss(m, param, op);
	if (m->encoding == &encoding_oaep)
		return param_oaep(param, op);
	return param.n ? FAIL(MECH_PARAM) : OK;
}

bool mech_mgf1(const EVP_MD *md, struct span seed, uint8_t *mask, size_t n)
{
	uint8_t block[EVP_MAX_MD_SIZE], counter[4];
	struct buf out = { mask, 0, n, false };
	bool good = true;

	for (uint32_t i = 0; good && out.n < n; i++) {
		struct buf c = BUF(counter);
		unsigned size = 0;
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();
		buf_be(&c, i, 4);
		good = ctx && EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
			EVP_DigestUpdate(ctx, seed.p, seed.n) == 1 &&
			EVP_DigestUpdate(ctx, counter, sizeof counter) == 1 &&
			EVP_DigestFinal_ex(ctx, block, &size) == 1;
		EVP_MD_CTX_free(ctx);
		buf_put(&out, span_first((struct span){ block, size }, n - out.n));
	}
	wipe(block, sizeof block);
	return good;
}

EVP_PKEY *mech_public(const struct object *key)
{
	const uint8_t *p = key->spki.p;

	return d2i_PUBKEY(NULL, &p, (long)key->spki.n);
}
