/* What PIV keys do, and how they come and go. */
#include "config.h"
#include "piv.h"

enum {
	INS_AUTHENTICATE = 0x87, INS_GENERATE = 0x47,
	INS_ATTEST = 0xF9, INS_MOVE = 0xF6,	/* Yubico's */
	FIRMWARE_ATTEST = 0x040300, FIRMWARE_MOVE = 0x050700,
	MOVE_AWAY = 0xFF,
	TEMPLATE = 0x7C, CHALLENGE = 0x81, RESPONSE = 0x82, EXPONENTIATION = 0x85,
	POINT_PLAIN = 0x04
};

static const uint8_t curve_p256[] = { 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };
static const uint8_t curve_p384[] = { 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22 };

/* --- using one ------------------------------------------------------------------------------- */
/* A digest as ECDSA wants it (FIPS 186-4, 6.4): the leftmost bytes of a long one, zeros before a short
 * one, since cards want the curve's length. */
static void put_digest(struct buf *b, struct span digest, size_t bytes)
{
	digest = span_first(digest, bytes);
	buf_fill(b, 0, bytes - digest.n);
	buf_put(b, digest);
}

static err check_input(const struct CardUse_in *in, const struct piv_alg *alg)
{
	bool rsa = in->prim == PRIM_RSA_PRIVATE;

	if (!alg || (in->prim != PRIM_EC_SIGN && in->prim != PRIM_EC_DH && !rsa))
		return FAIL(NOT_SUPPORTED);
	if (rsa != (alg->kind == KEY_RSA))
		return FAIL(KEY_TYPE);
	if (rsa && in->in.n != alg->bytes)
		return FAIL(DATA_LENGTH);
	if (in->prim == PRIM_EC_SIGN && in->in.n == 0)
		return FAIL(DATA_LENGTH);
	if (in->prim == PRIM_EC_DH && (in->in.n != 2u * alg->bytes + 1 || in->in.p[0] != POINT_PLAIN))
		return FAIL(MECH_PARAM);
	return OK;
}

static void put_template(struct buf *b, const struct CardUse_in *in, const struct piv_alg *alg)
{
	TLV(b, TEMPLATE) {
		tlv_put(b, RESPONSE, SPAN_NONE);
		if (in->prim == PRIM_EC_DH)
			tlv_put(b, EXPONENTIATION, in->in);
		else
			TLV(b, CHALLENGE)
				put_digest(b, in->in, alg->bytes);
	}
}

/* What the card computed, checked for its form. */
static err put_result(struct cur r, const struct CardUse_in *in, const struct piv_alg *alg, struct buf *out)
{
	struct cur dynamic = tlv_want(&r, TEMPLATE);
	struct span result = tlv_bytes(&dynamic, RESPONSE);

	if (!cur_done(&dynamic) || !cur_done(&r))
		return FAIL(BAD_REPLY);
	if (in->prim == PRIM_EC_SIGN)
		return der_ecdsa_raw(result, alg->bytes, out);
	if (result.n != alg->bytes)
		return FAIL(BAD_REPLY);
	buf_put(out, result);
	return OK;
}

/* GENERAL AUTHENTICATE (3.2.4). */
err piv_use(struct token *t, const struct CardUse_in *in, struct buf *out)
{
	const struct piv_alg *alg = piv_alg(in->alg);
	struct cur r;

	TRY(check_input(in, alg));
	if (!piv_slot(in->slot))
		return FAIL(KEY_NOT_FOUND);
	APDU(use, INS_AUTHENTICATE, alg->id, (uint8_t)in->slot, LONG_ANSWER);
	use.hot = true;
	put_template(&use.data, in, alg);
	err e = card_do(t->card, &use, &r);
	if (e.code == E_NOT_FOUND)
		return (err){ E_KEY_NOT_FOUND, e.sw };
	TRY(e);
	return put_result(r, in, alg, out);
}

/* --- public keys ----------------------------------------------------------------------------- */
static void get_public(struct cur c, struct spki *key)
{
	struct cur v;

	while (cur_left(&c))
		switch (tlv_next(&c, &v)) {
		case 0x81: key->n = der_trim(cur_rest(&v)); break;
		case 0x82: key->e = der_trim(cur_rest(&v)); break;
		case 0x86: key->point = cur_rest(&v); break;
		default: break;
		}
}

