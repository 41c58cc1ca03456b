/* Which keys are on a PIV token, with as few commands as that takes. Certificates are not read here: a
 * slot where one may be is said to be unsure, and whoever wants to know reads it (CardCert). */
#include "config.h"
#include "piv.h"

enum {
	INS_METADATA = 0xF7,
	FIRMWARE_METADATA = 0x050300,
	STANDARD_SLOTS = 4,			/* the first rows of piv-slots.def */
	RETIRED_SLOTS = 20
};

/* --- Yubico's metadata ----------------------------------------------------------------------- */
static void get_metadata(struct cur *c, struct piv_metadata *out)
{
	struct cur v;

	*out = (struct piv_metadata){ .public = cur_bad() };
	while (cur_left(c))
		switch (tlv_next(c, &v)) {
		case 1: out->alg = cur_u8(&v); break;
		case 2: out->pin_policy = cur_u8(&v), out->touch_policy = cur_u8(&v); break;
		case 3: out->origin = cur_u8(&v); break;
		case 4: out->public = v; break;
		case 5: out->is_default = cur_u8(&v) == 1; break;
		case 6: out->total = cur_u8(&v), out->left = cur_u8(&v); break;
		default: break;
		}
}

err piv_metadata(struct token *t, uint32_t ref, struct piv_metadata *out)
{
	APDU(get, INS_METADATA, 0x00, (uint8_t)ref, LONG_ANSWER);
	struct cur r;

	if (piv_of(t)->firmware < FIRMWARE_METADATA)
		return FAIL(NOT_SUPPORTED);
	TRY(card_do(t->card, &get, &r));
	get_metadata(&r, out);
	return cur_done(&r) ? OK : FAIL(BAD_REPLY);
}

/* --- our own objects ------------------------------------------------------------------------- */
err piv_own_keys(struct token *t, struct buf *room, struct own_keys *out)
{
	struct span value;

	out->n = 0;
	err e = piv_get(t, OWN_KEYS_OBJECT, false, &value);
	if (ok(e)) {
		buf_put(room, value);		/* entries borrow; the next command overwrites the reply */
		e = own_keys_get(buf_span(room), out);
	}
	if (ok(e) || (!e.sw && e.code != E_NOT_FOUND && e.code != E_BAD_REPLY) || t->card->reader->lost)
		return e;
	out->n = 0;
	return FAIL(NOT_FOUND);
}

/* Did the card refuse the object as such, for good? Then the token works without. */
static bool will_not(err e)
{
	return e.code == E_NOT_SUPPORTED || e.code == E_NOT_FOUND || e.code == E_DATA_INVALID;
}

static err write_own(struct token *t, uint32_t object, const struct buf *b, size_t most)
{
	if (b->bad || b->n > most)
		return FAIL(TOKEN_FULL);
	err e = piv_put(t, object, false, buf_span(b));
	if (!will_not(e))
		return e;
	log_line(LOG_NOTICE, "the token does not keep our object %06X: %s", object, log_err(e));
	piv_of(t)->no_own = true;
	return OK;
}

err piv_own_keys_write(struct token *t, const struct own_keys *keys)
{
	uint8_t room[OWN_KEYS_MAX + 8];
	struct buf b = BUF(room);

	own_keys_put(&b, keys);
	return write_own(t, OWN_KEYS_OBJECT, &b, OWN_KEYS_MAX);
}

err piv_own_label_write(struct token *t)
{
	uint8_t room[OWN_LABEL_MAX + 8];
	struct buf b = BUF(room);
	struct piv *p = piv_of(t);
	struct own_label own = { { p->label, p->label_n }, p->own_flags, p->manage_alg, p->firmware };

	own_label_put(&b, &own);
	return write_own(t, OWN_LABEL_OBJECT, &b, OWN_LABEL_MAX);
}

/* --- the list -------------------------------------------------------------------------------- */
static uint32_t policy_of(const struct piv_slot *slot, uint8_t said)
{
	return said ? said : slot->policy;
}

