/* Makes the C of one .def table: include it with SCHEMA set to the table's file name. For each
 * stanza X: struct X_in and X_out, enum X_ID, X_HOT_IN and X_HOT_OUT (1 where a field is secret), and
 * X_put_in, X_get_in, X_put_out, X_get_out, X_show_in. No include guard: once for each table. */
#include "types.h"

#define NOTHING(...)
#define FIELD(type, name) wire_##type name;
#define HOT(type, name)   | hot_##type
#define PUT(type, name)   put_##type(b, &m->name);
#define GET(type, name)   get_##type(c, &m->name);
#define SHOW(type, name)  show_##type(t, #name, &m->name);

#define STANZA_STRUCT_IN(id, x)  struct x##_in { uint16_t call_id;
#define STANZA_STRUCT_OUT(id, x) struct x##_out { uint16_t call_id;
#define STANZA_ID(id, x)         enum { x##_ID = id,
#define STANZA_HOT_IN(id, x)     enum { x##_HOT_IN = 0
#define STANZA_HOT_OUT(id, x)    enum { x##_HOT_OUT = 0
#define STANZA_FN(x, way, place, side) \
	static inline void x##_##way##_##side(place, struct x##_##side *m) {
#define STANZA_PUT_IN(id, x)   STANZA_FN(x, put, struct buf *b, in)   (void)b; (void)m;
#define STANZA_PUT_OUT(id, x)  STANZA_FN(x, put, struct buf *b, out)  (void)b; (void)m;
#define STANZA_GET_IN(id, x)   STANZA_FN(x, get, struct cur *c, in)   (void)c; m->call_id = id;
#define STANZA_GET_OUT(id, x)  STANZA_FN(x, get, struct cur *c, out)  (void)c; m->call_id = id;
#define STANZA_SHOW_IN(id, x)  STANZA_FN(x, show, struct buf *t, in)  (void)t; (void)m;

/* --- structs: fields of one side, nothing of the other --------------------------------------- */
#define END };
#define CALL STANZA_STRUCT_IN
#define IN FIELD
#define OUT NOTHING
#include "schema-rows.h"
#define CALL STANZA_STRUCT_OUT
#define IN NOTHING
#define OUT FIELD
#include "schema-rows.h"
#define CALL STANZA_ID
#define IN NOTHING
#define OUT NOTHING
#include "schema-rows.h"
#define CALL STANZA_HOT_IN
#define IN HOT
#define OUT NOTHING
#include "schema-rows.h"
#define CALL STANZA_HOT_OUT
#define IN NOTHING
#define OUT HOT
#include "schema-rows.h"
#undef END

/* --- both directions ------------------------------------------------------------------------- */
#define END }
#define CALL STANZA_PUT_IN
#define IN PUT
#define OUT NOTHING
#include "schema-rows.h"
#define CALL STANZA_GET_IN
#define IN GET
#define OUT NOTHING
#include "schema-rows.h"
#define CALL STANZA_SHOW_IN
#define IN SHOW
#define OUT NOTHING
#include "schema-rows.h"
#define CALL STANZA_PUT_OUT
#define IN NOTHING
#define OUT PUT
#include "schema-rows.h"
#define CALL STANZA_GET_OUT
#define IN NOTHING
#define OUT GET
#include "schema-rows.h"
#undef END

#undef NOTHING
#undef FIELD
#undef HOT
#undef PUT
#undef GET
#undef SHOW
#undef STANZA_STRUCT_IN
#undef STANZA_STRUCT_OUT
#undef STANZA_ID
#undef STANZA_HOT_IN
#undef STANZA_HOT_OUT
#undef STANZA_FN
#undef STANZA_PUT_IN
#undef STANZA_PUT_OUT
#undef STANZA_GET_IN
#undef STANZA_GET_OUT
#undef STANZA_SHOW_IN
#undef SCHEMA
