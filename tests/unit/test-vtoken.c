/* src/vtoken, the card: each command's good answer and the status word for each bad one. */
#include "config.h"
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "vtoken.h"

#define PIN_OK  "0020008008 313233343536FFFF"
#define PIN_BAD "0020008008 313233343537FFFF"

static int fresh_yubico(void **state)
{
	*state = desk_new(MODEL_YUBICO);
	return 0;
}

static int fresh_plain(void **state)
{
	*state = desk_new(MODEL_PLAIN);
	return 0;
}

static int done(void **state)
{
	desk_free(*state);
	return 0;
}

/* --- malformed commands: nothing of this changes the card ------------------------------------ */
struct wrong { const char *apdu; unsigned sw; };

static const struct wrong wrong_in_both[] = {
	{ "",                                   0x6700 },	/* no header */
	{ "00A404",                             0x6700 },
	{ "00200080 08 3132",                   0x6700 },	/* Lc beyond the end */
	{ "00200080 02 313233 00",              0x6700 },	/* more than Lc and Le */
	{ "00CB3FFF 00 0005 5C03 5FC1",         0x6700 },	/* extended, too short */
	{ "00CB3FFF 00 0000 0000",              0x6700 },	/* Lc 0 written out */
	{ "00CB3FFF 00 00",                     0x6700 },
	{ "80CB3FFF 05 5C035FC102",             0x6E00 },	/* proprietary class */
	{ "60CB3FFF 05 5C035FC102",             0x6E00 },
	{ "01CB3FFF 05 5C035FC102",             0x6881 },	/* logical channel */
	{ "0CCB3FFF 05 5C035FC102",             0x6882 },	/* secure messaging */
	{ "00110000",                           0x6D00 },
	{ "00A40400 05 A000000309",             0x6A82 },
	{ "00A40400 04 A0000003",               0x6A82 },	/* shorter than a RID */
	{ "00A40400 0C A00000030800001000010000", 0x6A82 },
	{ "00A40400",                           0x6A82 },
	{ "00A4040C 05 A000000308",             0x6A86 },
	{ "00A40000 02 3F00",                   0x6A81 },
	{ "00CB3FFE 05 5C035FC102",             0x6A86 },
	{ "00CB3FFF 05 5C035FC102",             0x6A82 },
	{ "00CB3FFF 03 5C017D",                 0x6A82 },
	{ "00CB3FFF 06 5C045FC10200",           0x6A82 },
	{ "00CB3FFF 05 5D035FC102",             0x6A80 },
	{ "00CB3FFF 06 5C035FC10200",           0x6A80 },
	{ "00CB3FFF 05 5C045FC102",             0x6A80 },
	{ "00CB3FFF",                           0x6A80 },
	{ "00CB3FFF 05 5C035FC109",             0x6982 },	/* printed information: PIN first */
	{ "00CB3FFF 05 5C035FC103",             0x6982 },
	{ "00DB3FFF 09 5C035FC102 5302 0102",   0x6982 },	/* no management key proved */
	{ "00DB3FFE 09 5C035FC102 5302 0102",   0x6A86 },
	{ "00200180 08 313233343536FFFF",       0x6A86 },
	{ "00200000 08 313233343536FFFF",       0x6A88 },	/* no global PIN */
	{ "00200081 08 313233343536FFFF",       0x6A88 },
	{ "00200096 08 313233343536FFFF",       0x6A88 },
	{ "00200080 06 313233343536",           0x6A80 },	/* not padded */
	{ "0020FF80 08 313233343536FFFF",       0x6A80 },
	{ "00240180 10 313233343536FFFF 313233343536FFFF", 0x6A86 },
	{ "00240082 10 313233343536FFFF 313233343536FFFF", 0x6A88 },
	{ "00240080 0F 313233343536FFFF 313233343536FF", 0x6A80 },
	{ "00240080",                           0x6A80 },
	{ "002C0180 10 3132333435363738 313233343536FFFF", 0x6A86 },
	{ "002C0081 10 3132333435363738 313233343536FFFF", 0x6A88 },
	{ "002C0080 08 3132333435363738",       0x6A80 },
	{ "0087119A 04 7C028200",               0x6A86 },	/* no key there */
	{ "00871199 04 7C028200",               0x6A86 },	/* no such reference */
	{ "0087FF9B 04 7C028000",               0x6A86 },	/* no such cipher */
	{ "0087089B 04 7C028000",               0x6A86 },	/* another cipher than the key's */
	{ "0087039B 04 7D028000",               0x6A80 },
	{ "0087039B 05 7C03800000",             0x6A80 },
	{ "0087039B 06 7C0480008000",           0x6A80 },	/* twice */
	{ "0087039B 04 7C028600",               0x6A80 },
	{ "0087039B 02 7C00",                   0x6A80 },
	{ "0087039B 0C 7C0A8208 0000000000000000", 0x6985 },	/* answer without a challenge */
	{ "0047009A 05 AC03800111",             0x6982 },
	{ "00470099 05 AC03800111",             0x6A86 },
	{ "0047019A 05 AC03800111",             0x6A86 },
	{ "00C00000 00",                        0x6985 },	/* nothing waits */
};

