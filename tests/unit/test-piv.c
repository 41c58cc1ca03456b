/* The PIV driver: how many commands each step costs (the budgets), what it makes of replies, and what it
 * writes, against a card on paper. */
#include "config.h"
#include <stdio.h>
#include "paper.h"
#include "tokend/token/piv-own.h"

enum { CERT_BYTES = 900 };

static const char *const object_of[] = { "5FC105", "5FC10A", "5FC10B", "5FC101" };
static const uint32_t slot_of[] = { 0x9A, 0x9C, 0x9D, 0x9E };

/* --- long replies ---------------------------------------------------------------------------- */
/* In one piece, or as a card without extended length gives it: 256 bytes, then GET RESPONSE. */
static void paper_reply(struct span r, bool extended)
{
	size_t most = extended ? 65536 : 256;

	for (;;) {
		char sw[8], ask[24];
		struct span piece = span_first(r, most);
		paper("< ");
		paper_hex(piece);
		r = (struct span){ r.p + piece.n, r.n - piece.n };
		snprintf(sw, sizeof sw, " 61%02X\n", (unsigned)(r.n > 255 ? 0 : r.n));
		paper(r.n ? sw : " 9000\n");
		if (!r.n)
			return;
		snprintf(ask, sizeof ask, "> 00C00000%02X\n", (unsigned)(r.n > 255 ? 0 : r.n));
		paper(ask);
	}
}

static void paper_get(const char *object, bool extended)
{
	paper(extended ? "> 00CB3FFF00 0005 5C03" : "> 00CB3FFF05 5C03");
	paper(object);
	paper(extended ? "0000\n" : "00\n");
}

/* A certificate's frame of n bytes: enough of DER for what is not asked to look inside. */
static struct span some_cert(size_t n)
{
	static uint8_t room[4000];
	struct buf b = BUF(room);

	TLV(&b, 0x30)
		buf_fill(&b, 0xC5, n - 4);
	return buf_span(&b);
}

static struct span cert_object(size_t n)
{
	static uint8_t room[4100];
	struct buf b = BUF(room);

	TLV(&b, 0x53) {
		tlv_put(&b, 0x70, some_cert(n));
		tlv_put(&b, 0x71, SPAN(0));
		tlv_put(&b, 0xFE, SPAN_NONE);
	}
	return buf_span(&b);
}

static struct span keys_object(const struct own_keys *keys)
{
	static uint8_t room[OWN_KEYS_MAX + 16];
	struct buf b = BUF(room);

	TLV(&b, 0x53)
		own_keys_put(&b, keys);
	return buf_span(&b);
}

static struct own_keys four_keys(void)
{
	struct own_keys keys = { .n = 0 };

	for (size_t i = 0; i < 4; i++) {
		struct own_key *k = own_key_make(&keys, slot_of[i]);
		k->alg = i == 2 ? ALG_P256 : ALG_RSA2048;
		k->flags = OWN_KEY_HAS_CERT;
	}
	return keys;
}

/* --- the budgets ----------------------------------------------------------------------------- */
static void paper_identify(bool extended)
{
	paper_begin_as(extended);
	paper(SELECT SERIAL);
	paper_get("5FFF42", extended);
	paper(LABEL_IS ASK("63C3"));
}

static void identify(bool extended)
{
	paper_identify(extended);
	assert_true(ok(JOB_DO(CardOpen, .reader = span_str("paper"))));
	assert_int_equal(paper_count(), 4);
	assert_true(span_eq(CardOpen_reply.serial, span_str("1234")));
	assert_true(span_eq(CardOpen_reply.label, span_str("Budi")));
	assert_true(span_eq(CardOpen_reply.model, span_str("YubiKey PIV")));
	assert_int_equal(CardOpen_reply.firmware, 0x050403);
	assert_int_equal(CardOpen_reply.pin_tries, 3);
	assert_true(CardOpen_reply.flags & TOKEN_INITIALIZED);
	assert_true(CardOpen_reply.flags & TOKEN_CAN_RESET);
	assert_false(CardOpen_reply.algs & 1u << ALG_RSA4096);
}