static void put_rec(struct buf *keys, struct KeyRec_in *rec, const struct piv_slot *slot)
{
	rec->pin_policy = policy_of(slot, (uint8_t)rec->pin_policy);
	if (rec->pin_policy == POLICY_ALWAYS)
		rec->flags |= KEY_PIN_ALWAYS;
	KeyRec_put_in(keys, rec);
}

static void put_own(struct buf *keys, const struct own_key *k, const struct piv_slot *slot)
{
	struct KeyRec_in rec = { .slot = k->slot, .alg = k->alg, .pin_policy = k->pin_policy,
		.touch_policy = k->touch_policy, .id = k->id, .label = k->label, .spki = k->spki };

	if (!(k->flags & OWN_KEY_NONE))
		rec.flags |= KEY_HAS_KEY;
	if (k->flags & OWN_KEY_HAS_CERT)
		rec.flags |= KEY_HAS_CERT;
	if (k->flags & OWN_KEY_ATTESTED)
		rec.flags |= KEY_GENERATED;
	put_rec(keys, &rec, slot);
}

/* A slot that our keys object does not name. */
static err put_unknown(struct token *t, struct buf *keys, const struct piv_slot *slot)
{
	enum { GENERATED = 1 };
	struct KeyRec_in rec = { .slot = slot->ref, .flags = KEY_HAS_KEY | KEY_HAS_CERT | KEY_UNSURE };
	struct piv_metadata m;
	uint8_t room[OWN_KEYS_MAX];
	struct buf spki = BUF(room);

	err e = piv_metadata(t, slot->ref, &m);
	const struct piv_alg *alg = ok(e) ? piv_alg_of_id(m.alg) : NULL;
	if (ok(e) && alg) {
		rec.alg = alg->alg;
		rec.flags |= m.origin == GENERATED ? KEY_GENERATED : KEY_IMPORTED;
		rec.pin_policy = m.pin_policy;
		rec.touch_policy = m.touch_policy;
		TRY(piv_spki(m.public, alg, &spki));
		rec.spki = buf_span(&spki);
	} else if (e.code == E_NOT_FOUND || ok(e)) {
		rec.flags = KEY_HAS_CERT | KEY_UNSURE;	/* no key, or of no kind that we know */
	} else if (e.code != E_NOT_SUPPORTED && !e.sw) {
		return e;
	}
	put_rec(keys, &rec, slot);
	return OK;
}

/* How many retired keys a foreign token has: with certificates on the card, and elsewhere (part 1,
 * table 15). 0 where it does not say. */
static err key_history(struct token *t, unsigned *retired)
{
	struct span value;

	*retired = 0;
	err e = piv_get(t, PIV_KEY_HISTORY, false, &value);
	if (!ok(e))
		return e.sw || e.code == E_NOT_FOUND ? OK : e;
	struct cur c = cur_of(value), on = tlv_want(&c, 0xC1), off = tlv_want(&c, 0xC2);
	unsigned n = (unsigned)cur_u8(&on) + cur_u8(&off);
	*retired = n < RETIRED_SLOTS ? n : RETIRED_SLOTS;
	return OK;
}

err piv_list(struct token *t, struct buf *out)
{
	uint8_t room[OWN_KEYS_MAX];
	struct buf b = BUF(room);
	struct own_keys own;
	unsigned retired = 0;

	TRY(piv_learn(t));
	err e = piv_own_keys(t, &b, &own);
	if (!ok(e) && e.code != E_NOT_FOUND)
		return e;
	for (size_t i = 0; i < own.n; i++) {
		const struct piv_slot *slot = piv_slot(own.key[i].slot);
		if (slot)
			put_own(out, &own.key[i], slot);
	}
	for (unsigned i = 0; i <= DATA_LAST - DATA_FIRST; i++) {
		struct KeyRec_in data = { .slot = DATA_FIRST + i, .flags = KEY_IS_DATA };
		if (own.places & 1u << i)
			KeyRec_put_in(out, &data);
	}
	if (!piv_of(t)->own)
		TRY(key_history(t, &retired));
	for (size_t i = 0; i < STANDARD_SLOTS + retired; i++)
		if (!own_key_find(&own, piv_slots[i].ref))
			TRY(put_unknown(t, out, &piv_slots[i]));
	return out->bad ? FAIL(BAD_REPLY) : OK;
}