static const struct wrong wrong_in_yubico[] = {
	{ "00FD0100 00",                        0x6A86 },
	{ "00F80001 00",                        0x6A86 },
	{ "00F7009A 00",                        0x6A88 },
	{ "00F70077 00",                        0x6A86 },
	{ "00F99A00 00",                        0x6A88 },
	{ "00F9F900 00",                        0x6A86 },
	{ "00F97700 00",                        0x6A86 },
	{ "00FE119A 22 0620 0000000000000000000000000000000000000000000000000000000000000001", 0x6982 },
	{ "00FE339A 01 00",                     0x6A86 },
	{ "00FFFFFF 03 039B18",                 0x6982 },
	{ "00FFFF00 03 039B18",                 0x6A86 },
	{ "00FA0303",                           0x6982 },
	{ "00FB0000",                           0x6985 },
	{ "00FB0100",                           0x6A86 },
	{ "00F6FF9A",                           0x6982 },
	{ "00F6FF77",                           0x6A86 },
};

static const struct wrong wrong_in_plain[] = {
	{ "00FD0000 00", 0x6D00 }, { "00F80000 00", 0x6D00 }, { "00F7009A 00", 0x6D00 },
	{ "00F99A00 00", 0x6D00 }, { "00FB0000",    0x6D00 }, { "00FA0303",    0x6D00 },
	{ "00F6FF9A",    0x6D00 }, { "004700F9 05 AC03800111", 0x6A86 },
	{ "00200080 08 31323334353641FF", 0x6A80 },		/* not digits */
	{ "00200080 08 3132333435FFFFFF", 0x6A80 },		/* five digits */
	{ "00240080 10 313233343536FFFF 3132333435FFFFFF", 0x6A80 },
	{ "00240080 10 313233343537FFFF 3132333435FFFFFF", 0x6A80 },	/* no try spent */
	{ "002C0080 10 3132333435363739 3132333435FFFFFF", 0x6A80 },
	{ "00A4040008 A000000527471117", 0x6A82 },
};

static void try_all(struct desk *d, const struct wrong *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned sw = apdu(d, w[i].apdu);
		if (sw != w[i].sw)
			fail_msg("%s gave %04X, not %04X", w[i].apdu, sw, w[i].sw);
		assert_int_equal(d->n, 0);
	}
	assert_int_equal(d->state.pin.left, 3);
	assert_int_equal(d->state.puk.left, 3);
	assert_int_equal(d->state.n_objects, 1);
}

static void malformed_yubico(void **state)
{
	try_all(*state, wrong_in_both, sizeof wrong_in_both / sizeof *wrong_in_both);
	try_all(*state, wrong_in_yubico, sizeof wrong_in_yubico / sizeof *wrong_in_yubico);
}