/* Listing is the keys object; the certificates come one by one. */
static void list_four(bool extended)
{
	struct own_keys keys = four_keys();
	struct KeyRec_in rec;

	identify(extended);
	paper_get("5FFF43", extended);
	paper_reply(keys_object(&keys), extended);
	assert_true(ok(JOB_DO(CardList)));
	assert_int_equal(paper_count(), 1);
	struct cur c = cur_of(CardList_reply.keys);
	for (size_t i = 0; i < 4; i++) {
		KeyRec_get_in(&c, &rec);
		assert_int_equal(rec.slot, slot_of[i]);
		assert_int_equal(rec.flags & ~(unsigned)KEY_PIN_ALWAYS, KEY_HAS_KEY | KEY_HAS_CERT);
		assert_int_equal(rec.pin_policy, i == 1 ? 3 : i == 3 ? 1 : 2);
	}
	assert_true(cur_done(&c));
	for (size_t i = 0; i < 4; i++) {
		paper_get(object_of[i], extended);
		paper_reply(cert_object(CERT_BYTES), extended);
		assert_true(ok(JOB_DO(CardCert, .slot = slot_of[i])));
		assert_true(span_eq(CardCert_reply.der, some_cert(CERT_BYTES)));
	}
	/* with the four of identification: 8 and 20 */
	assert_int_equal(paper_count(), extended ? 4 : 16);
	paper_end();
}

static void paper_sign(bool extended)
{
	static const uint8_t block[256] = { 0, 1 };
	static const uint8_t head[] = { 0x7C, 0x82, 0x01, 0x06, 0x82, 0x00, 0x81, 0x82, 0x01, 0x00 };
	uint8_t data[266], reply[280];
	struct buf d = BUF(data), r = BUF(reply);

	buf_put(&d, SPAN_OF(head));
	buf_put(&d, SPAN_OF(block));
	TLV(&r, 0x7C)
		tlv_put(&r, 0x82, SPAN_OF(block));
	if (extended) {
		paper("> 0087079A00010A");
		paper_hex(buf_span(&d));
		paper("0000\n");
	} else {
		paper("> 1087079AFF");
		paper_hex(span_first(buf_span(&d), 255));
		paper("\n< 9000\n> 0087079A0B");
		paper_hex((struct span){ data + 255, 11 });
		paper("00\n");
	}
	paper_reply(buf_span(&r), extended);
}

static err sign(enum auth auth)
{
	static const uint8_t block[256] = { 0, 1 };

	return JOB_DO(CardUse, .auth = auth, .pin = SECRET_OF("123456"), .tries = 3, .slot = 0x9A,
		.alg = ALG_RSA2048, .prim = PRIM_RSA_PRIVATE, .in = SPAN_OF(block));
}

static void close_costs(unsigned n)
{
	if (n)
		paper(FORGET);
	assert_true(ok(JOB_DO(CardClose)));
	assert_int_equal(paper_count(), n);
}

static void login_and_sign(bool extended)
{
	unsigned more = extended ? 0 : 2;

	identify(extended);
	close_costs(0);
	/* C_Login: opening a transaction 3, in an open one 1 */
	paper(SELECT ASK("63C3") VERIFY("9000") VERIFY("9000"));
	for (int i = 0; i < 2; i++) {
		assert_true(ok(JOB_DO(CardLogin, .user = CKU_USER, .fresh = 1, .pin = SECRET_OF("123456"),
			.tries = 3)));
		assert_int_equal(paper_count(), i ? 1 : 3);
	}
	close_costs(1);
	/* the first signature with a kept PIN 4 and 6, each further one 1 and 3 */
	paper(SELECT ASK("63C3") VERIFY("9000"));
	for (int i = 0; i < 3; i++) {
		paper_sign(extended);
		assert_true(ok(sign(AUTH_USER)));
		assert_int_equal(paper_count(), (i ? 1 : 4) + more);
		assert_int_equal(CardUse_reply.out.n, 256);
	}
	/* always-authenticate 2 and 4, opening a transaction 4 and 6 */
	paper(VERIFY("9000"));
	paper_sign(extended);
	assert_true(ok(sign(AUTH_FRESH)));
	assert_int_equal(paper_count(), 2 + more);
	close_costs(1);
	paper(SELECT ASK("63C3") VERIFY("9000"));
	paper_sign(extended);
	assert_true(ok(sign(AUTH_FRESH)));
	assert_int_equal(paper_count(), 4 + more);
	close_costs(1);
	paper_end();
}

