/* Attributes read from objects through attr.def, and templates matched against them. */
#include "config.h"
#include "object.h"

static CK_ULONG key_gen_mech(const struct object *o)
{
	return !o->generated ? CK_UNAVAILABLE_INFORMATION :
	       o->key.kind == KEY_RSA ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN;
}

static CK_RV from_num(union scratch *x, CK_ULONG num, struct span *v)
{
	x->num = num;
	*v = (struct span){ (const uint8_t *)&x->num, sizeof x->num };
	return CKR_OK;
}

static CK_RV from_flag(union scratch *x, bool flag, struct span *v)
{
	x->flag = flag ? CK_TRUE : CK_FALSE;
	*v = (struct span){ &x->flag, sizeof x->flag };
	return CKR_OK;
}

static CK_RV from_span(struct span s, bool empty_too, struct span *v)
{
	*v = s;
	return s.n || empty_too ? CKR_OK : CKR_ATTRIBUTE_TYPE_INVALID;
}

/* Bits of an RSA modulus; an EC key has none. */
static CK_RV from_bits(union scratch *x, const struct object *o, struct span *v)
{
	size_t n = o->key.n.n * 8;

	for (unsigned top = o->key.n.n ? o->key.n.p[0] : 0; top && !(top & 0x80); top <<= 1)
		n--;
	return o->key.kind == KEY_RSA ? from_num(x, n, v) : CKR_ATTRIBUTE_TYPE_INVALID;
}

#define as_ulong(f) from_num(x, (f), v)
#define as_yes(f)   from_flag(x, (f), v)
#define as_bytes(f) from_span((f), false, v)
#define as_text(f)  from_span((f), true, v)
#define as_bits(f)  from_bits(x, (f), v)
#define as_date(f)  as_text(f)
#define as_never(f) ((void)(f), CKR_ATTRIBUTE_SENSITIVE)

CK_RV attr_of(const struct object *o, CK_ATTRIBUTE_TYPE type, union scratch *x, struct span *v)
{
#define ATTR(cka, kinds, as, from, may) if (type == (cka) && (o->kind & (kinds))) return as_##as(from);
#include "attr.def"
#undef ATTR
	return CKR_ATTRIBUTE_TYPE_INVALID;
}

/* What of a session object's template is not for programs to read. */
static bool is_hidden(const struct object *o, CK_ATTRIBUTE_TYPE type)
{
	return type == CKA_VALUE && o->kind & OBJ_SECRET &&
		(attr_flag(o, CKA_SENSITIVE) || !attr_flag(o, CKA_EXTRACTABLE));
}

CK_RV attr_get(const struct object *o, CK_ATTRIBUTE_TYPE type, union scratch *x, struct span *v)
{
	if (o->attrs.n && !is_hidden(o, type) && template_get(o->attrs, type, v))
		return CKR_OK;
	return attr_of(o, type, x, v);
}

bool attr_flag(const struct object *o, CK_ATTRIBUTE_TYPE type)
{
	union scratch x;
	struct span v;

	return attr_get(o, type, &x, &v) == CKR_OK && v.n == sizeof(CK_BBOOL) && v.p[0] != CK_FALSE;
}

bool attrs_match(const struct object *o, struct span filter)
{
	struct cur c = cur_of(filter);
	struct AttrRec_in want;
	union scratch x;
	struct span v;

	while (cur_left(&c)) {
		AttrRec_get_in(&c, &want);
		if (c.bad || attr_get(o, want.type, &x, &v) != CKR_OK || !span_eq(v, want.value))
			return false;
	}
	return true;
}

bool template_get(struct span attrs, CK_ATTRIBUTE_TYPE type, struct span *v)
{
	struct cur c = cur_of(attrs);
	struct AttrRec_in rec;

	while (cur_left(&c)) {
		AttrRec_get_in(&c, &rec);
		if (!c.bad && rec.type == type) {
			*v = rec.value;
			return true;
		}
	}
	*v = SPAN_NONE;
	return false;
}

CK_ULONG template_ulong(struct span attrs, CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise)
{
	CK_ULONG num;
	struct buf b = { (uint8_t *)&num, 0, sizeof num, false };
	struct span v;

	if (!template_get(attrs, type, &v) || v.n != sizeof num)
		return otherwise;
	buf_put(&b, v);
	return num;
}

bool template_bool(struct span attrs, CK_ATTRIBUTE_TYPE type, bool otherwise)
{
	struct span v;

	return template_get(attrs, type, &v) && v.n == sizeof(CK_BBOOL) ? v.p[0] != CK_FALSE : otherwise;
}