static void malformed_plain(void **state)
{
	try_all(*state, wrong_in_both, sizeof wrong_in_both / sizeof *wrong_in_both);
	try_all(*state, wrong_in_plain, sizeof wrong_in_plain / sizeof *wrong_in_plain);
}

/* --- applications ----------------------------------------------------------------------------- */
static void select_says_what_it_is(void **state)
{
	struct desk *d = *state;
	uint8_t want[32];
	struct buf b = BUF(want);

	unhex(&b, "61114F0600001000010079074F05A000000308");
	assert_int_equal(apdu(d, "00A4040009A0000003080000100000"), 0x9000);
	assert_true(span_eq(reply(d), buf_span(&b)));
	assert_int_equal(apdu(d, "00A4040005A000000308"), 0x9000);
	assert_int_equal(apdu(d, "00CB3FFF035C017E00"), 0x9000);
	assert_int_equal(d->n, 20);
	assert_int_equal(apdu(d, "00FD000003"), 0x9000);
	assert_int_equal(apdu(d, "00F8000004"), 0x9000);
}

static void other_application_drops_status(void **state)
{
	struct desk *d = *state;

	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(apdu(d, "00A4040005A000000999"), 0x6A82);
	assert_int_equal(apdu(d, "00200080"), 0x9000);
	assert_int_equal(apdu(d, "00A404000AF04253524544554D4D59"), 0x9000);
	assert_int_equal(apdu(d, "00200080"), 0x6D00);
	assert_int_equal(apdu(d, "00A4040005A000000308"), 0x9000);
	assert_int_equal(apdu(d, "00200080"), 0x63C3);
}

static void same_application_keeps_status(void **state)
{
	struct desk *d = *state;

	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(apdu(d, "00A4040005A000000308"), 0x9000);
	assert_int_equal(apdu(d, "00200080"), d->card.model == MODEL_PLAIN ? 0x9000 : 0x63C3);
}

static void reset_and_power_drop_status(void **state)
{
	struct desk *d = *state;

	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(login_mgm(d, true), 0x9000);
	card_reset(&d->card);
	assert_int_equal(apdu(d, "00200080"), 0x6D00);	/* nothing is selected */
	assert_int_equal(apdu(d, "00A4040005A000000308"), 0x9000);
	assert_int_equal(apdu(d, "00200080"), 0x63C3);
	assert_int_equal(apdu(d, "00DB3FFF 09 5C035FC102 5302 0102"), 0x6982);
	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	card_power(&d->card, false);
	card_power(&d->card, true);
	assert_int_equal(apdu(d, "00A4040005A000000308"), 0x9000);
	assert_int_equal(apdu(d, "00200080"), 0x63C3);
}

/* --- PIN and PUK ------------------------------------------------------------------------------ */
static void pin_is_counted(void **state)
{
	struct desk *d = *state;

	assert_int_equal(apdu(d, "00200080"), 0x63C3);
	assert_int_equal(apdu(d, PIN_BAD), 0x63C2);
	assert_int_equal(apdu(d, "00200080"), 0x63C2);
	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(apdu(d, "00200080"), 0x9000);
	assert_int_equal(apdu(d, "0020FF80"), 0x9000);
	assert_int_equal(apdu(d, "00200080"), 0x63C3);
	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(apdu(d, PIN_BAD), 0x63C2);
	assert_int_equal(apdu(d, "00200080"), 0x63C2);	/* a wrong one drops the status */
	assert_int_equal(apdu(d, PIN_BAD), 0x63C1);
	assert_int_equal(apdu(d, PIN_BAD), 0x63C0);
	assert_int_equal(apdu(d, PIN_OK), 0x6983);
	assert_int_equal(apdu(d, "00200080"), 0x6983);
	assert_int_equal(apdu(d, "00240080 10 313233343536FFFF 363534333231FFFF"), 0x6983);
	assert_int_equal(apdu(d, "002C0080 10 3132333435363739 363534333231FFFF"), 0x63C2);
	assert_int_equal(apdu(d, "002C0080 10 3132333435363738 363534333231FFFF"), 0x9000);
	assert_int_equal(apdu(d, "00200080 08 363534333231FFFF"), 0x9000);
	assert_int_equal(d->state.puk.left, 3);
}

