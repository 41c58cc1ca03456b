/* Keys made, brought, moved and described: GENERATE ASYMMETRIC KEY PAIR (SP 800-73-4, part 2,
 * 3.3.2) and Yubico's IMPORT, MOVE KEY, ATTEST. */
#include "config.h"
#include "attest.h"
#include "piv.h"

bool piv_policies(const struct card *c, size_t slot, struct cur *in, struct key *k)
{
	uint8_t pin = POLICY_DEFAULT, touch = TOUCH_DEFAULT;

	if (cur_left(in) && c->model == MODEL_PLAIN)
		return false;
	if (tlv_peek(in) == 0xAA) {
		struct cur v = tlv_want(in, 0xAA);
		pin = cur_u8(&v);
		in->bad |= !cur_done(&v);
	}
	if (tlv_peek(in) == 0xAB) {
		struct cur v = tlv_want(in, 0xAB);
		touch = cur_u8(&v);
		in->bad |= !cur_done(&v);
	}
	if (!cur_done(in) || pin > POLICY_ALWAYS || touch > TOUCH_CACHED)
		return false;
	k->pin = pin != POLICY_DEFAULT ? pin : key_slots[slot].policy;
	k->touch = touch != TOUCH_DEFAULT ? touch : TOUCH_NEVER;
	return true;
}

static const struct alg *usable(const struct card *c, uint8_t id)
{
	const struct alg *alg = alg_find(id);

	return alg && (!alg->big || c->big_rsa) ? alg : NULL;
}

/* Puts a finished key into its slot and keeps it. */
static enum sw install(struct card *c, size_t slot, const struct key *k)
{
	key_drop(&c->state->keys[slot]);
	c->state->keys[slot] = *k;
	return card_commit(c);
}

/* The same for a new one, whose time is not over yet: what it replaces is remembered. */
static enum sw replace(struct card *c, size_t slot, const struct key *k)
{
	c->undo.was = c->state->keys[slot];
	c->undo.slot = slot;
	c->state->keys[slot] = *k;
	enum sw sw = card_commit(c);
	c->undo.open = sw == SW_OK;
	if (sw != SW_OK)
		card_keep(c);
	return sw;
}

enum sw piv_generate(struct card *c, const struct apdu *a, struct buf *out)
{
	size_t i = slot_find(a->p2);
	struct cur in = cur_of(a->data);
	struct key k = { 0 };

	if (a->p1 || i == SLOTS || (i == SLOT_0xF9 && c->model == MODEL_PLAIN))
		return SW_P1P2;
	if (!c->session.mgm)
		return SW_SECURITY;
	struct cur body = tlv_want(&in, 0xAC), id = tlv_want(&body, 0x80);
	const struct alg *alg = usable(c, cur_u8(&id));
	if (!cur_done(&in) || !cur_done(&id) || !alg)
		return SW_DATA;
	if (tlv_peek(&body) == 0x81)		/* a parameter: an exponent, of which there is one */
		(void)tlv_bytes(&body, 0x81);
	if (!piv_policies(c, i, &body, &k))
		return SW_DATA;
	c->work = WORK_GENERATE;
	c->work_alg = alg;
	if (!ok(key_generate(&k, alg)))
		return SW_UNKNOWN;
	TLV(out, 0x7F49)
		out->bad |= !ok(key_public(&k, out));
	return replace(c, i, &k);
}

/* Five numbers 01-05 of half a modulus each, or one scalar 06. */
static err read_private(struct cur *in, const struct alg *alg, struct key *k)
{
	struct span part[5];

	if (alg->kind == KEY_EC) {
		struct span scalar = tlv_bytes(in, 0x06);
		return in->bad ? FAIL(DATA_INVALID) : key_import_ec(k, alg, scalar);
	}
	for (uint32_t i = 0; i < 5; i++)
		part[i] = tlv_bytes(in, 1 + i);
	for (size_t i = 0; i < 5; i++)
		if (in->bad || !part[i].n || part[i].n > alg_bytes(alg) / 2)
			return FAIL(DATA_INVALID);
	return key_import_rsa(k, alg, part);
}

enum sw piv_import(struct card *c, const struct apdu *a, struct buf *out)
{
	size_t i = slot_find(a->p2);
	const struct alg *alg = usable(c, a->p1);
	struct cur in = cur_of(a->data);
	struct key k = { 0 };

	(void)out;
	if (i == SLOTS || !alg)
		return SW_P1P2;
	if (!c->session.mgm)
		return SW_SECURITY;
	if (!ok(read_private(&in, alg, &k)) || !piv_policies(c, i, &in, &k)) {
		key_drop(&k);
		return SW_DATA;
	}
	return install(c, i, &k);
}

/* Yubico's MOVE KEY: from P2 to P1, which must be empty; to FF is away. Their papers name no status
 * word for one that is not: the conditions are not there. */
enum sw piv_move_key(struct card *c, const struct apdu *a, struct buf *out)
{
	struct key *keys = c->state->keys;
	size_t from = slot_find(a->p2), to = slot_find(a->p1);

	(void)out;
	if (from == SLOTS || (to == SLOTS && a->p1 != 0xFF))
		return SW_P1P2;
	if (!c->session.mgm)
		return SW_SECURITY;
	if (!keys[from].pkey)
		return SW_NO_REFERENCE;
	if (a->p1 == 0xFF) {
		key_drop(&keys[from]);
		return card_commit(c);
	}
	if (from == SLOT_0xF9 || to == SLOT_0xF9 || from == to)
		return SW_P1P2;
	if (keys[to].pkey)
		return SW_CONDITIONS;
	struct key moved = keys[from];
	keys[from] = (struct key){ 0 };
	return install(c, to, &moved);
}

/* Yubico's ATTEST: P1 names the slot. */
enum sw piv_attest(struct card *c, const struct apdu *a, struct buf *out)
{
	size_t i = slot_find(a->p1);

	const struct key *f9 = &c->state->keys[SLOT_0xF9];

	if (i >= SLOT_0xF9 || a->p2)
		return SW_P1P2;
	err e = attest_key(c->state, i, out);
	if (ok(e)) {
		c->work = WORK_KEY;
		c->work_alg = f9->alg;
		return SW_OK;
	}
	return e.code == E_KEY_NOT_FOUND ? SW_NO_REFERENCE : e.code == E_NOT_FOUND ? SW_NO_FILE
		: e.code == E_ACTION_PROHIBITED ? SW_DATA : SW_UNKNOWN;
}
