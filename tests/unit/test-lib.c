/* src/lib: bytes, TLV, DER, errors and secrets at their edges. */
#include "config.h"
#include "unit.h"
#include "lib/der.h"
#include "lib/secret.h"
#include "lib/text.h"

static void cur_stays_failed(void **state)
{
	(void)state;
	struct cur c = cur_of(SPAN(1, 2, 3));

	assert_int_equal(cur_u16(&c), 0x0102);
	assert_int_equal(cur_u16(&c), 0);
	assert_true(c.bad);
	assert_int_equal(cur_u8(&c), 0);
	assert_false(cur_done(&c));
}

static void buf_stays_failed(void **state)
{
	(void)state;
	uint8_t room[3];
	struct buf b = BUF(room);

	buf_put(&b, SPAN(1, 2));
	buf_put(&b, SPAN(3, 4));
	assert_true(b.bad);
	buf_put(&b, SPAN(5));
	assert_int_equal(buf_span(&b).n, 0);
}

static void tlv_lengths(void **state)
{
	static const size_t lengths[] = { 0, 1, 127, 128, 255, 256, 65535, 65536, 70000 };
	static uint8_t value[70000], room[70010];

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct buf b = BUF(room);
		tlv_put(&b, 0x7F49, (struct span){ value, lengths[i] });
		struct cur c = cur_of(buf_span(&b));
		struct cur v = tlv_want(&c, 0x7F49);
		assert_int_equal(cur_left(&v), lengths[i]);
		assert_true(cur_done(&c));
		for (size_t cut = 0; cut < b.n && cut < 300; cut++) {
			c = cur_of((struct span){ room, cut });
			tlv_want(&c, 0x7F49);
			assert_true(c.bad);
		}
	}
}

static void tlv_garbage(void **state)
{
	(void)state;
	static const struct span bad[] = {
		{ (const uint8_t *)"\x30\x80\x00\x00", 4 }, { (const uint8_t *)"\x30\x84\x00\x00\x00\x00", 6 },
		{ (const uint8_t *)"\x30", 1 }, { (const uint8_t *)"\x5F\xC1\xFF\x00", 4 },
		{ (const uint8_t *)"\x30\x83\xFF\xFF\xFF", 5 },
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct cur c = cur_of(bad[i]), v;
		assert_int_equal(tlv_next(&c, &v), 0);
		assert_true(c.bad && v.bad);
	}
}

static void spki_round(void **state)
{
	(void)state;
	uint8_t n[256], point[65] = { 4 }, room[400];
	static const uint8_t p256[] = { 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7 };

	memset(n, 0xA5, sizeof n);
	struct spki rsa = { .kind = KEY_RSA, .n = SPAN_OF(n), .e = SPAN(1, 0, 1) }, got;
	struct spki ec = { .kind = KEY_EC, .curve = SPAN_OF(p256), .point = SPAN_OF(point) };
	struct buf b = BUF(room);
	der_put_spki(&b, &rsa);
	assert_true(ok(der_spki(buf_span(&b), &got)));
	assert_true(span_eq(got.n, rsa.n) && span_eq(got.e, SPAN(1, 0, 1)));
	for (size_t cut = 0; cut < b.n; cut++)
		assert_false(ok(der_spki((struct span){ room, cut }, &got)));
	b = BUF(room);
	der_put_spki(&b, &ec);
	assert_true(ok(der_spki(buf_span(&b), &got)));
	assert_true(span_eq(got.point, ec.point) && span_eq(got.curve, ec.curve));
	point[0] = 2;
	b = BUF(room);
	der_put_spki(&b, &ec);
	assert_false(ok(der_spki(buf_span(&b), &got)));
}

static void ecdsa_round(void **state)
{
	(void)state;
	uint8_t raw[64] = { 0 }, back[64], room[80];
	struct buf b = BUF(room), r = BUF(back);

	raw[31] = 0x80, raw[32] = 0xFF;
	der_put_ecdsa(&b, SPAN_OF(raw));
	assert_true(ok(der_ecdsa_raw(buf_span(&b), 32, &r)));
	assert_memory_equal(raw, back, 64);
	r = BUF(back);
	assert_false(ok(der_ecdsa_raw(buf_span(&b), 31, &r)));
}

static void errors(void **state)
{
	(void)state;
	assert_int_equal(err_from_sw(0x63C2).code, E_PIN_WRONG);
	assert_int_equal(err_tries(err_from_sw(0x63C2)), 2);
	assert_int_equal(err_tries(err_from_sw(0x6982)), -1);
	assert_int_equal(err_from_sw(0x6F00).code, E_TOKEN_REFUSED);
	assert_int_equal(err_ckr(FAIL(PIN_BLOCKED)), CKR_PIN_LOCKED);
	assert_int_equal(err_ckr((err){ 9999, 0 }), CKR_GENERAL_ERROR);
	assert_false(err_known(9999));
}

static void secrets(void **state)
{
	(void)state;
	enum { MOST = 16 * 256 };		/* what secret.c has places for */
	static struct secret s, *kept[MOST + 1];
	size_t n = 0;

	assert_true(secret_set(&s, span_str("123456")));
	while (n <= MOST && (kept[n] = secret_keep(&s)))
		n++;
	assert_int_equal(n, MOST);
	assert_true(secret_eq(kept[7], &s));
	secret_drop(kept[7]);
	assert_int_equal(kept[7]->n, 0);
	assert_non_null(secret_keep(&s));
	{
		uint8_t big[SECRET_MAX + 1] = { 0 };
		assert_false(secret_set(&s, SPAN_OF(big)));
		assert_int_equal(s.n, 0);
	}
}

static void text(void **state)
{
	(void)state;
	assert_true(text_is_plain(SPAN_NONE));
	assert_true(text_is_plain(span_str("Tanda tangan é € \xF0\x9F\x96\x8B")));
	static const char *const bad[] = {
		"\x1B]0;x", "a\nb", "\x7F", "\xC2\x85", "\xFF", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
		"\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\xF8\x88\x80\x80\x80",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(text_is_plain(span_str(bad[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cur_stays_failed), cmocka_unit_test(buf_stays_failed),
		cmocka_unit_test(tlv_lengths), cmocka_unit_test(tlv_garbage), cmocka_unit_test(spki_round),
		cmocka_unit_test(ecdsa_round), cmocka_unit_test(errors), cmocka_unit_test(secrets),
		cmocka_unit_test(text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