static void pin_and_puk_change(void **state)
{
	struct desk *d = *state;

	assert_int_equal(apdu(d, "00240080 10 313233343537FFFF 363534333231FFFF"), 0x63C2);
	assert_int_equal(apdu(d, "00240080 10 313233343536FFFF 363534333231FFFF"), 0x9000);
	assert_int_equal(apdu(d, "00200080"), 0x9000);
	assert_int_equal(apdu(d, PIN_OK), 0x63C2);
	assert_int_equal(apdu(d, "00240081 10 3132333435363738 3837363534333231"), 0x9000);
	assert_int_equal(apdu(d, "002C0080 10 3132333435363738 313233343536FFFF"), 0x63C2);
	assert_int_equal(apdu(d, "002C0080 10 3837363534333231 313233343536FFFF"), 0x9000);
	assert_int_equal(apdu(d, PIN_OK), 0x9000);
}

/* Yubico's tools block PIN and PUK with nothing at all, and find out what the token is. */
static void yubico_ways(void **state)
{
	struct desk *d = *state;

	assert_int_equal(apdu(d, "00200080 08 FFFFFFFFFFFFFFFF"), 0x63C2);
	assert_int_equal(apdu(d, "00240081 10 FFFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF"), 0x63C2);
	assert_int_equal(apdu(d, "00240081 10 3132333435363738 FFFFFFFFFFFFFFFF"), 0x6A80);
	assert_int_equal(apdu(d, "00240081 10 3132333435363738 3132333435803738"), 0x6A80);
	assert_int_equal(apdu(d, "00240081 10 3132333435363738 313233343536FFFF"), 0x9000);
	assert_int_equal(apdu(d, "00240081 10 313233343536FFFF 3132333435363738"), 0x9000);
	assert_int_equal(d->state.puk.left, 3);
	assert_int_equal(apdu(d, "001D0000 00"), 0x6D00);
	assert_int_equal(apdu(d, "00A4040008 A000000527471117"), 0x9000);
	assert_int_equal(apdu(d, "001D0000 00"), 0x9000);
	assert_int_equal(d->n, 26);
	assert_int_equal(d->reply[0], 25);
	assert_int_equal(apdu(d, "00200080"), 0x6D00);
}

/* No try is left: that is said, whatever the new PIN looks like. */
static void blocked_is_said_first(void **state)
{
	struct desk *d = *state;

	for (int i = 0; i < 3; i++) {
		(void)apdu(d, PIN_BAD);
		(void)apdu(d, "002C0080 10 3132333435363739 363534333231FFFF");
	}
	assert_int_equal(apdu(d, "00240080 10 313233343536FFFF 3132FFFFFFFFFFFF"), 0x6983);
	assert_int_equal(apdu(d, "002C0080 10 3132333435363738 3132FFFFFFFFFFFF"), 0x6983);
	assert_int_equal(apdu(d, "00240081 10 3132333435363738 3132FFFFFFFFFFFF"), 0x6983);
}

