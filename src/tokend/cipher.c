/* Encryption with the public key, and messages taken out of the blocks that the card decrypted. A
 * padding that is wrong shows neither in the answer nor in the time it takes (RFC 8017, 7.2.2). */
#include "config.h"
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include "cipher.h"
#include "session.h"

enum { BLOCK_MAX = 512, DIGEST_MAX = 64 };

/* --- encrypting --------------------------------------------------------------------------------- */
static bool oaep_setup(EVP_PKEY_CTX *ctx, const struct op *op)
{
	void *label = op->label_n ? OPENSSL_memdup(op->label, op->label_n) : NULL;

	if (EVP_PKEY_CTX_set_rsa_oaep_md(ctx, mech_md_of(op->hash)) != 1 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mech_mgf(op->mgf)) != 1)
		return false;
	return !label || EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, (int)op->label_n) == 1;
}

static err encrypt(const struct op *op, const struct object *key, struct span in, int padding, struct buf *out)
{
	EVP_PKEY *pub = mech_public(key);
	EVP_PKEY_CTX *ctx = pub ? EVP_PKEY_CTX_new(pub, NULL) : NULL;
	size_t n = buf_room(out);
	bool good = ctx && EVP_PKEY_encrypt_init(ctx) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1 &&
		(padding != RSA_PKCS1_OAEP_PADDING || oaep_setup(ctx, op)) &&
		EVP_PKEY_encrypt(ctx, out->p + out->n, &n, in.p, in.n) == 1;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pub);
	ERR_clear_error();
	if (good)
		buf_grow(out, n);
	return good ? OK : FAIL(DATA_LENGTH);
}

err encrypt_pkcs1(const struct op *op, const struct object *key, struct span in, struct buf *out)
{
	return encrypt(op, key, in, RSA_PKCS1_PADDING, out);
}

err encrypt_raw(const struct op *op, const struct object *key, struct span in, struct buf *out)
{
	uint8_t room[BLOCK_MAX];
	struct buf block = BUF(room);
	size_t size = key->key.n.n;

	if (in.n > size || size > sizeof room)
		return FAIL(DATA_LENGTH);
	buf_fill(&block, 0, size - in.n);
	buf_put(&block, in);
	return encrypt(op, key, buf_span(&block), RSA_NO_PADDING, out);
}

static err encrypt_oaep(const struct op *op, const struct object *key, struct span in, struct buf *out)
{
	return encrypt(op, key, in, RSA_PKCS1_OAEP_PADDING, out);
}

/* --- opening: all bits are 1 or 0, never a branch on the block's bytes --------------------------- */
static unsigned is_zero(unsigned v)              { return ((v - 1) & ~v) >> 31 ? ~0u : 0u; }
static unsigned is_equal(unsigned a, unsigned b) { return is_zero(a ^ b); }
static unsigned is_less(unsigned a, unsigned b)  { return (a - b) >> 31 ? ~0u : 0u; }	/* both < 2^31 */
static unsigned pick(unsigned mask, unsigned a, unsigned b) { return (mask & a) | (~mask & b); }

/* Bytes that only this broker can foresee, the same for the same ciphertext. */
static bool foresee(struct span cipher, uint8_t label, uint8_t *out, unsigned n)
{
	static uint8_t secret_key[32];
	static bool made;
	uint8_t text[BLOCK_MAX + 2], mac[32];

	if (!made)
		made = RAND_bytes(secret_key, sizeof secret_key) == 1;
	for (unsigned at = 0, i = 0; made && at < n; i++, at += sizeof mac) {
		struct buf b = BUF(text);
		unsigned mac_n = sizeof mac;
		buf_be(&b, label, 1);
		buf_be(&b, i, 1);
		buf_put(&b, cipher);
		if (b.bad || !HMAC(EVP_sha256(), secret_key, sizeof secret_key, b.p, b.n, mac, &mac_n))
			return false;
		struct buf o = { out + at, 0, n - at, false };
		buf_put(&o, span_first((struct span){ mac, mac_n }, n - at));
	}
	wipe(mac, sizeof mac);
	return made;
}

/* Copies the last n bytes of from[0..size) with every byte of it touched the same way. */
static void take_tail(const uint8_t *from, unsigned size, unsigned n, struct buf *out)
{
	uint8_t tail[BLOCK_MAX];

	for (unsigned i = 0; i < size; i++)
		tail[i] = from[i];
	for (unsigned shift = 1; shift < size; shift <<= 1) {
		unsigned move = ~is_zero((size - n) & shift);
		for (unsigned i = 0; i < size; i++)
			tail[i] = (uint8_t)pick(move, i + shift < size ? tail[i + shift] : 0, tail[i]);
	}
	buf_put(out, (struct span){ tail, n });
	wipe(tail, sizeof tail);
}

