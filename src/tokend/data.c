/* The form of a data object on a token: 80 VERSION, 81 LABEL, 82 APPLICATION, 83 OBJECT IDENTIFIER, 84 VALUE. */
#include "config.h"
#include <stdio.h>
#include "data.h"
#include "lib/log.h"
#include "token.h"

enum { FORM = 1, TEMPLATE_MAX = 4096 };

static const struct { CK_ATTRIBUTE_TYPE type; uint8_t tag; } parts[] = {
	{ CKA_LABEL, 0x81 }, { CKA_APPLICATION, 0x82 }, { CKA_OBJECT_ID, 0x83 }, { CKA_VALUE, 0x84 },
};
enum { PARTS = sizeof parts / sizeof parts[0] };

void data_put(struct buf *b, struct span attrs)
{
	struct span v;

	tlv_put(b, 0x80, SPAN(FORM));
	for (size_t i = 0; i < PARTS; i++)
		if (template_get(attrs, parts[i].type, &v))
			tlv_put(b, parts[i].tag, v);
}

/* The stored form as a template, which is what the object's attributes are read from. */
static bool data_get(struct span stored, struct buf *attrs)
{
	struct cur c = cur_of(stored), v = tlv_want(&c, 0x80);

	if (cur_u8(&v) != FORM)
		return false;
	while (cur_left(&c)) {
		uint32_t tag = tlv_next(&c, &v);
		for (size_t i = 0; i < PARTS; i++) {
			struct AttrRec_in rec = { .type = parts[i].type, .value = cur_rest(&v) };
			if (tag == parts[i].tag)
				AttrRec_put_in(attrs, &rec);
			v = cur_of(rec.value);
		}
	}
	return !c.bad && !attrs->bad;
}

void objects_add_data(struct token *t, uint32_t place, struct span stored)
{
	uint8_t room[TEMPLATE_MAX];
	struct buf attrs = BUF(room);
	char unique[96];
	struct object *o = object_new(CKO_DATA);

	snprintf(unique, sizeof unique, "%s-data-%u", t->serial, place - DATA_FIRST);
	if (o && data_get(stored, &attrs) && keep_span(&o->attrs, buf_span(&attrs)) &&
	    keep_span(&o->unique, span_str(unique))) {
		o->token = true;
		o->slot = place;
		object_append(t, o);
		return;
	}
	log_line(LOG_WARNING, "token=%u: data object %06x cannot be read", t->id, place);
	if (o)
		object_free(o);
}

uint32_t data_free_place(const struct token *t)
{
	for (uint32_t place = DATA_FIRST; place <= DATA_LAST; place++)
		if (!object_of_slot(t, place, OBJ_DATA))
			return place;
	return 0;
}