static void reset_needs_both_blocked(void **state)
{
	struct desk *d = *state;

	assert_int_equal(login_mgm(d, true), 0x9000);
	assert_int_equal(apdu(d, "00DB3FFF 09 5C035FC102 5302 0102"), 0x9000);
	assert_int_equal(apdu(d, "0047009A 05 AC03800111"), 0x9000);
	for (int i = 0; i < 3; i++)
		(void)apdu(d, PIN_BAD);
	assert_int_equal(apdu(d, "00FB0000"), 0x6985);
	for (int i = 0; i < 3; i++)
		(void)apdu(d, "002C0080 10 3132333435363739 363534333231FFFF");
	assert_int_equal(apdu(d, "002C0080 10 3132333435363738 363534333231FFFF"), 0x6983);
	assert_int_equal(apdu(d, "00FB0000"), 0x9000);
	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(apdu(d, "00CB3FFF 05 5C035FC102"), 0x6A82);
	assert_int_equal(apdu(d, "00F7009A 00"), 0x6A88);
	assert_int_equal(apdu(d, "00F700F9 00"), 0x9000);
	assert_int_equal(d->state.serial, 12345678);
}

static void tries_are_set(void **state)
{
	struct desk *d = *state;

	assert_int_equal(login_mgm(d, true), 0x9000);
	assert_int_equal(apdu(d, "00FA0502"), 0x6982);
	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(apdu(d, "00FA0002"), 0x6A86);
	assert_int_equal(apdu(d, "00FA1402"), 0x9000);
	assert_int_equal(apdu(d, "00200080"), 0x63CF);	/* twenty: the nibble holds fifteen */
	assert_int_equal(d->state.pin.left, 20);
	assert_int_equal(d->state.puk.left, 2);
}

/* --- management key --------------------------------------------------------------------------- */
static void management_key(void **state)
{
	struct desk *d = *state;

	assert_int_equal(login_mgm(d, false), 0x9000);
	assert_int_equal(login_mgm(d, true), 0x9000);
	assert_int_equal(d->n, 12);
	assert_int_equal(apdu(d, "0087039B 04 7C028100"), 0x9000);
	assert_int_equal(apdu(d, "0087039B 0C 7C0A8208 0000000000000000"), 0x6982);
	assert_false(d->card.session.mgm);		/* a wrong answer drops what was proved */
	assert_int_equal(apdu(d, "0087039B 04 7C028100"), 0x9000);
	assert_int_equal(apdu(d, "00200080"), 0x63C3);	/* a command in between: challenge gone */
	assert_int_equal(apdu(d, "0087039B 0C 7C0A8208 0000000000000000"), 0x6985);
	assert_int_equal(login_mgm(d, true), 0x9000);
	assert_int_equal(apdu(d, "00FFFFFF 13 0A9B10 000102030405060708090A0B0C0D0E0F"), 0x6A80);
	assert_int_equal(apdu(d, "00FFFFFF 13 089B10 000102030405060708090A0B0C0D0E0F"), 0x9000);
	assert_int_equal(login_mgm(d, true), 0x9000);
	assert_int_equal(apdu(d, "00FFFFFE 23 0C9B20 000102030405060708090A0B0C0D0E0F"
		"000102030405060708090A0B0C0D0E0F"), 0x9000);
	assert_int_equal(login_mgm(d, false), 0x9000);
	assert_int_equal(apdu(d, "00F7009B 00"), 0x9000);
	assert_int_equal(d->reply[2], 0x0C);
	assert_int_equal(d->reply[6], TOUCH_ALWAYS);
}