/* 00 02 PS 00 M, with PS of at least 8 nonzero bytes; where it is not, a message that the ciphertext
 * and our secret determine (implicit rejection), so that nothing can be learned by trying. */
err open_pkcs1(const struct op *op, struct span block, struct span cipher, struct buf *out)
{
	uint8_t fake[BLOCK_MAX], length[2], both[BLOCK_MAX];
	unsigned size = (unsigned)block.n, zero_at = 0, found = 0;

	(void)op;
	if (size < 11 || size > BLOCK_MAX || !foresee(cipher, 0, fake, size) || !foresee(cipher, 1, length, 2))
		return FAIL(CIPHER_LENGTH);
	unsigned good = is_zero(block.p[0]) & is_equal(block.p[1], 2);
	for (unsigned i = 2; i < size; i++) {
		unsigned here = is_zero(block.p[i]) & ~found;
		zero_at = pick(here, i, zero_at);
		found |= here;
	}
	good &= found & ~is_less(zero_at, 10);
	unsigned fake_n = (unsigned)(length[0] << 8 | length[1]) % (size - 10);
	for (unsigned i = 0; i < size; i++)
		both[i] = (uint8_t)pick(good, block.p[i], fake[i]);
	take_tail(both, size, pick(good, size - zero_at - 1, fake_n), out);
	wipe(both, sizeof both);
	wipe(fake, sizeof fake);
	return OK;
}

err open_raw(const struct op *op, struct span block, struct span cipher, struct buf *out)
{
	(void)op, (void)cipher;
	buf_put(out, block);
	return OK;
}

/* --- OAEP (RFC 8017, 7.1.2): one failure for whatever is wrong ----------------------------------- */
static bool unmask(uint8_t *what, size_t n, const uint8_t *seed, size_t seed_n, const EVP_MD *mgf)
{
	uint8_t mask[BLOCK_MAX];

	if (!mech_mgf1(mgf, (struct span){ seed, seed_n }, mask, n))
		return false;
	for (size_t i = 0; i < n; i++)
		what[i] ^= mask[i];
	wipe(mask, sizeof mask);
	return true;
}

static err open_oaep(const struct op *op, struct span block, struct span cipher, struct buf *out)
{
	const EVP_MD *md = mech_md_of(op->hash), *mgf = mech_mgf(op->mgf);
	unsigned hash = (unsigned)EVP_MD_get_size(md), size = (unsigned)block.n;
	uint8_t room[BLOCK_MAX], want[DIGEST_MAX];
	struct buf b = BUF(room);

	(void)cipher;
	if (size < 2 * hash + 2 || size > BLOCK_MAX)
		return FAIL(CIPHER_LENGTH);
	buf_put(&b, block);
	uint8_t *seed = room + 1, *db = room + 1 + hash;
	unsigned db_n = size - hash - 1;
	if (!unmask(seed, hash, db, db_n, mgf) || !unmask(db, db_n, seed, hash, mgf) ||
	    EVP_Digest(op->label_n ? op->label : want, op->label_n, want, NULL, md, NULL) != 1)
		return FAIL(GENERAL);
	unsigned good = is_zero(room[0]), one_at = 0, found = 0;
	for (unsigned i = 0; i < hash; i++)
		good &= is_equal(db[i], want[i]);
	for (unsigned i = hash; i < db_n; i++) {
		unsigned here = is_equal(db[i], 1) & ~found;
		one_at = pick(here, i, one_at);
		good &= found | here | is_zero(db[i]);
		found |= here;
	}
	good &= found;
	if (good)
		buf_put(out, (struct span){ db + one_at + 1, db_n - one_at - 1 });
	wipe(room, sizeof room);
	return good ? OK : FAIL(CIPHER_INVALID);
}

size_t overhead_pkcs1(const struct op *op) { (void)op; return 11; }
size_t overhead_raw(const struct op *op)   { (void)op; return 0; }

static size_t overhead_oaep(const struct op *op)
{
	return 2 * (size_t)EVP_MD_get_size(mech_md_of(op->hash)) + 2;
}

const struct encoding encoding_oaep = { .encrypt = encrypt_oaep, .open = open_oaep, .overhead = overhead_oaep };
