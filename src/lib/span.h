/* Bytes: `span` borrows, `cur` reads, `buf` writes. A cur or a buf that fails once stays
 * failed, so a parser or a builder is a straight list of fields with one check at its end.
 * Nothing here allocates and nothing here aborts. Integers are big-endian. */
#ifndef BSRE_SPAN_H
#define BSRE_SPAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span { const uint8_t *p; size_t n; };			/* borrowed: valid as long as its owner is */
struct cur  { const uint8_t *p, *end; bool bad; };		/* what is left to read */
struct buf  { uint8_t *p; size_t n, cap; bool bad; };		/* n of cap bytes written */

/* A span over literal bytes. A compound literal: it dies with its block, use it as an argument. */
#define SPAN(...) ((struct span){ (const uint8_t[]){ __VA_ARGS__ }, \
	sizeof((const uint8_t[]){ __VA_ARGS__ }) })
#define SPAN_NONE ((struct span){ NULL, 0 })
/* A span over an array (not a pointer) with static or automatic storage. */
#define SPAN_OF(array) ((struct span){ (const uint8_t *)(array), sizeof(array) })
/* An empty buf over an array (not a pointer). */
#define BUF(array) ((struct buf){ .p = (uint8_t *)(array), .cap = sizeof(array) })

static inline struct span span_str(const char *s)
{
	return (struct span){ (const uint8_t *)s, s ? strlen(s) : 0 };
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The first n bytes of s, or all of it where it is shorter. */
static inline struct span span_first(struct span s, size_t n)
{
	return (struct span){ s.p, s.n < n ? s.n : n };
}

static inline struct cur cur_of(struct span s)
{
	return (struct cur){ s.p, s.p ? s.p + s.n : s.p, false };
}

static inline struct cur cur_bad(void)
{
	return (struct cur){ NULL, NULL, true };
}

static inline size_t cur_left(const struct cur *c)
{
	return c->bad ? 0 : (size_t)(c->end - c->p);
}

/* True when everything was read and nothing failed. */
static inline bool cur_done(const struct cur *c)
{
	return !c->bad && c->p == c->end;
}

static inline struct span cur_take(struct cur *c, size_t n)
{
	if (c->bad || n > (size_t)(c->end - c->p)) {
		c->bad = true;
		return SPAN_NONE;
	}
	const uint8_t *p = c->p;
	if (n)
		c->p += n;
	return (struct span){ p, n };
}

/* Everything that is left. */
static inline struct span cur_rest(struct cur *c)
{
	return cur_take(c, cur_left(c));
}

/* An integer of `width` bytes (at most 8); 0 when the cursor is or goes bad. */
static inline uint64_t cur_be(struct cur *c, unsigned width)
{
	struct span s = cur_take(c, width);
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | s.p[i];
	return v;
}

static inline uint8_t  cur_u8(struct cur *c)  { return (uint8_t)cur_be(c, 1); }
static inline uint16_t cur_u16(struct cur *c) { return (uint16_t)cur_be(c, 2); }
static inline uint32_t cur_u32(struct cur *c) { return (uint32_t)cur_be(c, 4); }
static inline uint64_t cur_u64(struct cur *c) { return cur_be(c, 8); }

/* A span whose length is written before it in `width` bytes. */
static inline struct span cur_counted(struct cur *c, unsigned width)
{
	return cur_take(c, (size_t)cur_be(c, width));
}

static inline struct span buf_span(const struct buf *b)
{
	return b->bad ? SPAN_NONE : (struct span){ b->p, b->n };
}

/* What is still free, to be written by somebody else (read, OpenSSL); then buf_grow. */
static inline size_t buf_room(const struct buf *b)
{
	return b->bad ? 0 : b->cap - b->n;
}

static inline void buf_grow(struct buf *b, size_t n)
{
	if (b->bad || n > b->cap - b->n)
		b->bad = true;
	else
		b->n += n;
}

static inline void buf_put(struct buf *b, struct span s)
{
	if (b->bad || s.n > b->cap - b->n) {
		b->bad = true;
		return;
	}
	if (s.n)
		memmove(b->p + b->n, s.p, s.n);
	b->n += s.n;
}

/* n times the byte v. */
static inline void buf_fill(struct buf *b, uint8_t v, size_t n)
{
	if (b->bad || n > b->cap - b->n) {
		b->bad = true;
		return;
	}
	if (n)
		memset(b->p + b->n, v, n);
	b->n += n;
}

static inline void buf_be(struct buf *b, uint64_t v, unsigned width)
{
	for (unsigned i = width; i-- > 0;)
		buf_put(b, (struct span){ (const uint8_t[]){ (uint8_t)(v >> 8 * i) }, 1 });
}

static inline void buf_counted(struct buf *b, struct span s, unsigned width)
{
	if (width < 8 && s.n >> 8 * width)
		b->bad = true;
	buf_be(b, s.n, width);
	buf_put(b, s);
}

static inline void buf_str(struct buf *b, const char *s)
{
	buf_put(b, span_str(s));
}
#endif