/* --- data objects ----------------------------------------------------------------------------- */
static void objects_of_every_length(void **state)
{
	static const size_t lengths[] = { 1, 127, 128, 250, 255, 256, 257, 1000, 2000, OBJECT_MAX };
	struct desk *d = *state;
	uint8_t v[OBJECT_MAX + 1], body[OBJECT_MAX + 32], got[OBJECT_MAX + 32];

	assert_int_equal(login_mgm(d, true), 0x9000);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct buf fill = BUF(v), b = BUF(body), g = BUF(got);
		buf_fill(&fill, (uint8_t)(i + 1), lengths[i]);
		tlv_put(&b, 0x5C, SPAN(0x5F, 0xFF, 0x42));
		tlv_put(&b, 0x53, buf_span(&fill));
		assert_int_equal(extended(d, 0x00DB3FFF, buf_span(&b)), 0x9000);
		assert_int_equal(extended(d, 0x00CB3FFF, SPAN(0x5C, 3, 0x5F, 0xFF, 0x42)), 0x9000);
		struct cur c = cur_of(reply(d));
		assert_true(span_eq(tlv_bytes(&c, 0x53), buf_span(&fill)));
		/* the same by short APDUs and GET RESPONSE */
		unsigned sw = apdu(d, "00CB3FFF 05 5C035FFF42 00");
		buf_put(&g, reply(d));
		while (sw >> 8 == 0x61) {
			sw = apdu(d, "00C00000 00");
			buf_put(&g, reply(d));
		}
		assert_int_equal(sw, 0x9000);
		c = cur_of(buf_span(&g));
		assert_true(span_eq(tlv_bytes(&c, 0x53), buf_span(&fill)));
	}
	struct buf fill = BUF(v), b = BUF(body);
	buf_fill(&fill, 9, OBJECT_MAX + 1);
	tlv_put(&b, 0x5C, SPAN(0x5F, 0xFF, 0x42));
	tlv_put(&b, 0x53, buf_span(&fill));
	assert_int_equal(extended(d, 0x00DB3FFF, buf_span(&b)), 0x6A84);
	assert_int_equal(apdu(d, "00DB3FFF 07 5C035FFF42 5300"), 0x9000);	/* empty: away */
	assert_int_equal(apdu(d, "00CB3FFF 05 5C035FFF42 00"), 0x6A82);
	assert_int_equal(apdu(d, "00DB3FFF 08 5C017E 5303 010203"), 0x6A81);
	assert_int_equal(apdu(d, "00DB3FFF 09 5C035FC102 5303 0102"), 0x6A80);
}

static void plain_has_the_standards_objects(void **state)
{
	struct desk *d = *state;

	assert_int_equal(login_mgm(d, true), 0x9000);
	assert_int_equal(apdu(d, "00DB3FFF 09 5C035FC101 5302 0102"), 0x9000);
	assert_int_equal(apdu(d, "00DB3FFF 09 5C035FC123 5302 0102"), 0x9000);
	assert_int_equal(apdu(d, "00CB3FFF 05 5C035FC123 00"), 0x6982);	/* pairing code: PIN */
	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(apdu(d, "00CB3FFF 05 5C035FC123 00"), 0x9000);
	assert_int_equal(apdu(d, "00DB3FFF 09 5C035FC124 5302 0102"), 0x6A81);
	assert_int_equal(apdu(d, "00DB3FFF 09 5C035FFF42 5302 0102"), 0x6A81);
	assert_int_equal(apdu(d, "00CB3FFF 05 5C035FFF42 00"), 0x6A82);
	assert_int_equal(apdu(d, "00CB3FFF 05 5C035FFF01 00"), 0x6A82);
}

static void chaining(void **state)
{
	struct desk *d = *state;

	assert_int_equal(login_mgm(d, true), 0x9000);
	assert_int_equal(apdu(d, "10DB3FFF 05 5C035FC102"), 0x9000);
	assert_int_equal(apdu(d, "10DB3FFF 03 530401"), 0x9000);
	assert_int_equal(apdu(d, "00DB3FFF 03 020304"), 0x9000);
	assert_int_equal(apdu(d, "00CB3FFF 05 5C035FC102 00"), 0x9000);
	assert_int_equal(d->n, 6);
	/* another command in between: the chain is forgotten */
	assert_int_equal(apdu(d, "10DB3FFF 05 5C035FC102"), 0x9000);
	assert_int_equal(apdu(d, "00200080"), 0x63C3);
	assert_int_equal(apdu(d, "00DB3FFF 03 530401"), 0x6A80);
	/* longer than any command: refused, and forgotten */
	char big[5 * 2 + 250 * 2 + 1];
	struct buf b = BUF(big);
	buf_str(&b, "10DB3FFFFA");
	buf_fill(&b, '5', 500);
	buf_be(&b, 0, 1);
	unsigned sw = 0x9000;
	for (int i = 0; i < 20 && sw == 0x9000; i++)
		sw = apdu(d, big);
	assert_int_equal(sw, 0x6700);
}