err piv_spki(struct cur public, const struct piv_alg *alg, struct buf *spki)
{
	struct spki key = { .kind = alg->kind };

	get_public(public, &key);
	if (alg->alg == ALG_P256)
		key.curve = SPAN_OF(curve_p256);
	else if (alg->alg == ALG_P384)
		key.curve = SPAN_OF(curve_p384);
	bool good = alg->kind == KEY_RSA ? key.n.n == alg->bytes && key.e.n && key.e.n <= 8
		: key.point.n == 2u * alg->bytes + 1 && key.point.p[0] == POINT_PLAIN;
	if (!good)
		return FAIL(BAD_REPLY);
	der_put_spki(spki, &key);
	return spki->bad ? FAIL(BAD_REPLY) : OK;
}

/* --- making one ------------------------------------------------------------------------------ */
err piv_make_key(struct token *t, uint32_t slot, const struct piv_alg *alg, uint32_t pin_policy,
	uint32_t touch_policy, struct buf *spki)
{
	APDU(make, INS_GENERATE, 0x00, (uint8_t)slot, LONG_ANSWER);
	struct cur r;

	TLV(&make.data, 0xAC) {
		tlv_put(&make.data, 0x80, SPAN(alg->id));
		if (pin_policy)
			tlv_put(&make.data, 0xAA, SPAN((uint8_t)pin_policy));
		if (touch_policy)
			tlv_put(&make.data, 0xAB, SPAN((uint8_t)touch_policy));
	}
	err e = card_do(t->card, &make, &r);
	if (e.code == E_PIN_NEEDED)
		return (err){ E_TOKEN_WRITE_PROTECTED, e.sw };
	if (e.code == E_DATA_INVALID || e.code == E_NOT_SUPPORTED)
		return (err){ alg->kind == KEY_RSA ? E_KEY_SIZE : E_CURVE, e.sw };
	TRY(e);
	struct cur public = tlv_want(&r, 0x7F49);
	return cur_done(&r) ? piv_spki(public, alg, spki) : FAIL(BAD_REPLY);
}

/* Yubico's attestation: a certificate of the key, signed by the token's own. */
static err attest(struct token *t, uint32_t slot, struct buf *der)
{
	APDU(make, INS_ATTEST, (uint8_t)slot, 0x00, LONG_ANSWER);
	struct cur r;

	TRY(card_do(t->card, &make, &r));
	struct span cert = cur_rest(&r);
	if (cert.n == 0 || der_length(cert) != cert.n)
		return FAIL(BAD_REPLY);
	buf_put(der, cert);
	return OK;
}

err piv_attest(struct token *t, uint32_t slot, struct CardAttest_out *out)
{
	struct buf *b = &t->store;

	TRY(piv_learn(t));
	if (!piv_slot(slot))
		return FAIL(KEY_NOT_FOUND);
	if (piv_of(t)->firmware < FIRMWARE_ATTEST)
		return FAIL(NOT_SUPPORTED);
	TRY(attest(t, slot, b));
	size_t first = b->n;
	TRY(piv_cert_object(t, PIV_ATTESTATION_CERT, b));
	if (b->bad)
		return FAIL(BAD_REPLY);
	out->certificate = (struct span){ b->p, first };
	out->intermediate = (struct span){ b->p + first, b->n - first };
	return OK;
}

/* Our keys object as it is, empty where there is none. */
static err own_keys(struct token *t, struct buf *room, struct own_keys *keys)
{
	err e = piv_own_keys(t, room, keys);

	return e.code == E_NOT_FOUND ? OK : e;
}

/* The certificate of the key that was in the slot would be one of a key that is no more. */
static err drop_certificate(struct token *t, const struct piv_slot *slot, const struct own_key *known)
{
	if (known && !(known->flags & OWN_KEY_HAS_CERT))
		return OK;
	err e = piv_put(t, slot->object, false, SPAN_NONE);
	return e.code == E_NOT_FOUND ? OK : e;
}

static err check_generate(struct token *t, const struct CardGenerate_in *in)
{
	const struct piv_alg *alg = piv_alg(in->alg);
	bool given = in->pin_policy || in->touch_policy;

	if (!piv_slot(in->slot))
		return FAIL(KEY_NOT_FOUND);
	if (!alg)
		return FAIL(KEY_SIZE);
	if (in->pin_policy > POLICY_ALWAYS || in->touch_policy > POLICY_ALWAYS)
		return FAIL(ARGUMENTS);
	TRY(piv_learn(t));
	return given && !piv_of(t)->yubico ? FAIL(NOT_SUPPORTED) : OK;
}

