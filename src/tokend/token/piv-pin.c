/* PIV's PIN and PUK, and SELECT, which must come before them. */
#include "config.h"
#include <openssl/rand.h>
#include "piv.h"

enum {
	INS_SELECT = 0xA4, INS_VERIFY = 0x20, INS_CHANGE = 0x24, INS_RESET_RETRY = 0x2C,
	P1_FORGET = 0xFF,
	PIN_MIN = 6, PIN_BYTES = 8,		/* 2.4.3: padded with FF to eight */
	BLOCK_ROUNDS = 256			/* a counter has a byte */
};

static const uint8_t aid[] = { 0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00 };

/* The algorithms in SELECT's answer (3.1.1, table 5: AC holds an 80 for each), 0: it does not say. */
static uint32_t algs_in(struct cur apt)
{
	struct cur list = tlv_find(&apt, 0xAC), v;
	uint32_t bits = 0;

	while (cur_left(&list))
		if (tlv_next(&list, &v) == 0x80) {
			const struct piv_alg *alg = piv_alg_of_id(cur_u8(&v));
			if (alg)
				bits |= 1u << alg->alg;
		}
	return bits;
}

err piv_select(struct token *t)
{
	APDU(select, INS_SELECT, 0x04, 0x00, SHORT_ANSWER);
	struct piv *p = piv_of(t);
	struct buf apt = BUF(p->apt);
	struct cur r;

	buf_put(&select.data, SPAN_OF(aid));
	TRY(card_do(t->card, &select, &r));
	struct span all = { r.p, cur_left(&r) };
	buf_put(&apt, span_first(all, sizeof p->apt));
	p->apt_n = apt.n;
	p->card_algs = algs_in(tlv_want(&r, 0x61));
	return OK;
}

/* --- PIN ------------------------------------------------------------------------------------- */
err piv_tries(struct token *t, uint8_t *left)
{
	APDU(ask, INS_VERIFY, 0x00, REF_PIN, NO_ANSWER);
	struct cur r;
	err e = card_do(t->card, &ask, &r);

	*left = TRIES_UNKNOWN;
	if (err_tries(e) >= 0)
		*left = (uint8_t)err_tries(e);
	else if (e.code == E_PIN_BLOCKED)
		*left = 0;
	else if (!ok(e) && (!e.sw || e.code == E_NOT_SUPPORTED))
		return e;		/* not the PIV application: a PIN is nothing for it */
	return OK;
}

/* Only Yubico's metadata tells: the standard's command would spend a try. */
err piv_puk_tries(struct token *t, uint8_t *left)
{
	struct piv_metadata m;

	*left = TRIES_UNKNOWN;
	TRY(piv_learn(t));
	err e = piv_metadata(t, REF_PUK, &m);
	*left = ok(e) && m.total ? m.left : TRIES_UNKNOWN;
	return !ok(e) && !e.sw && e.code != E_NOT_SUPPORTED && e.code != E_NOT_FOUND ? e : OK;
}

/* The standard has six to eight digits (2.4.3); Yubico takes any bytes but the padding's. */
err piv_pin_check(struct token *t, const struct secret *pin)
{
	struct cur c = cur_of(secret_span(pin));

	if (pin->n < PIN_MIN || pin->n > PIN_BYTES)
		return FAIL(PIN_LENGTH);
	while (cur_left(&c)) {
		uint8_t byte = cur_u8(&c);
		if (piv_of(t)->yubico ? byte == 0xFF : byte < '0' || byte > '9')
			return FAIL(PIN_INVALID);
	}
	return OK;
}

/* The PUK may be any bytes (2.4.3). */
static err puk_check(const struct secret *puk)
{
	return puk->n < PIN_MIN || puk->n > PIN_BYTES ? FAIL(PIN_LENGTH) : OK;
}

static void put_padded(struct buf *b, const struct secret *pin)
{
	buf_put(b, secret_span(pin));
	buf_fill(b, 0xFF, pin->n < PIN_BYTES ? (size_t)PIN_BYTES - pin->n : 0);
}

err piv_verify(struct token *t, const struct secret *pin)
{
	APDU(verify, INS_VERIFY, 0x00, REF_PIN, NO_ANSWER);
	struct cur r;

	verify.hot = true;
	put_padded(&verify.data, pin);
	return card_do(t->card, &verify, &r);
}

