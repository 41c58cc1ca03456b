/* VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER (SP 800-73-4, part 2, 3.2.1-3.2.3) and
 * Yubico's SET PIN RETRIES. */
#include "config.h"
#include "piv.h"

enum { PIN_BYTES = 8, PIN_LEAST = 6 };

struct tries *piv_tries(struct card *c, uint8_t ref)
{
	return ref == REF_PIN ? &c->state->pin : ref == REF_PUK ? &c->state->puk : NULL;
}

/* 2.4.3: six to eight decimal digits, padded with FF, and a PUK may be anything of eight bytes.
 * Yubico takes any bytes for a PIN, and from firmware 5.7 on only those below 80 for a PUK. */
bool piv_pin_shaped(const struct card *c, uint8_t ref, struct span v)
{
	size_t n = v.n;

	if (v.n != PIN_BYTES)
		return false;
	if (ref == REF_PUK && c->model == MODEL_PLAIN)
		return true;
	while (n > 0 && v.p[n - 1] == 0xFF)
		n--;
	for (size_t i = 0; ref == REF_PIN && c->model == MODEL_PLAIN && i < n; i++)
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
	for (size_t i = 0; ref == REF_PUK && i < n; i++)
		if (v.p[i] >= 0x80)
			return false;
	return n >= PIN_LEAST;
}

static enum sw tries_word(const struct tries *t)
{
	return t->left ? (enum sw)(SW_TRIES | (t->left > 0xF ? 0xF : t->left)) : SW_BLOCKED;
}

/* Spends a try, and keeps that, before it compares: where a try cannot be counted nothing is learnt
 * from it. SW_OK: it was right, and the tries are all there again. */
static enum sw prove(struct card *c, struct tries *t, struct span given)
{
	SECRET s = { 0 };

	c->work = WORK_VERIFY;
	if (t->left == 0)
		return SW_BLOCKED;
	t->left--;
	enum sw sw = card_commit(c);
	if (sw != SW_OK)
		return sw;
	if (secret_set(&s, given) && secret_eq(&s, &t->value)) {
		t->left = t->max;
		return card_commit(c);
	}
	/* 3.2.1: the answer to a wrong one is 63Cx, also where no further try is left */
	return (enum sw)(SW_TRIES | (t->left > 0xF ? 0xF : t->left));
}

/* A new PIN or PUK that cannot be one is refused before a try is spent on the old (2.4.3), unless
 * there is none left to be spent: that is what is said then (3.2.2, 3.2.3). Yubico
 * looks at it afterwards: their tools block a token by changing its PUK to nothing. */
static bool too_early(const struct card *c, const struct tries *t, uint8_t ref, struct span new)
{
	return c->model == MODEL_PLAIN && t->left && !piv_pin_shaped(c, ref, new);
}

enum sw piv_verify(struct card *c, const struct apdu *a, struct buf *out)
{
	(void)out;
	if (a->p1 != 0x00 && a->p1 != 0xFF)
		return SW_P1P2;
	if (a->p2 != REF_PIN)
		return SW_NO_REFERENCE;
	if (a->p1 == 0xFF) {
		if (a->data.n)
			return SW_DATA;
		c->session.pin = c->session.fresh = false;
		return SW_OK;
	}
	if (!a->data.n)
		return c->session.pin ? SW_OK : tries_word(&c->state->pin);
	if (a->data.n != PIN_BYTES || (c->model == MODEL_PLAIN && c->state->pin.left
			&& !piv_pin_shaped(c, REF_PIN, a->data)))
		return SW_DATA;
	enum sw sw = prove(c, &c->state->pin, a->data);
	c->session.pin = c->session.fresh = sw == SW_OK;
	return sw;
}

enum sw piv_change(struct card *c, const struct apdu *a, struct buf *out)
{
	struct tries *t = piv_tries(c, a->p2);
	struct cur in = cur_of(a->data);

	(void)out;
	if (a->p1)
		return SW_P1P2;
	if (!t)
		return SW_NO_REFERENCE;
	struct span old = cur_take(&in, PIN_BYTES), new = cur_take(&in, PIN_BYTES);
	if (!cur_done(&in) || too_early(c, t, a->p2, new))
		return SW_DATA;
	enum sw sw = prove(c, t, old);
	if (a->p2 == REF_PIN)
		c->session.pin = sw == SW_OK;
	if (sw != SW_OK)
		return sw;
	if (!piv_pin_shaped(c, a->p2, new) || !secret_set(&t->value, new))
		return SW_DATA;
	return card_commit(c);
}

enum sw piv_reset_retry(struct card *c, const struct apdu *a, struct buf *out)
{
	struct tries *pin = &c->state->pin;
	struct cur in = cur_of(a->data);

	(void)out;
	if (a->p1)
		return SW_P1P2;
	if (a->p2 != REF_PIN)
		return SW_NO_REFERENCE;
	struct span puk = cur_take(&in, PIN_BYTES), new = cur_take(&in, PIN_BYTES);
	if (!cur_done(&in) || too_early(c, &c->state->puk, REF_PIN, new))
		return SW_DATA;
	enum sw sw = prove(c, &c->state->puk, puk);
	if (sw != SW_OK) {
		c->session.pin = false;
		return sw;
	}
	if (!piv_pin_shaped(c, REF_PIN, new) || !secret_set(&pin->value, new))
		return SW_DATA;
	pin->left = pin->max;
	return card_commit(c);
}

/* Yubico's: how many tries there are, which makes PIN and PUK the factory's again. */
enum sw piv_set_tries(struct card *c, const struct apdu *a, struct buf *out)
{
	struct state *s = c->state;

	(void)out;
	if (!c->session.mgm || !c->session.pin)
		return SW_SECURITY;
	if (!a->p1 || !a->p2)
		return SW_P1P2;
	s->pin.left = s->pin.max = a->p1;
	s->puk.left = s->puk.max = a->p2;
	state_factory_pins(s);
	c->session.pin = false;
	return card_commit(c);
}
