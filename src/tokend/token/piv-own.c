/* The codec of 5FFF42 and 5FFF43. */
#include "config.h"
#include "piv-own.h"

enum { FORM = 1 };				/* the version of both objects */

static bool form_is_ours(struct cur *c)
{
	struct cur v = tlv_want(c, 0x80);

	return cur_u8(&v) == FORM && cur_done(&v);
}

err own_label_get(struct span value, struct own_label *out)
{
	struct cur c = cur_of(value), v;

	*out = (struct own_label){ 0 };
	if (!form_is_ours(&c))
		return FAIL(BAD_REPLY);
	while (cur_left(&c))
		switch (tlv_next(&c, &v)) {
		case 0x81: out->label = cur_rest(&v); break;
		case 0x82: out->flags = cur_u8(&v); break;
		case 0x83: out->firmware = (uint32_t)cur_be(&v, 3); break;
		case 0x84: out->manage_alg = cur_u8(&v); break;
		default: break;
		}
	return c.bad ? FAIL(BAD_REPLY) : OK;
}

void own_label_put(struct buf *b, const struct own_label *l)
{
	tlv_put(b, 0x80, SPAN(FORM));
	tlv_put(b, 0x81, l->label);
	tlv_put(b, 0x82, SPAN(l->flags));
	if (l->firmware)
		TLV(b, 0x83)
			buf_be(b, l->firmware, 3);
	if (l->manage_alg)
		tlv_put(b, 0x84, SPAN(l->manage_alg));
}

static bool get_key(struct cur c, struct own_key *k)
{
	struct cur v;

	*k = (struct own_key){ 0 };
	while (cur_left(&c))
		switch (tlv_next(&c, &v)) {
		case 0x80: k->slot = cur_u8(&v); break;
		case 0x81: k->alg = cur_u8(&v); break;
		case 0x82: k->flags = cur_u8(&v); break;
		case 0x83: k->pin_policy = cur_u8(&v), k->touch_policy = cur_u8(&v); break;
		case 0x84: k->id = cur_rest(&v); break;
		case 0x85: k->label = cur_rest(&v); break;
		case 0x86: k->spki = cur_rest(&v); break;
		default: break;
		}
	return !c.bad && k->slot;
}

err own_keys_get(struct span value, struct own_keys *out)
{
	struct cur c = cur_of(value), v;

	out->n = 0;
	out->places = 0;
	if (!form_is_ours(&c))
		return FAIL(BAD_REPLY);
	while (cur_left(&c)) {
		struct own_key key;
		uint32_t tag = tlv_next(&c, &v);
		if (tag == 0x87)
			out->places = cur_u16(&v);
		if (tag != 0xA0)
			continue;
		if (!get_key(v, &key))
			return FAIL(BAD_REPLY);
		struct own_key *place = own_key_make(out, key.slot);
		if (!place)
			return FAIL(BAD_REPLY);
		*place = key;
	}
	return c.bad ? FAIL(BAD_REPLY) : OK;
}

static void put_key(struct buf *b, const struct own_key *k)
{
	tlv_put(b, 0x80, SPAN(k->slot));
	tlv_put(b, 0x81, SPAN(k->alg));
	tlv_put(b, 0x82, SPAN(k->flags));
	tlv_put(b, 0x83, SPAN(k->pin_policy, k->touch_policy));
	if (k->id.n)
		tlv_put(b, 0x84, k->id);
	if (k->label.n)
		tlv_put(b, 0x85, k->label);
	if (k->spki.n)
		tlv_put(b, 0x86, k->spki);
}

void own_keys_put(struct buf *b, const struct own_keys *k)
{
	tlv_put(b, 0x80, SPAN(FORM));
	for (size_t i = 0; i < k->n; i++)
		TLV(b, 0xA0)
			put_key(b, &k->key[i]);
	if (k->places)
		TLV(b, 0x87)
			buf_be(b, k->places, 2);
}

struct own_key *own_key_find(struct own_keys *k, uint32_t slot)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->key[i].slot == slot)
			return &k->key[i];
	return NULL;
}

struct own_key *own_key_make(struct own_keys *k, uint32_t slot)
{
	struct own_key *key = own_key_find(k, slot);

	if (key || k->n == OWN_KEYS)
		return key;
	key = &k->key[k->n++];
	*key = (struct own_key){ .slot = (uint8_t)slot };
	return key;
}