static err note_key(struct token *t, struct own_keys *keys, const struct CardGenerate_in *in,
	const struct CardGenerate_out *made)
{
	struct own_key *key = own_key_make(keys, in->slot);

	if (!key)
		return FAIL(TOKEN_FULL);
	*key = (struct own_key){ .slot = (uint8_t)in->slot, .alg = (uint8_t)in->alg,
		.flags = made->attestation.n ? OWN_KEY_ATTESTED : 0,
		.pin_policy = (uint8_t)in->pin_policy, .touch_policy = (uint8_t)in->touch_policy,
		.id = in->id, .label = in->label, .spki = made->spki };
	return piv_own_keys_write(t, keys);
}

/* What the card has of an attestation is a bonus: without it the key is as good. */
static err try_attest(struct token *t, uint32_t slot, struct span *out)
{
	struct buf *b = &t->store;
	size_t begin = b->n;

	if (piv_of(t)->firmware < FIRMWARE_ATTEST)
		return OK;
	err e = attest(t, slot, b);
	if (ok(e))
		*out = (struct span){ b->p + begin, b->n - begin };
	return ok(e) || e.sw || e.code == E_BAD_REPLY ? OK : e;
}

err piv_generate(struct token *t, const struct CardGenerate_in *in, struct CardGenerate_out *out)
{
	uint8_t room[OWN_KEYS_MAX];
	struct buf b = BUF(room), *store = &t->store;
	struct own_keys keys;

	TRY(check_generate(t, in));
	TRY(piv_manage(t));
	TRY(own_keys(t, &b, &keys));
	TRY(drop_certificate(t, piv_slot(in->slot), own_key_find(&keys, in->slot)));
	size_t begin = store->n;
	TRY(piv_make_key(t, in->slot, piv_alg(in->alg), in->pin_policy, in->touch_policy, store));
	out->spki = (struct span){ store->p + begin, store->n - begin };
	TRY(try_attest(t, in->slot, &out->attestation));
	return note_key(t, &keys, in, out);
}

/* --- the end of one -------------------------------------------------------------------------- */
static err delete_key(struct token *t, uint32_t slot)
{
	APDU(move, INS_MOVE, MOVE_AWAY, (uint8_t)slot, NO_ANSWER);
	struct cur r;

	return card_do(t->card, &move, &r);
}

err piv_key_destroy(struct token *t, uint32_t slot)
{
	uint8_t room[OWN_KEYS_MAX], spki_room[OWN_KEYS_MAX];
	struct buf b = BUF(room), spki = BUF(spki_room);
	struct own_keys keys;

	if (!piv_slot(slot))
		return FAIL(KEY_NOT_FOUND);
	TRY(piv_learn(t));
	TRY(piv_manage(t));
	TRY(own_keys(t, &b, &keys));
	struct own_key *key = own_key_make(&keys, slot);
	if (!key)
		return FAIL(TOKEN_FULL);
	err e = piv_of(t)->firmware >= FIRMWARE_MOVE ? delete_key(t, slot) : FAIL(NOT_SUPPORTED);
	if (e.code == E_NOT_FOUND)
		e = OK;				/* it went before: only the note is missing */
	if (e.code == E_NOT_SUPPORTED)
		e = piv_make_key(t, slot, piv_alg(ALG_P256), 0, 0, &spki);
	TRY(e);
	*key = (struct own_key){ .slot = (uint8_t)slot,
		.flags = (uint8_t)(OWN_KEY_NONE | (key->flags & OWN_KEY_HAS_CERT)) };
	return piv_own_keys_write(t, &keys);
}

err piv_key_name(struct token *t, uint32_t slot, struct span id, struct span label)
{
	uint8_t room[OWN_KEYS_MAX];
	struct buf b = BUF(room);
	struct own_keys keys;

	if (!piv_slot(slot))
		return FAIL(KEY_NOT_FOUND);
	TRY(piv_manage(t));
	TRY(own_keys(t, &b, &keys));
	struct own_key *key = own_key_make(&keys, slot);
	if (!key)
		return FAIL(TOKEN_FULL);
	key->id = id;
	key->label = label;
	return piv_own_keys_write(t, &keys);
}
