/* GET DATA and PUT DATA (SP 800-73-4, part 2, 3.1.2 and 3.3.1). */
#include "config.h"
#include "piv.h"

enum { DISCOVERY = 0x7E, BIOMETRIC_GROUP = 0x7F61, PRINTED = 0x5FC109,
	 NIST_FIRST = 0x5FC101, NIST_LAST = 0x5FC123 };

static bool protected(uint32_t tag)
{
	static const uint32_t tags[] = {
#define PROTECTED(tag) tag,
#include "protected.def"
#undef PROTECTED
	};

	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		if (tags[i] == tag)
			return true;
	return false;
}

bool piv_data_hot(struct span data)
{
	struct cur in = cur_of(data), list = tlv_want(&in, 0x5C);
	size_t n = cur_left(&list);

	return in.bad || !n || n > 3 || cur_be(&list, (unsigned)n) == PRINTED;
}

/* Part 1, 3.3.2: the application's AID and that only its own PIN opens it. */
static void put_discovery(struct buf *out)
{
	TLV(out, DISCOVERY) {
		tlv_put(out, 0x4F, SPAN(0xA0, 0, 0, 0x03, 0x08, 0, 0, 0x10, 0, 0x01, 0));
		tlv_put(out, 0x5F2F, SPAN(0x40, 0x00));
	}
}

/* The tag in a tag list 5C; 0 where it is none that the card can have: NIST's own (part 1, table
 * 3), and in the yubico model any of that shape. */
static uint32_t wanted(const struct card *c, struct cur *in)
{
	struct cur list = tlv_want(in, 0x5C);
	size_t n = cur_left(&list);
	uint32_t tag = n && n <= 3 ? (uint32_t)cur_be(&list, (unsigned)n) : 0;
	bool known = n == 3 ? tag >> 16 == 0x5F : tag == DISCOVERY || tag == BIOMETRIC_GROUP;

	if (n == 3 && c->model == MODEL_PLAIN)
		known = tag >= NIST_FIRST && tag <= NIST_LAST;

	return known ? tag : 0;
}

enum sw piv_get_data(struct card *c, const struct apdu *a, struct buf *out)
{
	struct cur in = cur_of(a->data);

	if (a->p1 != 0x3F || a->p2 != 0xFF)
		return SW_P1P2;
	uint32_t tag = wanted(c, &in);
	if (!cur_done(&in))
		return SW_DATA;
	if (tag == DISCOVERY) {
		put_discovery(out);
		return SW_OK;
	}
	if (protected(tag) && !c->session.pin)
		return SW_SECURITY;
	const struct object *o = object_find(c->state, tag);
	if (!tag || !o)
		return SW_NO_FILE;
	tlv_put(out, 0x53, (struct span){ o->p, o->n });
	return SW_OK;
}

enum sw piv_put_data(struct card *c, const struct apdu *a, struct buf *out)
{
	struct cur in = cur_of(a->data);

	(void)out;
	if (a->p1 != 0x3F || a->p2 != 0xFF)
		return SW_P1P2;
	if (!c->session.mgm)
		return SW_SECURITY;
	uint32_t tag = wanted(c, &in);
	struct span v = tlv_bytes(&in, 0x53);
	if (!cur_done(&in))
		return SW_DATA;
	if (tag <= 0xFFFF)		/* the discovery object is fixed; unknown tags have no place */
		return SW_FUNCTION;
	if (!ok(object_set(c->state, tag, v)))
		return SW_FULL;
	return card_commit(c);
}