static void extended_can_be_refused(void **state)
{
	struct desk *d = *state;

	d->card.no_extended = true;
	assert_int_equal(extended(d, 0x00CB3FFF, SPAN(0x5C, 1, 0x7E)), 0x6700);
	assert_int_equal(apdu(d, "00CB3FFF 03 5C017E 00"), 0x9000);
	d->card.no_extended = false;
	assert_int_equal(extended(d, 0x00CB3FFF, SPAN(0x5C, 1, 0x7E)), 0x9000);
}

static void t0_lets_data_be_fetched(void **state)
{
	struct desk *d = *state;

	d->card.t0 = true;
	assert_int_equal(apdu(d, "00CB3FFF 03 5C017E 00"), 0x6114);
	assert_int_equal(d->n, 0);
	assert_int_equal(apdu(d, "00C00000 08"), 0x610C);
	assert_int_equal(apdu(d, "00C00000 0C"), 0x9000);
	assert_int_equal(d->n, 12);
	assert_int_equal(apdu(d, "00FD0000 03"), 0x9000);
	assert_int_equal(d->n, 3);
	assert_int_equal(apdu(d, "00CB3FFF 03 5C017E"), 0x6114);
	assert_int_equal(apdu(d, "00200080"), 0x63C3);
	assert_int_equal(apdu(d, "00C00000 08"), 0x6985);	/* not fetched at once: gone */
	assert_int_equal(extended(d, 0x00CB3FFF, SPAN(0x5C, 1, 0x7E)), 0x6700);
}

static void printed_information_needs_the_pin(void **state)
{
	struct desk *d = *state;

	assert_int_equal(login_mgm(d, true), 0x9000);
	assert_int_equal(apdu(d, "00DB3FFF 09 5C035FC109 5302 0102"), 0x9000);
	assert_true(d->card.hot);
	assert_int_equal(apdu(d, "00CB3FFF 05 5C035FC109"), 0x6982);
	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(apdu(d, "00CB3FFF 05 5C035FC109"), 0x9000);
	assert_true(d->card.hot);
	assert_int_equal(apdu(d, "00CB3FFF 03 5C017E"), 0x9000);
	assert_false(d->card.hot);
}

/* Whatever becomes of a command, whoever traces it knows whether it may hold a secret. */
struct heat { const char *apdu; bool hot; };

static const struct heat heats[] = {
	{ "00200080 08 313233343536FFFF",       true },
	{ "00200080 06 313233343536FFFF",       true },		/* does not parse */
	{ "80200080 08 313233343536FFFF",       true },
	{ "04200080 08 313233343536FFFF",       true },
	{ "00200080 000008 313233343536FFFF",   true },
	{ "00210080 08 313233343536FFFF",       true },		/* nobody knows what that is */
	{ "00240080 10 313233343536FFFF 313233343536FFFF", true },
	{ "00FE119A 02 0620",                   true },
	{ "00FFFFFF 03 039B18",                 true },
	{ "00CB3FFF 05 5C035FC109",             true },
	{ "00CB3FFF 06 5C81035FC109",           true },
	{ "00DB3FFF 0A 5C81035FC1095302 3132",  true },
	{ "00DB3FFF 02 5C03",                   true },		/* who knows what follows */
	{ "00DB3FFF 04 53023132",               true },
	{ "00CB3FFF 05 5C035FC102",             false },
	{ "00CB3FFF 03 5C017E",                 false },
	{ "00DB3FFF 09 5C035FC10253023132",     false },
	{ "00A40400 05 A000000308",             false },
	{ "0087119A 04 7C028200",               false },
	{ "00C00000 00",                        false },
};

