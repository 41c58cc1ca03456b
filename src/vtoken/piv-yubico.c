/* What Yubico adds to PIV for administration: metadata, the management key, reset. */
#include "config.h"
#include "piv.h"

enum { META_ALG = 1, META_POLICY, META_ORIGIN, META_PUBLIC, META_DEFAULT, META_TRIES,
	ALG_PIN = 0xFF };

static enum sw meta_tries(const struct tries *t, bool factory, struct buf *out)
{
	tlv_put(out, META_ALG, SPAN(ALG_PIN));
	tlv_put(out, META_DEFAULT, SPAN(factory));
	tlv_put(out, META_TRIES, SPAN(t->max, t->left));
	return SW_OK;
}

static enum sw meta_mgm(const struct state *s, struct buf *out)
{
	tlv_put(out, META_ALG, SPAN(s->mgm.cipher->id));
	tlv_put(out, META_POLICY, SPAN(0, s->mgm.touch));
	tlv_put(out, META_DEFAULT, SPAN(state_factory_mgm(s)));
	return SW_OK;
}

enum sw piv_metadata(struct card *c, const struct apdu *a, struct buf *out)
{
	const struct state *s = c->state;
	size_t i = slot_find(a->p2);

	if (a->p1)
		return SW_P1P2;
	if (a->p2 == REF_PIN || a->p2 == REF_PUK)
		return meta_tries(piv_tries(c, a->p2), state_factory_pin(s, a->p2 == REF_PUK), out);
	if (a->p2 == REF_MGM)
		return meta_mgm(s, out);
	if (i == SLOTS)
		return SW_P1P2;
	const struct key *k = &s->keys[i];
	if (!k->pkey)
		return SW_NO_REFERENCE;
	tlv_put(out, META_ALG, SPAN(k->alg->id));
	tlv_put(out, META_POLICY, SPAN(k->pin, k->touch));
	tlv_put(out, META_ORIGIN, SPAN(k->origin));
	TLV(out, META_PUBLIC)
		out->bad |= !ok(key_public(k, out));
	return SW_OK;
}

/* SET MANAGEMENT KEY: algorithm, 9B, length, key; P2 FE asks for a touch with each use. */
enum sw piv_set_mgm(struct card *c, const struct apdu *a, struct buf *out)
{
	struct cur in = cur_of(a->data);
	struct mgm *m = &c->state->mgm;

	(void)out;
	if (a->p1 != 0xFF || (a->p2 != 0xFF && a->p2 != 0xFE && a->p2 != 0xFD))
		return SW_P1P2;
	if (!c->session.mgm)
		return SW_SECURITY;
	const struct cipher *how = cipher_find(cur_u8(&in));
	uint8_t ref = cur_u8(&in);
	struct span key = cur_counted(&in, 1);
	if (!cur_done(&in) || !how || ref != REF_MGM || key.n != how->key)
		return SW_DATA;
	m->cipher = how;
	m->touch = a->p2 == 0xFE ? TOUCH_ALWAYS : a->p2 == 0xFD ? TOUCH_CACHED : TOUCH_NEVER;
	if (!secret_set(&m->key, key))
		return SW_UNKNOWN;
	return card_commit(c);
}

/* RESET: a blank token again, once nobody can prove PIN or PUK any more. */
enum sw piv_reset(struct card *c, const struct apdu *a, struct buf *out)
{
	(void)out;
	if (a->p1 || a->p2)
		return SW_P1P2;
	if (c->state->pin.left || c->state->puk.left)
		return SW_CONDITIONS;
	if (!ok(state_factory(c->state)))
		return SW_UNKNOWN;
	c->session.pin = c->session.mgm = false;
	return card_commit(c);
}