/* The same token again: 3, and one truncated read a certificate. */
static void insert_again(bool extended)
{
	struct span whole = cert_object(CERT_BYTES);

	paper_begin_as(extended);
	paper(SELECT SERIAL ASK("63C3"));
	assert_true(ok(JOB_DO(CardOpen, .reader = span_str("paper"), .known = SPAN_OF("99\0001234"))));
	assert_int_equal(paper_count(), 3);
	paper_get("5FC105", false);
	paper("< ");
	paper_hex(span_first(whole, 256));
	paper(" 6100\n");
	assert_true(ok(JOB_DO(CardCert, .slot = 0x9A, .most = 200)));
	assert_int_equal(paper_count(), 1);
	assert_true(span_eq(CardCert_reply.der, span_first(some_cert(CERT_BYTES), 200)));
	close_costs(0);
	paper_end();
}

static void budgets_extended(void **state)
{
	(void)state;
	list_four(true);
	login_and_sign(true);
	insert_again(true);
}

static void budgets_short(void **state)
{
	(void)state;
	list_four(false);
	login_and_sign(false);
	insert_again(false);
}

/* --- who the card is ------------------------------------------------------------------------- */
static void serial_by_guid(void **state)
{
	(void)state;
	paper_begin();
	paper(SELECT "> 00F8000000\n< 6D00\n");
	paper_get("5FC102", true);
	paper("< 533B 3019 D4E739DA739CED39CE739D836858210842108421C84210C3EB"
		"3410 00112233445566778899AABBCCDDEEFF 35083230393931323331 3E00 FE00 9000\n");
	paper_get("5FFF42", true);
	paper("< 6A82\n> 00FD000000\n< 6D00\n" ASK("63C3"));
	assert_true(ok(JOB_DO(CardOpen, .reader = span_str("paper"))));
	assert_true(span_eq(CardOpen_reply.serial, span_str("00112233445566778899AABBCCDDEEFF")));
	assert_true(span_eq(CardOpen_reply.model, span_str("PIV")));
	assert_int_equal(CardOpen_reply.flags, 0);
	assert_int_equal(CardOpen_reply.firmware, 0);
	paper_end();
}

static void serial_by_hash(void **state)
{
	(void)state;
	paper_begin();
	paper(SELECT "> 00F8000000\n< 6D00\n");
	paper_get("5FC102", true);
	paper("< 6A82\n");
	paper_get("5FFF42", true);
	paper("< 6A80\n> 00FD000000\n< 6D00\n" ASK("6A88"));
	assert_true(ok(JOB_DO(CardOpen, .reader = span_str("paper"))));
	assert_int_equal(CardOpen_reply.serial.n, 16);
	assert_true(CardOpen_reply.flags & TOKEN_NO_OWN_OBJECTS);
	assert_int_equal(CardOpen_reply.pin_tries, 255);
	paper_end();
}

/* --- set up, or not -------------------------------------------------------------------------- */
#define METADATA(ref, is_default) "> 00F700" ref "000000\n< 0501" is_default " 0602 0302 9000\n"

static uint32_t flags_of(const char *label_reply, const char *metadata)
{
	paper_begin();
	paper(SELECT SERIAL);
	paper_get("5FFF42", true);
	paper(label_reply);
	paper(metadata);
	paper(ASK("63C3"));
	assert_true(ok(JOB_DO(CardOpen, .reader = span_str("paper"))));
	paper_end();
	return CardOpen_reply.flags & (TOKEN_FACTORY | TOKEN_INITIALIZED | TOKEN_INIT_BEGUN);
}

