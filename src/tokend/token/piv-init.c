/* Making a PIV token ours: everything on it erased, new secrets, a label. Our label object says from the first
 * moment that this was begun, and last that it is done. */
#include "config.h"
#include <openssl/rand.h>
#include <stdio.h>
#include "piv.h"

enum {
	INS_RESET = 0xFB,			/* Yubico's */
	GUID = 16, CCC_RANDOM = 14,
	LABEL_MAX = 200				/* bytes: the object holds 250 */
};

/* --- identity -------------------------------------------------------------------------------- */
/* The card holder unique identifier of a card outside the federal scheme (part 1, 3.1.2): agency 9999,
 * a GUID of its own, valid for as long as anybody cares. */
static err write_chuid(struct token *t)
{
	static const uint8_t fasc_n[] = { 0xD4, 0xE7, 0x39, 0xDA, 0x73, 0x9C, 0xED, 0x39, 0xCE, 0x73, 0x9D,
		0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10, 0x84, 0x21, 0xC8, 0x42, 0x10, 0xC3, 0xEB };
	uint8_t guid[GUID], room[96];
	struct buf b = BUF(room);

	if (RAND_bytes(guid, sizeof guid) != 1)
		return FAIL(GENERAL);
	guid[6] = (uint8_t)((guid[6] & 0x0F) | 0x40);		/* RFC 4122, version 4 */
	guid[8] = (uint8_t)((guid[8] & 0x3F) | 0x80);
	tlv_put(&b, 0x30, SPAN_OF(fasc_n));
	tlv_put(&b, 0x34, SPAN_OF(guid));
	tlv_put(&b, 0x35, span_str("20991231"));
	tlv_put(&b, 0x3E, SPAN_NONE);				/* no issuer's signature */
	tlv_put(&b, 0xFE, SPAN_NONE);
	return piv_put(t, PIV_CHUID, false, buf_span(&b));
}

/* The card capability container (part 1, 3.1.1): its number is random, the rest says "nothing more". */
static err write_ccc(struct token *t)
{
	static const uint8_t empty[] = { 0xF6, 0xF7, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE };
	uint8_t number[CCC_RANDOM], room[96];
	struct buf b = BUF(room);

	if (RAND_bytes(number, sizeof number) != 1)
		return FAIL(GENERAL);
	TLV(&b, 0xF0) {
		buf_put(&b, SPAN(0xA0, 0x00, 0x00, 0x01, 0x16, 0xFF, 0x02));	/* GSC-RID, type */
		buf_put(&b, SPAN_OF(number));
	}
	tlv_put(&b, 0xF1, SPAN(0x21));
	tlv_put(&b, 0xF2, SPAN(0x21));
	tlv_put(&b, 0xF3, SPAN_NONE);
	tlv_put(&b, 0xF4, SPAN(0x00));
	tlv_put(&b, 0xF5, SPAN(0x10));
	for (size_t i = 0; i < sizeof empty; i++)
		tlv_put(&b, empty[i], SPAN_NONE);
	return piv_put(t, PIV_CCC, false, buf_span(&b));
}

/* --- erasing --------------------------------------------------------------------------------- */
/* Yubico's RESET, which the card allows once nobody can log in any more. */
static err yubico_reset(struct token *t)
{
	APDU(reset, INS_RESET, 0x00, 0x00, NO_ANSWER);
	struct cur r;

	TRY(piv_block(t, REF_PIN));
	TRY(piv_block(t, REF_PUK));
	TRY(card_do(t->card, &reset, &r));
	piv_of(t)->manage_alg = 0;		/* the factory's again */
	piv_of(t)->own = false;
	piv_of(t)->own_flags = 0;
	return OK;
}

/* What a card without RESET keeps, for the person. */
static void remain(struct token *t, const char *what)
{
	if (t->store.n)
		buf_str(&t->store, "; ");
	buf_str(&t->store, what);
}

/* A slot's certificate is emptied and a throw-away key made over its key. */
static err erase_slot(struct token *t, const struct piv_slot *slot, bool *kept)
{
	static const uint32_t tries[] = { ALG_P256, ALG_RSA2048 };
	uint8_t room[OWN_KEYS_MAX];
	err e = piv_put(t, slot->object, false, SPAN_NONE);

	if (!ok(e) && !e.sw)
		return e;
	*kept = *kept || !ok(e);
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		struct buf spki = BUF(room);
		e = piv_make_key(t, slot->ref, piv_alg(tries[i]), 0, 0, &spki);
		if (ok(e) || !e.sw)
			return e;
	}
	*kept = true;
	return OK;
}

static err erase_slots(struct token *t)
{
	char text[48];

	for (size_t i = 0; i < piv_slots_n; i++) {
		bool kept = false;
		TRY(erase_slot(t, &piv_slots[i], &kept));
		snprintf(text, sizeof text, "key or certificate of slot %02X", piv_slots[i].ref);
		if (kept)
			remain(t, text);
	}
	return OK;
}

/* --- the two ways ---------------------------------------------------------------------------- */
static err set_secrets(struct token *t, const struct CardInit_in *in)
{
	SECRET pin = { 0 };
	SECRET puk = { 0 };

	secret_set(&pin, span_str("123456"));	/* the factory's, public knowledge */
	secret_set(&puk, span_str("12345678"));
	TRY(piv_change_reference(t, REF_PIN, &pin, &in->pin));
	return piv_change_reference(t, REF_PUK, &puk, &in->puk);
}

