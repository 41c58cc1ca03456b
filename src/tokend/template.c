/* What a template may say, by the last column of attr.def. */
#include "config.h"
#include "template.h"

enum { ATTRS_MOST = 128, DATE_BYTES = 8 };

enum form { FORM_ulong, FORM_yes, FORM_bytes, FORM_text, FORM_date, FORM_bits = FORM_ulong, FORM_never = FORM_bytes };

/* Uses, and what they may not undo. */
enum {
	MAY_no = 0, MAY_new = TEMPLATE_NEW, MAY_copy = MAY_new | TEMPLATE_COPY, MAY_set = MAY_copy | TEMPLATE_SET,
	ONLY_UP = 8, ONLY_DOWN = 16, AS_IT_IS = 32,
	MAY_same = MAY_new | AS_IT_IS, MAY_up = MAY_set | ONLY_UP, MAY_down = MAY_set | ONLY_DOWN,
};

static const struct rule {
	CK_ATTRIBUTE_TYPE type;
	unsigned          kinds;
	enum form         form;
	unsigned          may;
} rules[] = {
#define ATTR(cka, kinds, as, from, may) { cka, kinds, FORM_##as, MAY_##may },
#include "attr.def"
#undef ATTR
};

static const struct rule *rule_of(CK_ATTRIBUTE_TYPE type, unsigned kinds)
{
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (rules[i].type == type && rules[i].kinds & kinds)
			return &rules[i];
	return NULL;
}

static bool is_foreign(CK_ATTRIBUTE_TYPE type)
{
	return type & CKA_VENDOR_DEFINED && (type & ~0xFFFFUL) != CKA_BSRE;
}

static bool fits(enum form form, struct span v)
{
	switch (form) {
	case FORM_ulong: return v.n == sizeof(CK_ULONG);
	case FORM_yes:   return v.n == sizeof(CK_BBOOL) && v.p[0] <= CK_TRUE;
	case FORM_date:  return v.n == 0 || v.n == DATE_BYTES;
	default:         return true;
	}
}

/* Would this undo what is for ever? */
static bool is_way_back(const struct rule *r, const struct object *now, struct span v)
{
	bool is = attr_flag(now, r->type), to = v.p[0];

	return (r->may & ONLY_UP && is && !to) || (r->may & ONLY_DOWN && !is && to);
}

static err check_one(const struct AttrRec_in *rec, unsigned kinds, enum template_use use,
                     const struct object *now)
{
	const struct rule *r = rule_of(rec->type, kinds);

	if (!r)
		return use == TEMPLATE_FORM || is_foreign(rec->type) ? OK : FAIL(ATTR_TYPE);
	if (!fits(r->form, rec->value))
		return FAIL(ATTR_VALUE);
	if (use && !(r->may & use))
		return FAIL(ATTR_READ_ONLY);
	return now && r->form == FORM_yes && is_way_back(r, now, rec->value) ? FAIL(ATTR_READ_ONLY) : OK;
}

err template_check(struct span attrs, unsigned kinds, enum template_use use, const struct object *now)
{
	CK_ATTRIBUTE_TYPE seen[ATTRS_MOST];
	struct cur c = cur_of(attrs);
	struct AttrRec_in rec;

	for (size_t n = 0; cur_left(&c); n++) {
		AttrRec_get_in(&c, &rec);
		if (c.bad)
			return FAIL(BAD_FRAME);
		if (n == ATTRS_MOST)
			return FAIL(QUOTA);
		seen[n] = rec.type;
		for (size_t i = 0; i < n; i++)
			if (seen[i] == rec.type)
				return FAIL(TEMPLATE_INCONSISTENT);
		TRY(check_one(&rec, kinds, use, now));
	}
	return cur_done(&c) ? OK : FAIL(BAD_FRAME);
}

/* A serial number comes as DER, or, from Java and GnuTLS, as the number alone. */
static bool is_same(CK_ATTRIBUTE_TYPE type, struct span is, struct span said)
{
	struct cur c = cur_of(is);

	return said.n == 0 || span_eq(is, said) ||
		(type == CKA_SERIAL_NUMBER && span_eq(tlv_bytes(&c, 0x02), said));
}

err template_agrees(struct span attrs, const struct object *o)
{
	struct cur c = cur_of(attrs);
	struct AttrRec_in rec;
	union scratch x;
	struct span v;

	while (cur_left(&c)) {
		AttrRec_get_in(&c, &rec);
		const struct rule *r = rule_of(rec.type, o->kind);
		if (!r || !(o->token ? !(r->may & TEMPLATE_SET) : r->may & AS_IT_IS))
			continue;
		if (attr_of(o, rec.type, &x, &v) != CKR_OK)
			v = SPAN_NONE;
		if (!is_same((CK_ATTRIBUTE_TYPE)rec.type, v, rec.value))
			return FAIL(TEMPLATE_INCONSISTENT);
	}
	return OK;
}

void template_merge(struct buf *b, struct span changes, struct span attrs)
{
	struct cur c = cur_of(attrs);
	struct AttrRec_in rec;
	struct span v;

	buf_put(b, changes);
	while (cur_left(&c)) {
		AttrRec_get_in(&c, &rec);
		if (!template_get(changes, (CK_ATTRIBUTE_TYPE)rec.type, &v))
			AttrRec_put_in(b, &rec);
	}
}
