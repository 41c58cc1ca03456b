/* The card management key: PIV's third secret, which nobody should have to know. `init` makes a random one
 * and keeps it on the token under the PIN, where ykman keeps its own. */
#include "config.h"
#include <openssl/evp.h>
#include <openssl/rand.h>
#include "piv.h"

enum {
	INS_AUTHENTICATE = 0x87, INS_SET = 0xFF,
	TEMPLATE = 0x7C, WITNESS = 0x80, CHALLENGE = 0x81, RESPONSE = 0x82,
	ALG_3DES = 0x03, ALG_AES192 = 0x0A,
	FIRMWARE_AES = 0x050400,
	BLOCK_MAX = 16, KEY_BYTES = 24,
	PROTECTED = 0x88, PROTECTED_KEY = 0x89,		/* ykman's, in printed information */
	ADMIN = 0x80, ADMIN_FLAGS = 0x81, ADMIN_KEY_KEPT = 2	/* ykman's, in its admin data */
};

static const struct cipher { uint8_t id; const char *name; uint8_t key, block; } ciphers[] = {
#define PIV_CIPHER(id, name, key, block) { id, name, key, block },
#include "piv-ciphers.def"
#undef PIV_CIPHER
};
enum { CIPHERS = sizeof ciphers / sizeof ciphers[0] };

/* One block through the cipher, without padding. */
static err one_block(const struct cipher *c, const struct secret *key, bool encrypt, struct span in,
	uint8_t out[BLOCK_MAX])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *how = EVP_CIPHER_fetch(NULL, c->name, NULL);
	int n = 0;

	bool done = ctx && how && in.n == c->block &&
		EVP_CipherInit_ex2(ctx, how, secret_span(key).p, NULL, encrypt, NULL) == 1 &&
		EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
		EVP_CipherUpdate(ctx, out, &n, in.p, (int)in.n) == 1 && n == (int)in.n;
	EVP_CIPHER_free(how);
	EVP_CIPHER_CTX_free(ctx);
	return done ? OK : FAIL(GENERAL);
}

/* --- mutual authentication (A.1.2 of part 2) ------------------------------------------------- */
static err authenticate(struct token *t, const struct cipher *c, struct span first, struct span second,
	uint32_t answer, uint8_t out[BLOCK_MAX])
{
	APDU(auth, INS_AUTHENTICATE, c->id, REF_MANAGE, SHORT_ANSWER);
	struct buf copy = { out, 0, BLOCK_MAX, false };
	struct cur r;

	TLV(&auth.data, TEMPLATE) {
		tlv_put(&auth.data, WITNESS, first);
		if (second.n)
			tlv_put(&auth.data, CHALLENGE, second);
	}
	TRY(card_do(t->card, &auth, &r));
	struct cur dynamic = tlv_want(&r, TEMPLATE);
	struct span value = tlv_bytes(&dynamic, answer);
	if (!cur_done(&r) || value.n != c->block)
		return FAIL(BAD_REPLY);
	buf_put(&copy, value);
	return OK;
}

static err mutual(struct token *t, const struct cipher *c, const struct secret *key)
{
	uint8_t witness[BLOCK_MAX], proof[BLOCK_MAX], ours[BLOCK_MAX], reply[BLOCK_MAX], want[BLOCK_MAX];

	if (RAND_bytes(ours, c->block) != 1)
		return FAIL(GENERAL);
	TRY(authenticate(t, c, SPAN_NONE, SPAN_NONE, WITNESS, witness));
	TRY(one_block(c, key, false, (struct span){ witness, c->block }, proof));
	TRY(authenticate(t, c, (struct span){ proof, c->block }, (struct span){ ours, c->block },
		RESPONSE, reply));
	TRY(one_block(c, key, true, (struct span){ ours, c->block }, want));
	return span_eq((struct span){ want, c->block }, (struct span){ reply, c->block })
		? OK : FAIL(BAD_REPLY);
}

