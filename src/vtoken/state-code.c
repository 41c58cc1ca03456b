/* A state as the bytes of its file: magic, format, length, body, SHA-256 of all of it.
 *
 *   body = serial(4) firmware(3) sealed(secrets) tries(4) keys objects
 *   secrets = PIN(1+n) PUK(1+n) management cipher(1) touch(1) key(1+n)
 *   tries = PIN left, PIN max, PUK left, PUK max
 *   keys = count(1) { reference(1) algorithm(1) PIN policy(1) touch(1) origin(1) sealed(DER) }
 *   objects = count(2) { tag(4) bytes(2+n) }
 *   sealed(x) = (2+n) nonce(12) AES-256-GCM(x) tag(16), under the key of FILE.key
 */
#include "config.h"
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include "state.h"

enum { NONCE = 12, TAG = 16, SEALED_MAX = 4096, HEADER = 14, SUM = SHA256_DIGEST_LENGTH };
static const uint8_t magic[8] = { 'B', 'S', 'R', 'E', 'V', 'T', 'O', 'K' };
enum { FORMAT = 1 };

/* AES-256-GCM in one go; the 16 bytes of tag follow what is encrypted. */
static bool gcm(const struct secret *key, bool encrypt, struct span nonce, struct span in,
	struct buf *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct span text = encrypt ? in : span_first(in, in.n < TAG ? 0 : in.n - TAG);
	uint8_t tag[TAG];
	struct buf t = BUF(tag);
	int n = 0, last = 0;

	if (!encrypt && in.n >= TAG)
		buf_put(&t, (struct span){ in.p + text.n, TAG });
	bool done = ctx && (encrypt || t.n == TAG) && buf_room(out) >= text.n + TAG
		&& EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), secret_span(key).p, nonce.p, encrypt,
			NULL) == 1
		&& EVP_CipherUpdate(ctx, out->p + out->n, &n, text.p, (int)text.n) == 1
		&& (encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1)
		&& EVP_CipherFinal_ex(ctx, out->p + out->n + n, &last) == 1
		&& (!encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, tag) == 1);
	EVP_CIPHER_CTX_free(ctx);
	if (!done)
		return false;
	buf_grow(out, (size_t)(n + last));
	if (encrypt)
		buf_put(out, SPAN_OF(tag));
	return !out->bad;
}

static err put_sealed(const struct state *s, struct span plain, struct buf *out)
{
	uint8_t nonce[NONCE], sealed[SEALED_MAX];
	struct buf b = BUF(sealed);

	if (RAND_bytes(nonce, sizeof nonce) != 1)
		return FAIL(GENERAL);
	buf_put(&b, SPAN_OF(nonce));
	if (!gcm(&s->seal, true, SPAN_OF(nonce), plain, &b))
		return FAIL(GENERAL);
	buf_counted(out, buf_span(&b), 2);
	return OK;
}

static err get_sealed(const struct state *s, struct cur *c, struct buf *plain)
{
	struct cur in = cur_of(cur_counted(c, 2));
	struct span nonce = cur_take(&in, NONCE);

	if (in.bad || !gcm(&s->seal, false, nonce, cur_rest(&in), plain))
		return FAIL(DATA_INVALID);
	return OK;
}

static err put_secrets(const struct state *s, struct buf *out)
{
	uint8_t plain[4 * SECRET_MAX];
	struct buf b = BUF(plain);

	buf_counted(&b, secret_span(&s->pin.value), 1);
	buf_counted(&b, secret_span(&s->puk.value), 1);
	buf_put(&b, SPAN(s->mgm.cipher->id, s->mgm.touch));
	buf_counted(&b, secret_span(&s->mgm.key), 1);
	err e = put_sealed(s, buf_span(&b), out);
	wipe(plain, sizeof plain);
	return e;
}

static err get_secrets(struct state *s, struct cur *c)
{
	uint8_t plain[4 * SECRET_MAX + TAG];
	struct buf b = BUF(plain);

	TRY(get_sealed(s, c, &b));
	struct cur in = cur_of(buf_span(&b));
	bool fit = secret_set(&s->pin.value, cur_counted(&in, 1))
		&& secret_set(&s->puk.value, cur_counted(&in, 1));
	s->mgm.cipher = cipher_find(cur_u8(&in));
	s->mgm.touch = cur_u8(&in);
	fit = fit && secret_set(&s->mgm.key, cur_counted(&in, 1));
	wipe(plain, sizeof plain);
	if (!fit || !cur_done(&in) || !s->mgm.cipher || s->mgm.key.n != s->mgm.cipher->key
			|| s->pin.value.n != 8 || s->puk.value.n != 8)
		return FAIL(DATA_INVALID);
	return OK;
}