/* Only where our object does not say that `init` was finished is the card asked whose its secrets are. */
static void set_up_or_not(void **state)
{
	static const char none[] = "< 6A82\n> 00FD000000\n< 050403 9000\n",
		begun[] = "< 5314 800101 810442756469 820102 8303050403 84010A 9000\n";

	(void)state;
	assert_int_equal(flags_of(LABEL_IS, ""), TOKEN_INITIALIZED);
	assert_int_equal(flags_of(none, METADATA("9B", "01") METADATA("81", "01") METADATA("80", "01")), TOKEN_FACTORY);
	assert_int_equal(flags_of(none, METADATA("9B", "01") METADATA("81", "00") METADATA("80", "00")),
		TOKEN_MANAGEMENT_DEFAULT);
	assert_int_equal(flags_of(begun, METADATA("9B", "00") METADATA("81", "01") METADATA("80", "00")),
		TOKEN_INIT_BEGUN | TOKEN_PUK_DEFAULT);
	assert_true(span_eq(CardOpen_reply.label, span_str("Budi")));
	assert_int_equal(CardOpen_reply.puk_tries, 2);
	assert_int_equal(flags_of(none, "> 00F7009B000000\n< 6D00\n"), 0);
}

/* --- certificates ---------------------------------------------------------------------------- */
static void cert_forms(void **state)
{
	(void)state;
	identify(true);
	paper_get("5FC105", true);
	paper("< 5300 9000\n");
	assert_err(JOB_DO(CardCert, .slot = 0x9A), NOT_FOUND);
	paper_get("5FC105", true);
	paper("< 5304 7000 FE00 9000\n");
	assert_err(JOB_DO(CardCert, .slot = 0x9A), NOT_FOUND);
	paper_get("5FC105", true);
	paper("< 5309 7005 3003020105 7100 9000\n");		/* CertInfo without its byte */
	assert_true(ok(JOB_DO(CardCert, .slot = 0x9A)));
	assert_true(span_eq(CardCert_reply.der, SPAN(0x30, 3, 2, 1, 5)));
	paper_get("5FC105", true);
	paper("< 530C 7007 30030201050000 710100 9000\n");	/* padded */
	assert_true(ok(JOB_DO(CardCert, .slot = 0x9A)));
	assert_int_equal(CardCert_reply.der.n, 5);
	paper_get("5FC105", true);
	paper("< 530A 7005 3009020105 710100 9000\n");		/* DER that ends too early */
	assert_err(JOB_DO(CardCert, .slot = 0x9A), BAD_REPLY);
	paper_get("5FC105", true);
	paper("< 530A 7005 1F8B080000 710101 9000\n");		/* packed, and broken */
	assert_err(JOB_DO(CardCert, .slot = 0x9A), BAD_REPLY);
	paper_get("5FC105", true);				/* packed, as it should be */
	paper("< 532070191F8B08000000000002FF33606662640500D5F1431F05000000710101FE00 9000\n");
	assert_true(ok(JOB_DO(CardCert, .slot = 0x9A)));
	assert_true(span_eq(CardCert_reply.der, SPAN(0x30, 3, 2, 1, 5)));
	assert_err(JOB_DO(CardCert, .slot = 0x01), NOT_FOUND);
	paper_end();
}

/* --- keys ------------------------------------------------------------------------------------ */
static err use(uint32_t alg, enum prim prim, struct span in)
{
	return JOB_DO(CardUse, .auth = AUTH_NONE, .slot = 0x9E, .alg = alg, .prim = prim, .in = in);
}

static void use_checks(void **state)
{
	static const uint8_t zeros[97] = { 4 };

	(void)state;
	identify(true);
	assert_err(use(ALG_P256, PRIM_RSA_PRIVATE, SPAN_OF(zeros)), KEY_TYPE);
	assert_err(use(ALG_RSA2048, PRIM_EC_SIGN, SPAN_OF(zeros)), KEY_TYPE);
	assert_err(use(ALG_RSA2048, PRIM_RSA_PRIVATE, SPAN_OF(zeros)), DATA_LENGTH);
	assert_err(use(ALG_P256, PRIM_EC_DH, SPAN_OF(zeros)), MECH_PARAM);
	assert_err(use(ALG_P384, PRIM_EC_DH, SPAN(5)), MECH_PARAM);
	assert_err(use(99, PRIM_EC_SIGN, SPAN_OF(zeros)), NOT_SUPPORTED);
	assert_err(use(ALG_P256, (enum prim)9, SPAN_OF(zeros)), NOT_SUPPORTED);
	assert_err(use(ALG_P256, PRIM_EC_SIGN, SPAN_NONE), DATA_LENGTH);
	paper_end();
}