/* The algorithm of the key that is on the card, as far as the card says. */
static err said_alg(struct token *t, uint8_t *alg)
{
	struct piv_metadata m;

	*alg = piv_of(t)->manage_alg;
	if (*alg)
		return OK;
	err e = piv_metadata(t, REF_MANAGE, &m);
	if (ok(e))
		*alg = m.alg;
	return ok(e) || e.sw || e.code == E_NOT_SUPPORTED ? OK : e;
}

static err try_cipher(struct token *t, const struct cipher *c, const struct secret *key)
{
	err e = mutual(t, c, key);

	t->managed = ok(e);
	return e;
}

/* The cipher that the card names comes first, then every other with keys of that length. */
err piv_manage_with(struct token *t, const struct secret *key)
{
	err e = FAIL(TOKEN_WRITE_PROTECTED);
	uint8_t alg;

	TRY(said_alg(t, &alg));
	t->to_reset = true;			/* whatever comes of it */
	for (size_t i = 0; i < 2u * CIPHERS; i++) {
		const struct cipher *c = &ciphers[i % CIPHERS];
		if (c->key != key->n || (c->id == alg) != (i < CIPHERS))
			continue;
		e = try_cipher(t, c, key);
		if (ok(e) || !e.sw)
			return e;
	}
	return (err){ E_TOKEN_WRITE_PROTECTED, e.sw };
}

/* --- where it is kept ------------------------------------------------------------------------ */
err piv_manage_kept(struct token *t, struct secret *key)
{
	struct span value;

	TRY(piv_get(t, PIV_PRINTED, true, &value));
	struct cur c = cur_of(value), kept = tlv_find(&c, PROTECTED), v = tlv_find(&kept, PROTECTED_KEY);
	bool there = secret_set(key, cur_rest(&v)) && key->n;
	return there ? OK : FAIL(NOT_FOUND);
}

err piv_manage_keep(struct token *t, const struct secret *key)
{
	uint8_t room[SECRET_MAX + 16], admin_room[16];
	struct buf b = BUF(room), admin = BUF(admin_room);

	TLV(&b, PROTECTED)
		tlv_put(&b, PROTECTED_KEY, secret_span(key));
	err e = piv_put(t, PIV_PRINTED, true, buf_span(&b));
	wipe(room, sizeof room);
	TRY(e);
	TLV(&admin, ADMIN)
		tlv_put(&admin, ADMIN_FLAGS, SPAN(ADMIN_KEY_KEPT));
	e = piv_put(t, PIV_ADMIN_DATA, false, buf_span(&admin));
	return piv_of(t)->yubico || !e.sw ? e : OK;	/* ykman serves Yubico's cards alone */
}

void piv_manage_factory(struct secret *key)
{
	key->n = KEY_BYTES;
	for (uint8_t i = 0; i < KEY_BYTES; i++)
		key->b[i] = (uint8_t)(i % 8 + 1);
}

err piv_manage(struct token *t)
{
	SECRET key = { 0 };

	if (t->managed)
		return OK;
	TRY(piv_learn(t));
	err e = piv_manage_kept(t, &key);
	if (ok(e))
		e = piv_manage_with(t, &key);
	if (ok(e) || (e.code != E_NOT_FOUND && e.code != E_TOKEN_WRITE_PROTECTED && !e.sw))
		return e;
	piv_manage_factory(&key);
	return piv_manage_with(t, &key);
}

/* --- a new one ------------------------------------------------------------------------------- */
err piv_manage_random(struct token *t, uint8_t *alg, struct secret *key)
{
	*alg = piv_of(t)->firmware >= FIRMWARE_AES ? ALG_AES192 : ALG_3DES;
	key->n = KEY_BYTES;
	return RAND_bytes(key->b, KEY_BYTES) == 1 ? OK : FAIL(GENERAL);
}

err piv_manage_set(struct token *t, uint8_t alg, const struct secret *key)
{
	APDU(set, INS_SET, 0xFF, 0xFF, NO_ANSWER);
	struct cur r;

	set.hot = true;
	buf_put(&set.data, SPAN(alg, REF_MANAGE));
	buf_counted(&set.data, secret_span(key), 1);
	return card_do(t->card, &set, &r);
}