static err put_keys(const struct state *s, struct buf *out)
{
	uint8_t plain[SEALED_MAX - NONCE - TAG], n = 0;
	struct buf b = BUF(plain);
	err e = OK;

	for (size_t i = 0; i < SLOTS; i++)
		n = (uint8_t)(n + (s->keys[i].pkey != NULL));
	buf_put(out, SPAN(n));
	for (size_t i = 0; ok(e) && i < SLOTS; i++) {
		const struct key *k = &s->keys[i];
		if (!k->pkey)
			continue;
		buf_put(out, SPAN(key_slots[i].ref, k->alg->id, k->pin, k->touch, k->origin));
		b.n = 0;
		e = key_put_der(k, &b);
		if (ok(e))
			e = put_sealed(s, buf_span(&b), out);
	}
	wipe(plain, sizeof plain);
	return e;
}

static err get_key(struct state *s, struct cur *c)
{
	uint8_t plain[SEALED_MAX];
	struct buf b = BUF(plain);
	size_t i = slot_find(cur_u8(c));
	const struct alg *alg = alg_find(cur_u8(c));

	if (i == SLOTS || !alg || s->keys[i].pkey)
		return FAIL(DATA_INVALID);
	struct key *k = &s->keys[i];
	k->pin = cur_u8(c);
	k->touch = cur_u8(c);
	k->origin = cur_u8(c);
	TRY(get_sealed(s, c, &b));
	err e = key_from_der(k, alg, buf_span(&b));
	wipe(plain, sizeof plain);
	return e;
}

static err get_object(struct state *s, struct cur *c)
{
	uint32_t tag = cur_u32(c);
	struct span v = cur_counted(c, 2);

	if (c->bad || !v.n || tag > 0xFFFFFF || object_find(s, tag))
		return FAIL(DATA_INVALID);
	return object_set(s, tag, v);
}

static bool tries_sane(const struct tries *t)
{
	return t->max > 0 && t->left <= t->max;
}

err state_decode(struct state *s, struct span body)
{
	struct cur c = cur_of(body);

	s->serial = cur_u32(&c);
	for (size_t i = 0; i < sizeof s->firmware; i++)
		s->firmware[i] = cur_u8(&c);
	TRY(get_secrets(s, &c));
	s->pin.left = cur_u8(&c);
	s->pin.max = cur_u8(&c);
	s->puk.left = cur_u8(&c);
	s->puk.max = cur_u8(&c);
	for (unsigned n = cur_u8(&c); n > 0; n--)
		TRY(get_key(s, &c));
	for (unsigned n = cur_u16(&c); n > 0; n--)
		TRY(get_object(s, &c));
	return cur_done(&c) && tries_sane(&s->pin) && tries_sane(&s->puk) ? OK
		: FAIL(DATA_INVALID);
}

err state_encode(const struct state *s, struct buf *out)
{
	buf_be(out, s->serial, 4);
	buf_put(out, SPAN_OF(s->firmware));
	TRY(put_secrets(s, out));
	buf_put(out, SPAN(s->pin.left, s->pin.max, s->puk.left, s->puk.max));
	TRY(put_keys(s, out));
	buf_be(out, s->n_objects, 2);
	for (size_t i = 0; i < s->n_objects; i++) {
		buf_be(out, s->objects[i].tag, 4);
		buf_counted(out, (struct span){ s->objects[i].p, s->objects[i].n }, 2);
	}
	return out->bad ? FAIL(GENERAL) : OK;
}

err state_frame(const struct state *s, struct buf *out)
{
	uint8_t sum[SUM];

	buf_put(out, SPAN_OF(magic));
	buf_be(out, FORMAT, 2);
	size_t at = out->n;
	buf_be(out, 0, 4);
	TRY(state_encode(s, out));
	struct buf length = { .p = out->p + at, .cap = 4 };
	buf_be(&length, out->n - HEADER, 4);
	SHA256(out->p, out->n, sum);
	buf_put(out, SPAN_OF(sum));
	return out->bad ? FAIL(GENERAL) : OK;
}

static err refuse(const char **why, const char *reason)
{
	*why = reason;
	return FAIL(FILE);
}

err state_check(struct span file, struct span *body, const char **why)
{
	struct cur c = cur_of(file);
	struct span front = cur_take(&c, sizeof magic);
	uint8_t sum[SUM];

	if (c.bad || !span_eq(front, SPAN_OF(magic)))
		return refuse(why, "it is not a state file of bsre-vtoken");
	if (cur_u16(&c) != FORMAT)
		return refuse(why, "it is of another version of bsre-vtoken");
	*body = cur_take(&c, cur_u32(&c));
	struct span have = cur_take(&c, SUM);
	if (c.bad)
		return refuse(why, "it has been cut short");
	SHA256(file.p, HEADER + body->n, sum);
	if (!span_eq(have, SPAN_OF(sum)) || !cur_done(&c))
		return refuse(why, "it has been changed: its checksum does not fit");
	return OK;
}

err state_unframe(struct state *s, struct span file, const char **why)
{
	struct span body;

	TRY(state_check(file, &body, why));
	if (!ok(state_decode(s, body)))
		return refuse(why, "its contents do not fit the key file beside it");
	return OK;
}