/* A digest shorter than the curve gets zeros before it; the signature comes back as r || s. */
static void ecdsa(void **state)
{
	uint8_t want[64] = { 0 };

	(void)state;
	want[31] = 1;
	want[63] = 2;
	identify(true);
	paper("> 0087119E00 0026 7C24 8200 8120 0000000000000000000000000000000000000000000000000000000000000A0B 0000\n"
		"< 7C0A 8208 3006 020101 020102 9000\n");
	assert_true(ok(use(ALG_P256, PRIM_EC_SIGN, SPAN(0x0A, 0x0B))));
	assert_true(span_eq(CardUse_reply.out, SPAN_OF(want)));
	paper("> 0087119E00 0026 7C24 8200 8120 0000000000000000000000000000000000000000000000000000000000000A0B 0000\n"
		"< 7C0A 8208 3006 020101 020102 00 9000\n");
	assert_err(use(ALG_P256, PRIM_EC_SIGN, SPAN(0x0A, 0x0B)), BAD_REPLY);
	paper("> 0087119E00 0026 7C24 8200 8120 0000000000000000000000000000000000000000000000000000000000000A0B 0000\n"
		"< 6A88\n");
	assert_err(use(ALG_P256, PRIM_EC_SIGN, SPAN(0x0A, 0x0B)), KEY_NOT_FOUND);
	paper_end();
}

/* --- what is written ------------------------------------------------------------------------- */
/* The management key's own dialogue has chance in it: here it counts as done. */
static void managed(void)
{
	paper(VERIFY("9000"));
	assert_true(ok(JOB_DO(CardLogin, .user = CKU_USER, .fresh = 1, .pin = SECRET_OF("123456"), .tries = 254)));
	worker.token.managed = worker.token.to_reset = true;
}

/* The first PIN was another's; its owner changes it, and the note of that goes. */
static void pin_becomes_its_owners(void **state)
{
	(void)state;
	paper_begin();
	paper(SELECT SERIAL);
	paper_get("5FFF42", true);
	paper("< 5314 800101 810442756469 820101 8303050403 84010A 9000\n" ASK("63C3"));
	assert_true(ok(JOB_DO(CardOpen, .reader = span_str("paper"))));
	assert_true(CardOpen_reply.flags & TOKEN_PIN_TO_CHANGE);
	worker.token.managed = true;
	paper("> 0024008010 313233343536FFFF 363534333231FFFF\n< 9000\n"
		"> 0020008008 363534333231FFFF\n< 9000\n"
		"> 00DB3FFF1B 5C035FFF42 5314 800101 810442756469 820100 8303050403 84010A\n< 9000\n");
	assert_true(ok(JOB_DO(CardPinChange, .which = CKU_USER, .old = SECRET_OF("123456"),
		.new = SECRET_OF("654321"))));
	paper_end();
}

/* A P-256 key: the old certificate goes, the public key is kept in our object until one comes. */
static void generating(void **state)
{
	static const char point[] = "0411111111111111111111111111111111111111111111111111111111111111"
		"1122222222222222222222222222222222222222222222222222222222222222" "22";
	struct spki key;

	(void)state;
	identify(true);
	managed();
	paper_get("5FFF43", true);
	paper("< 6A82\n> 00DB3FFF07 5C035FC105 5300\n< 9000\n"
		"> 0047009A00 0008 AC06 800111 AB0102 0000\n< 7F4943 8641");
	paper(point);
	paper(" 9000\n> 00F99A0000 0000\n< 3003020105 9000\n"
		"> 00DB3FFF80 5C035FFF43 5379 800101 A074 80019A 810105 820104 83020002 840101 85056C6F67696E"
		"865B 3059301306072A8648CE3D020106082A8648CE3D030107034200");
	paper(point);
	paper("\n< 9000\n");
	assert_true(ok(JOB_DO(CardGenerate, .pin = SECRET_OF("123456"), .tries = 3, .slot = 0x9A,
		.alg = ALG_P256, .touch_policy = 2, .id = SPAN(1), .label = span_str("login"))));
	assert_true(ok(der_spki(CardGenerate_reply.spki, &key)));
	assert_int_equal(key.point.n, 65);
	assert_int_equal(CardGenerate_reply.attestation.n, 5);
	paper_end();
}

