/* BER-TLV (ISO/IEC 7816-4, 5.2.2) and DER over span.h: TLV(b, tag) { ... } builds a
 * constructed value, tlv_want() and tlv_next() read. Definite lengths below 16 MiB, tags up to
 * three bytes. */
#ifndef BSRE_TLV_H
#define BSRE_TLV_H
#include "span.h"

static inline size_t tlv_open(struct buf *b, uint32_t tag)
{
	buf_be(b, tag, tag > 0xFFFF ? 3 : tag > 0xFF ? 2 : 1);
	buf_put(b, SPAN(0x83, 0, 0, 0));
	return b->n;
}

/* Writes the length behind the block that tlv_open began, in its shortest form. */
static inline void tlv_close(struct buf *b, size_t start)
{
	if (b->bad)
		return;
	size_t n = b->n - start;
	if (n > 0xFFFFFF) {
		b->bad = true;
		return;
	}
	size_t hdr = n < 0x80 ? 1 : n < 0x100 ? 2 : n < 0x10000 ? 3 : 4;
	uint8_t *at = b->p + start - 4;
	memmove(at + hdr, b->p + start, n);
	b->n = (size_t)(at - b->p) + hdr + n;
	if (hdr > 1)
		at[0] = (uint8_t)(0x80 | (hdr - 1));
	else
		at[0] = (uint8_t)n;
	for (size_t i = hdr - 1; i > 0; i--, n >>= 8)
		at[i] = (uint8_t)n;
}

/* Opens a value, runs its block once, patches the length. No return or break inside. */
#define TLV(b, tag) TLV_NAMED(b, tag, __COUNTER__)
#define TLV_NAMED(b, tag, id)  TLV_LOOP(b, tag, id)		/* nested blocks need names of their own */
#define TLV_LOOP(b, tag, id) \
	for (size_t at_##id = tlv_open((b), (tag)), once_##id = 1; once_##id; \
	     once_##id = 0, tlv_close((b), at_##id))

static inline void tlv_put(struct buf *b, uint32_t tag, struct span v)
{
	TLV(b, tag)
		buf_put(b, v);
}

/* The tag and value of the next element, whatever it is. 0 and a bad cursor at garbage. */
static inline uint32_t tlv_next(struct cur *c, struct cur *value)
{
	uint32_t tag = cur_u8(c);

	if ((tag & 0x1F) == 0x1F) {
		tag = tag << 8 | cur_u8(c);
		if (tag & 0x80)
			tag = tag << 8 | cur_u8(c);
		if (tag > 0xFFFF && (tag & 0x80))
			c->bad = true;
	}
	size_t n = cur_u8(c);
	if (n == 0x80 || n > 0x83)
		c->bad = true;
	else if (n > 0x80)
		n = (size_t)cur_be(c, (unsigned)n - 0x80);
	struct span v = cur_take(c, n);
	*value = cur_of(v);
	value->bad = c->bad;
	return c->bad ? 0 : tag;
}

/* The tag that comes next, without reading it; 0 at the end. */
static inline uint32_t tlv_peek(const struct cur *c)
{
	struct cur look = *c, value;

	return cur_left(c) ? tlv_next(&look, &value) : 0;
}

/* The value of the next element if it carries `tag`; otherwise both cursors go bad. */
static inline struct cur tlv_want(struct cur *c, uint32_t tag)
{
	struct cur value;

	if (tlv_next(c, &value) != tag)
		c->bad = value.bad = true;
	return value;
}

/* The same where the value's bytes are wanted. */
static inline struct span tlv_bytes(struct cur *c, uint32_t tag)
{
	struct cur v = tlv_want(c, tag);

	return cur_rest(&v);
}

/* Skips to the first element with `tag` and gives its value; a bad cursor if there is none. */
static inline struct cur tlv_find(struct cur *c, uint32_t tag)
{
	struct cur value = cur_bad();

	while (cur_left(c))
		if (tlv_next(c, &value) == tag)
			return value;
	return cur_bad();
}
#endif