err piv_forget(struct token *t)
{
	APDU(forget, INS_VERIFY, P1_FORGET, REF_PIN, NO_ANSWER);
	struct cur r;

	return card_do(t->card, &forget, &r);
}

err piv_change_reference(struct token *t, uint8_t ref, const struct secret *old, const struct secret *new)
{
	APDU(change, INS_CHANGE, 0x00, ref, NO_ANSWER);
	struct cur r;

	change.hot = true;
	put_padded(&change.data, old);
	put_padded(&change.data, new);
	return card_do(t->card, &change, &r);
}

/* What the card said of a PIN, where it was the PUK. */
static err of_puk(err e)
{
	if (e.code == E_PIN_BLOCKED || (e.code == E_PIN_WRONG && e.sw == 0x63C0))
		return (err){ E_PUK_BLOCKED, e.sw };
	return e.code == E_PIN_WRONG ? (err){ E_PUK_WRONG, e.sw } : e;
}

err piv_prove(struct token *t, const struct secret *puk)
{
	TRY(puk_check(puk));
	return of_puk(piv_change_reference(t, REF_PUK, puk, puk));
}

/* Takes notes about the PIN away that are true no more. Writing that needs the new PIN and the management
 * key. */
static err unnote(struct token *t, const struct secret *pin, unsigned notes)
{
	struct piv *p = piv_of(t);

	TRY(piv_learn(t));
	if (!(p->own_flags & notes))
		return OK;
	TRY(piv_verify(t, pin));
	TRY(piv_manage(t));
	p->own_flags &= (uint8_t)~notes;
	return piv_own_label_write(t);
}

/* A token where that cannot be done keeps them: the PIN is set all the same. */
static err pin_is_set(struct token *t, const struct secret *pin, unsigned notes)
{
	err e = unnote(t, pin, notes);

	if (!ok(e))
		log_line(LOG_NOTICE, "the PIN was set, but the token still says that it is to be: %s", log_err(e));
	return e.code == E_TOKEN_GONE ? e : OK;
}

err piv_pin_change(struct token *t, uint32_t user, const struct secret *old, const struct secret *new)
{
	if (user == CKU_SO) {
		TRY(puk_check(old));
		TRY(puk_check(new));
		return of_puk(piv_change_reference(t, REF_PUK, old, new));
	}
	TRY(piv_change_reference(t, REF_PIN, old, new));
	return pin_is_set(t, new, OWN_PIN_TO_CHANGE | OWN_PIN_UNSET);
}

err piv_pin_unblock(struct token *t, const struct secret *puk, const struct secret *pin)
{
	APDU(unblock, INS_RESET_RETRY, 0x00, REF_PIN, NO_ANSWER);
	struct cur r;

	TRY(puk_check(puk));
	unblock.hot = true;
	put_padded(&unblock.data, puk);
	put_padded(&unblock.data, pin);
	return of_puk(card_do(t->card, &unblock, &r));
}

err piv_pin_give(struct token *t, const struct secret *puk, const struct secret *pin)
{
	TRY(piv_pin_unblock(t, puk, pin));
	return pin_is_set(t, pin, OWN_PIN_UNSET);
}

/* --- on the way to a reset ------------------------------------------------------------------- */
static err wrong_once(struct token *t, uint8_t ref)
{
	SECRET wrong = { .n = PIN_BYTES };

	if (RAND_bytes(wrong.b, PIN_BYTES) != 1)
		return FAIL(GENERAL);
	wrong.b[0] |= 0x80;			/* no digit, no letter: nobody's PIN */
	return ref == REF_PIN ? piv_verify(t, &wrong) : piv_change_reference(t, REF_PUK, &wrong, &wrong);
}

err piv_block(struct token *t, uint8_t ref)
{
	for (unsigned i = 0; i < BLOCK_ROUNDS; i++) {
		err e = wrong_once(t, ref);
		if (e.code == E_PIN_BLOCKED || e.sw == 0x63C0)
			return OK;
		if (!ok(e) && e.code != E_PIN_WRONG)
			return e;
	}
	return FAIL(TOKEN_REFUSED);
}