/* From here until `finish` whoever looks at the token sees that it is not whole, and what it is to be called. */
static err note_begun(struct token *t, const struct CardInit_in *in)
{
	struct piv *p = piv_of(t);
	struct buf label = BUF(p->label);

	buf_put(&label, in->label);
	p->label_n = label.n;
	p->own_flags = OWN_BEGUN;
	return piv_own_label_write(t);
}

/* A random management key takes the place of the factory's. It is kept under the PIN first, so that
 * whatever interrupts this, no key is in force that nobody has. */
static err new_manage_key(struct token *t, const struct CardInit_in *in)
{
	SECRET factory = { 0 };
	SECRET key = { 0 };
	uint8_t alg;

	piv_manage_factory(&factory);
	TRY(piv_manage_with(t, &factory));
	TRY(note_begun(t, in));
	TRY(piv_manage_random(t, &alg, &key));
	TRY(piv_manage_keep(t, &key));
	TRY(piv_manage_set(t, alg, &key));
	piv_of(t)->manage_alg = alg;
	return OK;
}

static err init_by_reset(struct token *t, const struct CardInit_in *in)
{
	TRY(yubico_reset(t));
	TRY(piv_select(t));
	TRY(new_manage_key(t, in));
	return set_secrets(t, in);
}

/* What printed information is to hold again: the key that stays in force. */
static err keep_old(struct token *t, const struct secret *old)
{
	return old->n ? piv_manage_keep(t, old) : piv_put(t, PIV_PRINTED, false, SPAN_NONE);
}

/* A random management key where the card knows Yubico's command for it; else the old one stays. It is
 * kept under the PIN before it is in force: with the factory's to fall back on, no moment has neither. */
static err try_manage_key(struct token *t, const struct secret *given)
{
	SECRET old = { 0 };
	SECRET key = { 0 };
	uint8_t alg;

	err e = given->n ? OK : piv_manage_kept(t, &old);
	if (!ok(e) && !e.sw && e.code != E_NOT_FOUND)
		return e;
	TRY(piv_manage_random(t, &alg, &key));
	TRY(piv_manage_keep(t, &key));
	e = piv_manage_set(t, alg, &key);
	if (ok(e)) {
		piv_of(t)->manage_alg = alg;
		return OK;
	}
	if (!e.sw)
		return e;
	remain(t, "the management key, which this card cannot change");
	return keep_old(t, given->n ? given : &old);
}

/* Without RESET nothing can be forced: the PUK must be right; it sets the PIN, which gives the
 * management key, unless that is given. */
static err init_by_overwriting(struct token *t, const struct CardInit_in *in)
{
	TRY(piv_pin_unblock(t, &in->puk, &in->pin));
	TRY(piv_verify(t, &in->pin));
	TRY(in->management.n ? piv_manage_with(t, &in->management) : piv_manage(t));
	TRY(note_begun(t, in));
	TRY(try_manage_key(t, &in->management));
	return erase_slots(t);
}

/* --- all of it ------------------------------------------------------------------------------- */
static err check_init(struct token *t, const struct CardInit_in *in)
{
	TRY(piv_pin_check(t, &in->pin));
	if (in->puk.n < 6 || in->puk.n > 8)
		return FAIL(PIN_LENGTH);
	return in->label.n > LABEL_MAX ? FAIL(ARGUMENTS) : OK;
}

static err finish(struct token *t, const struct CardInit_in *in, bool unset)
{
	struct piv *p = piv_of(t);
	struct own_keys none = { 0 };

	TRY(write_chuid(t));
	TRY(write_ccc(t));
	TRY(piv_own_keys_write(t, &none));
	p->own_flags = unset ? OWN_PIN_UNSET : in->flags & INIT_PIN_TO_CHANGE ? OWN_PIN_TO_CHANGE : 0;
	TRY(piv_own_label_write(t));
	p->own = !p->no_own;
	return OK;
}

/* C_InitToken gives no PIN: the card gets one that nobody knows, until the PUK sets another. */
static err pin_nobody_knows(struct secret *pin)
{
	uint8_t digits[8];

	if (RAND_bytes(digits, sizeof digits) != 1)
		return FAIL(GENERAL);
	for (size_t i = 0; i < sizeof digits; i++)
		digits[i] = (uint8_t)('0' + digits[i] % 10);
	secret_set(pin, SPAN_OF(digits));
	wipe(digits, sizeof digits);
	return OK;
}

err piv_init(struct token *t, struct CardInit_in *in, struct CardInit_out *out)
{
	bool unset = in->pin.n == 0;

	if (unset)
		TRY(pin_nobody_knows(&in->pin));
	TRY(check_init(t, in));
	TRY(piv_learn(t));
	struct piv *p = piv_of(t);
	/* a token that is not ours, or was never finished, has no PUK that anybody must know */
	if (in->prove && p->own && !(p->own_flags & OWN_BEGUN))
		TRY(piv_prove(t, &in->puk));
	TRY(p->yubico ? init_by_reset(t, in) : init_by_overwriting(t, in));
	TRY(finish(t, in, unset));
	out->remains = buf_span(&t->store);
	return t->store.bad ? FAIL(BAD_REPLY) : OK;
}
