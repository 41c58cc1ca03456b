/* src/wire: every stanza of every table there and back, and every truncation refused. */
#include "config.h"
#include "unit.h"
#include "wire/calls.h"
#include "wire/events.h"
#include "wire/prompts.h"
#include "wire/frame.h"
#include "wire/jobs.h"
#include "wire/records.h"

/* Fills a struct's fields from the table, writes it, reads it back, compares by writing again. */
static uint64_t seed = 1;
static void fill_u32(wire_u32 *v)      { *v = (uint32_t)(seed++ * 2654435761u); }
static void fill_u64(wire_u64 *v)      { *v = seed++ * 11400714819323198485u; }
static void fill_bytes(struct span *v) { static uint8_t some[300]; *v = (struct span){ some, 1 + seed++ % 299 }; }
static void fill_hot(struct span *v)   { fill_bytes(v); }
static void fill_secret(wire_secret *v) { assert_true(secret_set(v, span_str("31415926"))); }

static void same(struct span a, struct span b)
{
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, a.n);
}

#define END }
#define CALL(id, x) static void fill_##x##_in(struct x##_in *p) { struct x##_in m = { .call_id = id }; *p = m;
#define IN(type, name) fill_##type(&p->name);
#define OUT(type, name)
#define JOB CALL
#define EVENT CALL
#define RECORD CALL
#include "wire/calls.def"
#include "wire/jobs.def"
#include "wire/events.def"
#include "wire/prompts.def"
#include "wire/records.def"
#undef CALL
#undef IN
#undef OUT
#define CALL(id, x) static void fill_##x##_out(struct x##_out *p) { struct x##_out m = { .call_id = id }; *p = m;
#define IN(type, name)
#define OUT(type, name) fill_##type(&p->name);
#include "wire/calls.def"
#include "wire/jobs.def"
#include "wire/events.def"
#include "wire/prompts.def"
#include "wire/records.def"
#undef CALL
#undef IN
#undef OUT
#undef END

#define ROUND(x, side) \
static void round_##x##_##side(void **state) \
{ \
	static uint8_t one[4096], two[4096]; \
	struct x##_##side m, back; \
	struct buf b = BUF(one), again = BUF(two); \
	(void)state; \
	fill_##x##_##side(&m); \
	x##_put_##side(&b, &m); \
	assert_false(b.bad); \
	struct cur c = cur_of(buf_span(&b)); \
	x##_get_##side(&c, &back); \
	assert_true(cur_done(&c)); \
	x##_put_##side(&again, &back); \
	same(buf_span(&b), buf_span(&again)); \
	for (size_t cut = 0; cut < b.n; cut++) { \
		c = cur_of((struct span){ one, cut }); \
		x##_get_##side(&c, &back); \
		assert_true(c.bad); \
	} \
}
#define END
#define IN(type, name)
#define OUT(type, name)
#define CALL(id, x) ROUND(x, in) ROUND(x, out)
#include "wire/calls.def"
#include "wire/jobs.def"
#include "wire/events.def"
#include "wire/prompts.def"
#include "wire/records.def"
#undef CALL

static void secrets_are_hot_and_hidden(void **state)
{
	char text[200] = { 0 };
	struct buf t = { (uint8_t *)text, 0, sizeof text - 1, false };
	struct Login_in in = { .session = 7, .user = 1, .given = 1 };

	(void)state;
	assert_true(secret_set(&in.pin, span_str("271828")));
	Login_show_in(&t, &in);
	assert_string_equal(text, " session=0x7 user=0x1 given=0x1 pin=<secret>");
	assert_int_equal(Login_HOT_IN, 1);
	assert_int_equal(Login_HOT_OUT, 0);
	assert_int_equal(OpFinish_HOT_OUT, 1);
}

static void frames(void **state)
{
	static uint8_t room[FRAME_MAX + 100];
	struct buf b = BUF(room);
	struct frame f;

	(void)state;
	size_t at = frame_begin(&b, 5, Logout_ID, 0);
	buf_be(&b, 9, 4);
	frame_end(&b, at);
	assert_int_equal(frame_size((struct span){ room, 3 }), 0);
	assert_int_equal(frame_size(buf_span(&b)), b.n);
	assert_true(ok(frame_open(buf_span(&b), &f)));
	assert_int_equal(f.id, 5);
	assert_int_equal(f.what, Logout_ID);
	assert_int_equal(f.body.n, 4);
	assert_false(ok(frame_open((struct span){ room, FRAME_HEAD - 1 }, &f)));
	b = BUF(room);
	at = frame_begin(&b, 5, 1, 0);
	buf_fill(&b, 0, FRAME_MAX);
	frame_end(&b, at);
	assert_true(b.bad);
	f.what = 9999;
	assert_int_equal(frame_err(&f).code, E_BAD_FRAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CALL(id, x) cmocka_unit_test(round_##x##_in), cmocka_unit_test(round_##x##_out),
#include "wire/calls.def"
#include "wire/jobs.def"
#include "wire/events.def"
#include "wire/prompts.def"
#include "wire/records.def"
		cmocka_unit_test(secrets_are_hot_and_hidden), cmocka_unit_test(frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
