/* The field types of the .def tables: one put, get, show and hot for each. */
#ifndef BSRE_WIRE_TYPES_H
#define BSRE_WIRE_TYPES_H
#include <stdio.h>
#include "lib/err.h"
#include "lib/secret.h"

typedef uint32_t      wire_u32;
typedef uint64_t      wire_u64;
typedef struct span   wire_bytes;
typedef struct span   wire_hot;
typedef struct secret wire_secret;

enum { hot_u32 = 0, hot_u64 = 0, hot_bytes = 0, hot_hot = 1, hot_secret = 1 };

static inline void put_u32(struct buf *b, const wire_u32 *v)     { buf_be(b, *v, 4); }
static inline void put_u64(struct buf *b, const wire_u64 *v)     { buf_be(b, *v, 8); }
static inline void put_bytes(struct buf *b, const struct span *v) { buf_counted(b, *v, 4); }
static inline void put_hot(struct buf *b, const struct span *v)  { buf_counted(b, *v, 4); }
static inline void put_secret(struct buf *b, const wire_secret *v) { buf_counted(b, secret_span(v), 1); }

static inline void get_u32(struct cur *c, wire_u32 *v)           { *v = cur_u32(c); }
static inline void get_u64(struct cur *c, wire_u64 *v)           { *v = cur_u64(c); }
static inline void get_bytes(struct cur *c, struct span *v)      { *v = cur_counted(c, 4); }
static inline void get_hot(struct cur *c, struct span *v)        { *v = cur_counted(c, 4); }
static inline void get_secret(struct cur *c, wire_secret *v)
{
	if (!secret_set(v, cur_counted(c, 1)))
		c->bad = true;
}

static inline void show_field(struct buf *t, const char *name, const char *form, unsigned long long v)
{
	char line[64];

	buf_str(t, " ");
	buf_str(t, name);
	snprintf(line, sizeof line, form, v);
	buf_str(t, line);
}
static inline void show_u32(struct buf *t, const char *n, const wire_u32 *v) { show_field(t, n, "=%#llx", *v); }
static inline void show_u64(struct buf *t, const char *n, const wire_u64 *v) { show_field(t, n, "=%#llx", *v); }
static inline void show_bytes(struct buf *t, const char *n, const struct span *v) { show_field(t, n, "=[%llu]", v->n); }
static inline void show_hot(struct buf *t, const char *n, const struct span *v)
{
	show_field(t, n, "=<hot %llu>", v->n);
}
static inline void show_secret(struct buf *t, const char *n, const wire_secret *v)
{
	(void)v;
	show_field(t, n, "=<secret>", 0);
}
#endif