static void refused_before_the_card_is_asked(void **state)
{
	(void)state;
	identify(true);
	managed();
	assert_err(JOB_DO(CardGenerate, .pin = SECRET_OF("123456"), .slot = 0x9A, .alg = 77), KEY_SIZE);
	assert_err(JOB_DO(CardGenerate, .pin = SECRET_OF("123456"), .slot = 0xF9, .alg = ALG_P256), KEY_NOT_FOUND);
	assert_err(JOB_DO(CardGenerate, .pin = SECRET_OF("123456"), .slot = 0x9A, .alg = ALG_P256,
		.pin_policy = 4), ARGUMENTS);
	assert_err(JOB_DO(CardDataRead, .object = 0x5FC109), NOT_FOUND);
	assert_err(JOB_DO(CardDataWrite, .object = OWN_KEYS_OBJECT, .value = SPAN(1)), ACTION_PROHIBITED);
	assert_err(JOB_DO(CardInit, .pin = SECRET_OF("12345"), .puk = SECRET_OF("12345678")), PIN_LENGTH);
	assert_err(JOB_DO(CardInit, .pin = SECRET_OF("123456"), .puk = SECRET_OF("1234")), PIN_LENGTH);
	assert_err(JOB_DO(CardPinChange, .which = 7), USER_TYPE);
	paper_end();
}

/* The order of a RESET: PIN and PUK blocked, then the command; a card that is pulled is said to be. */
static void pulled_in_a_reset(void **state)
{
	(void)state;
	identify(true);
	paper(VERIFY("63C1") VERIFY("63C0")
		"> 0024008110 ** ** ** ** ** ** ** ** ** ** ** ** ** ** ** **\n< 6983\n"
		"> 00FB0000\n< gone\n");
	assert_err(JOB_DO(CardInit, .pin = SECRET_OF("123456"), .puk = SECRET_OF("12345678")), TOKEN_GONE);
	paper_end();
}

/* --- our own objects ------------------------------------------------------------------------- */
static void own_round(void **state)
{
	uint8_t room[OWN_KEYS_MAX];
	struct own_keys keys = four_keys(), back;
	struct own_label label = { span_str("Budi"), OWN_PIN_TO_CHANGE, 0x0A, 0x050403 }, got;
	struct buf b = BUF(room);

	(void)state;
	keys.key[1].id = SPAN_OF("abc");
	keys.key[1].label = span_str("tanda tangan");
	keys.key[1].touch_policy = 2;
	own_keys_put(&b, &keys);
	assert_true(ok(own_keys_get(buf_span(&b), &back)));
	assert_int_equal(back.n, 4);
	assert_true(span_eq(back.key[1].label, keys.key[1].label));
	assert_int_equal(back.key[1].touch_policy, 2);
	for (size_t cut = 0; cut < b.n; cut++)
		if (ok(own_keys_get((struct span){ room, cut }, &back)))
			assert_true(back.n < 4);		/* cut between two entries */
	b = BUF(room);
	own_label_put(&b, &label);
	assert_true(ok(own_label_get(buf_span(&b), &got)));
	assert_int_equal(got.firmware, 0x050403);
	assert_int_equal(got.flags, OWN_PIN_TO_CHANGE);
	room[2] = 9;						/* another version's */
	assert_err(own_label_get(buf_span(&b), &got), BAD_REPLY);
}

static void own_keys_are_bounded(void **state)
{
	struct own_keys keys = { .n = 0 };

	(void)state;
	for (uint32_t slot = 1; slot <= OWN_KEYS; slot++)
		assert_non_null(own_key_make(&keys, slot));
	assert_null(own_key_make(&keys, 200));
	assert_non_null(own_key_make(&keys, 3));
	assert_int_equal(keys.n, OWN_KEYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(budgets_extended), cmocka_unit_test(budgets_short),
		cmocka_unit_test(serial_by_guid), cmocka_unit_test(serial_by_hash), cmocka_unit_test(set_up_or_not),
		cmocka_unit_test(cert_forms), cmocka_unit_test(use_checks), cmocka_unit_test(ecdsa),
		cmocka_unit_test(pin_becomes_its_owners), cmocka_unit_test(generating),
		cmocka_unit_test(refused_before_the_card_is_asked), cmocka_unit_test(pulled_in_a_reset),
		cmocka_unit_test(own_round), cmocka_unit_test(own_keys_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