static void secrets_are_known_before_anything_else(void **state)
{
	struct desk *d = *state;
	uint8_t bytes[64];

	for (size_t i = 0; i < sizeof heats / sizeof *heats; i++)
		for (int applet = APPLET_NONE; applet <= APPLET_DUMMY; applet++) {
			struct buf b = BUF(bytes);
			unhex(&b, heats[i].apdu);
			d->card.no_extended = applet & 1;
			d->card.session.applet = (enum applet)applet;
			d->card.hot = !heats[i].hot;
			card_peek(&d->card, buf_span(&b));
			if (d->card.hot != heats[i].hot)
				fail_msg("%s, looked at", heats[i].apdu);
			d->card.hot = !heats[i].hot;
			(void)apdu_bytes(d, buf_span(&b));
			if (d->card.hot != heats[i].hot)
				fail_msg("%s, carried out", heats[i].apdu);
		}
}

/* A chain is as secret as its beginning, and a tag that is torn in two may be any. */
static void chains_are_hot_to_the_end(void **state)
{
	struct desk *d = *state;

	assert_int_equal(login_mgm(d, true), 0x9000);
	assert_int_equal(apdu(d, "10DB3FFF 03 5C035F"), 0x9000);
	assert_true(d->card.hot);
	assert_int_equal(apdu(d, "00DB3FFF 05 C109 5301 31"), 0x9000);
	assert_true(d->card.hot);
	assert_int_equal(apdu(d, "10DB3FFF 05 5C035FC102"), 0x9000);
	assert_false(d->card.hot);
	assert_int_equal(apdu(d, "00DB3FFF 04 53023132"), 0x9000);
	assert_false(d->card.hot);
}

static void the_card_fills_up(void **state)
{
	struct desk *d = *state;
	uint8_t v[3000], body[3100];
	unsigned sw = 0x9000;
	int n = 0;

	assert_int_equal(login_mgm(d, true), 0x9000);
	for (; sw == 0x9000 && n < 100; n++) {
		struct buf fill = BUF(v), b = BUF(body);
		buf_fill(&fill, 1, sizeof v);
		tlv_put(&b, 0x5C, SPAN(0x5F, 0, (uint8_t)n));
		tlv_put(&b, 0x53, buf_span(&fill));
		sw = extended(d, 0x00DB3FFF, buf_span(&b));
	}
	assert_int_equal(sw, 0x6A84);
	assert_in_range(n, 16, 18);
}

int main(void)
{
	const struct CMUnitTest yubico[] = {
		cmocka_unit_test_setup_teardown(malformed_yubico, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(malformed_plain, fresh_plain, done),
		cmocka_unit_test_setup_teardown(select_says_what_it_is, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(other_application_drops_status, fresh_plain, done),
		cmocka_unit_test_setup_teardown(other_application_drops_status, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(same_application_keeps_status, fresh_plain, done),
		cmocka_unit_test_setup_teardown(same_application_keeps_status, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(reset_and_power_drop_status, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(pin_is_counted, fresh_plain, done),
		cmocka_unit_test_setup_teardown(pin_is_counted, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(pin_and_puk_change, fresh_plain, done),
		cmocka_unit_test_setup_teardown(yubico_ways, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(blocked_is_said_first, fresh_plain, done),
		cmocka_unit_test_setup_teardown(blocked_is_said_first, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(reset_needs_both_blocked, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(tries_are_set, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(management_key, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(objects_of_every_length, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(plain_has_the_standards_objects, fresh_plain, done),
		cmocka_unit_test_setup_teardown(chaining, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(extended_can_be_refused, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(t0_lets_data_be_fetched, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(printed_information_needs_the_pin, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(secrets_are_known_before_anything_else, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(secrets_are_known_before_anything_else, fresh_plain, done),
		cmocka_unit_test_setup_teardown(chains_are_hot_to_the_end, fresh_yubico, done),
		cmocka_unit_test_setup_teardown(the_card_fills_up, fresh_yubico, done),
	};

	return cmocka_run_group_tests(yubico, NULL, NULL);
}
