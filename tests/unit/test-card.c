/* src/tokend's worker side: commands, transactions, PIN rules and frames, against cards on paper. */
#include "config.h"
#include <stdlib.h>
#include "paper.h"

static const uint8_t yubikey[] = { 0x3B, 0xFD, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x15, 0x80, 0x73,
	0xC0, 0x21, 0xC0, 0x57, 0x59, 0x75, 0x62, 0x69, 0x4B, 0x65, 0x79, 0x40 };

static void atr_says(void **state)
{
	(void)state;
	assert_true(card_atr_extended(SPAN_OF(yubikey), 1));
	assert_false(card_atr_extended(SPAN_OF(yubikey), 0));
	assert_false(card_atr_extended(SPAN(0x3B, 0x80, 0x80, 0x01, 0x01), 1));
	for (size_t n = 0; n < 13; n++)
		assert_false(card_atr_extended((struct span){ yubikey, n }, 1));
	/* interface bytes without end */
	assert_false(card_atr_extended(SPAN(0x3B, 0xFF, 1, 1, 1, 0xF1, 1, 1, 1, 0xF1, 1, 1), 1));
}

/* --- commands -------------------------------------------------------------------------------- */
static struct card card;
static struct reader *reader;

static void card_on_paper(const char *text)
{
	free(reader);
	reader = reader_replay(text);
	assert_non_null(reader);
	card = (struct card){ .reader = NULL };
	card_init(&card, reader);
}

static void card_done(void)
{
	unsigned line;

	assert_true(reader_replay_done(reader, &line));
}

/* GET DATA with n bytes 5C of data. */
static err get(size_t n, struct cur *reply)
{
	APDU(a, 0xCB, 0x3F, 0xFF, LONG_ANSWER);

	buf_fill(&a.data, 0x5C, n);
	return card_do(&card, &a, reply);
}

static void replies_in_pieces(void **state)
{
	struct cur r;

	(void)state;
	card_on_paper("atr 3B80800101\n"
		"> 00CB3FFF 015C 00\n< 0102 6102\n> 00C0000002\n< 0304 6101\n> 00C0000001\n< 05 9000\n");
	assert_true(ok(get(1, &r)));
	assert_true(span_eq(cur_rest(&r), SPAN(1, 2, 3, 4, 5)));
	card_done();
	assert_int_equal(card.count, 3);
}

static void wrong_le(void **state)
{
	struct cur r;

	(void)state;
	card_on_paper("atr 3B80800101\n> 00CB3FFF 015C 00\n< 6C03\n> 00CB3FFF 015C 03\n< 010203 9000\n"
		"> 00CB3FFF 015C 00\n< 6C03\n> 00CB3FFF 015C 03\n< 6C03\n");
	assert_true(ok(get(1, &r)));
	assert_int_equal(cur_left(&r), 3);
	assert_err(get(1, &r), TOKEN_REFUSED);		/* and it is not asked for ever */
	card_done();
}

static void paper_of_bytes(char *out, size_t cap, const char *head, size_t n, const char *tail)
{
	struct buf b = { (uint8_t *)out, strlen(out), cap - 1, false };

	buf_str(&b, head);
	for (size_t i = 0; i < n; i++)
		buf_str(&b, "5C");
	buf_str(&b, tail);
	assert_false(b.bad);
	out[b.n] = 0;
}

static void long_commands_are_chained(void **state)
{
	static char text[4000];
	struct cur r;

	(void)state;
	text[0] = 0;
	paper_of_bytes(text, sizeof text, "atr 3B80800101\n> 10CB3FFFFF", 255, "\n< 9000\n");
	paper_of_bytes(text, sizeof text, "> 10CB3FFFFF", 255, "\n< 9000\n");
	paper_of_bytes(text, sizeof text, "> 00CB3FFF5A", 90, "00\n< AA 9000\n");
	card_on_paper(text);
	assert_true(ok(get(600, &r)));
	assert_int_equal(cur_u8(&r), 0xAA);
	card_done();
	/* the card's refusal in the midst ends it */
	text[0] = 0;
	paper_of_bytes(text, sizeof text, "atr 3B80800101\n> 10CB3FFFFF", 255, "\n< 6884\n");
	card_on_paper(text);
	assert_err(get(600, &r), TOKEN_REFUSED);
	card_done();
}

static void extended_and_back(void **state)
{
	static char text[4000];
	struct cur r;

	(void)state;
	text[0] = 0;
	paper_of_bytes(text, sizeof text, "> 00CB3FFF00012C", 300, "0000\n< AA 9000\n");
	paper_of_bytes(text, sizeof text, "> 00CB3FFF00012C", 300, "0000\n< 6700\n");
	paper_of_bytes(text, sizeof text, "> 10CB3FFFFF", 255, "\n< 9000\n");
	paper_of_bytes(text, sizeof text, "> 00CB3FFF2D", 45, "00\n< AA 9000\n");
	paper_of_bytes(text, sizeof text, "> 00CB3FFF01", 1, "00\n< AA 9000\n");
	card_on_paper(text);
	assert_true(card.extended);
	assert_true(ok(get(300, &r)));
	assert_true(ok(get(300, &r)));		/* the 6700 turns it off, and the command is repeated */
	assert_false(card.extended);
	assert_true(ok(get(1, &r)));
	card_done();
}

static void endless_replies(void **state)
{
	static char text[100000];
	struct buf b = { (uint8_t *)text, 0, sizeof text - 1, false };
	struct cur r;

	(void)state;
	buf_str(&b, "atr 3B80800101\n> 00CB3FFF015C00\n< 01 6101\n");
	for (unsigned i = 0; i < CARD_ROUNDS_MAX; i++)
		buf_str(&b, "> 00C0000001\n< 01 6101\n");
	card_on_paper(text);
	assert_err(get(1, &r), BAD_REPLY);
	assert_true(r.bad);
	card_done();
	card_on_paper("atr 3B80800101\n> 00CB3FFF015C00\n< 01 6101\n> 00C0000001\n< 6101\n");
	assert_err(get(1, &r), BAD_REPLY);
	card_done();
}

static void no_status_word(void **state)
{
	static const char *const replies[] = { "", "90" };
	char text[80];
	struct cur r;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf b = { (uint8_t *)text, 0, sizeof text - 1, false };
		buf_str(&b, "atr 3B80800101\n> 00CB3FFF015C00\n< ");
		buf_str(&b, replies[i]);
		buf_str(&b, "\n");
		text[b.n] = 0;
		card_on_paper(text);
		assert_err(get(1, &r), BAD_REPLY);
	}
}

static void too_long_to_build(void **state)
{
	struct cur r;

	(void)state;
	card_on_paper("");
	assert_err(get(APDU_DATA_MAX + 1, &r), DATA_LENGTH);
	assert_int_equal(card.count, 0);
}

/* --- PIN rules ------------------------------------------------------------------------------- */
#define OPENED SELECT SERIAL LABEL ASK("63C3")
#define LOGIN(pin_, tries_) JOB_DO(CardLogin, .user = CKU_USER, .fresh = 1, .pin = SECRET_OF(pin_), .tries = tries_)

/* A token that was identified and closed again. */
static void identified(const char *dialogue)
{
	paper_begin();
	paper(OPENED);
	paper(dialogue);
	assert_true(ok(JOB_DO(CardOpen, .reader = span_str("paper"))));
	assert_true(ok(JOB_DO(CardClose)));
	paper_count();
}

static void bad_pins_are_not_sent(void **state)
{
	(void)state;
	identified(SELECT);
	assert_err(LOGIN("12345", 3), PIN_LENGTH);
	assert_err(LOGIN("123456789", 3), PIN_LENGTH);
	assert_err(LOGIN("", 3), PIN_NEEDED);
	assert_err(LOGIN("12345\xFF", 3), PIN_INVALID);
	paper_end();
}

static void tries_are_read_first(void **state)
{
	(void)state;
	identified(SELECT ASK("63C2"));
	err e = LOGIN("123456", 3);
	assert_err(e, TRIES_CHANGED);
	assert_int_equal(err_tries(e), 2);
	paper_end();
	identified(SELECT ASK("63C3") VERIFY("9000"));		/* more than expected is well */
	assert_true(ok(LOGIN("123456", 2)));
	assert_int_equal(CardLogin_reply.left, 3);
	paper_end();
}

static void last_try_is_kept(void **state)
{
	(void)state;
	identified(SELECT ASK("63C1"));
	assert_err(LOGIN("123456", 1), PIN_LAST_TRY);
	assert_err(LOGIN("123456", 254), PIN_LAST_TRY);
	paper_end();
	identified(SELECT ASK("63C1") VERIFY("63C0"));
	assert_err(LOGIN("123456", 255), PIN_BLOCKED);
	paper_end();
	identified(SELECT ASK("6983"));
	assert_err(LOGIN("123456", 255), PIN_BLOCKED);
	paper_end();
}

static void wrong_pin_counts(void **state)
{
	(void)state;
	identified(SELECT ASK("63C3") VERIFY("63C2") VERIFY("63C1"));
	err e = LOGIN("123456", 3);
	assert_err(e, PIN_WRONG);
	assert_int_equal(err_tries(e), 2);
	assert_err(LOGIN("123456", 3), TRIES_CHANGED);		/* from memory, in the same transaction */
	assert_err(LOGIN("123456", 2), PIN_WRONG);
	assert_err(LOGIN("123456", 254), PIN_LAST_TRY);
	paper_end();
}

/* The counter was at two: after the right PIN the card must say what is full. */
static void full_is_learned(void **state)
{
	(void)state;
	identified(SELECT ASK("63C2") VERIFY("9000") FORGET ASK("63C5") VERIFY("9000"));
	assert_true(ok(LOGIN("123456", 2)));
	assert_int_equal(CardLogin_reply.left, 5);
	paper_end();
}

static void foreign_login_is_taken_back(void **state)
{
	(void)state;
	identified(SELECT ASK("9000") FORGET ASK("63C3") VERIFY("9000"));
	assert_true(ok(LOGIN("123456", 3)));
	paper_end();
}

static void closing(void **state)
{
	(void)state;
	identified("begin\n" SELECT ASK("63C3") VERIFY("9000") FORGET "end\n");
	assert_true(ok(LOGIN("123456", 3)));
	paper_count();
	assert_true(ok(JOB_DO(CardClose)));
	assert_int_equal(paper_count(), 1);
	assert_int_equal(CardClose_reply.left, 3);
	assert_true(ok(JOB_DO(CardClose)));			/* nothing is open: nothing is sent */
	paper_end();
	identified(SELECT ASK("63C3") VERIFY("9000") "> 0020FF80\n< 6A86\nend reset\n");
	assert_true(ok(LOGIN("123456", 3)));
	assert_true(ok(JOB_DO(CardClose)));
	paper_end();
	/* the PIN filled the counter, whatever became of the job; a card that says nothing else is blocked */
	identified(SELECT ASK("63C3") VERIFY("63C2") VERIFY("9000") FORGET ASK("63C3") VERIFY("9000")
		   FORGET "end\n" SELECT ASK("63C3") VERIFY("6983") "end\n");
	assert_err(LOGIN("654321", 3), PIN_WRONG);
	assert_err(JOB_DO(CardKeyName, .pin = SECRET_OF("123456"), .tries = 2, .slot = 0x77), KEY_NOT_FOUND);
	assert_true(ok(JOB_DO(CardClose)));
	assert_int_equal(CardClose_reply.left, 3);
	assert_err(LOGIN("123456", 3), PIN_BLOCKED);
	assert_true(ok(JOB_DO(CardClose)));
	assert_int_equal(CardClose_reply.left, 0);
	paper_end();
	/* the end of the worker is a close */
	identified(SELECT ASK("63C3") VERIFY("9000") FORGET "end\n");
	assert_true(ok(LOGIN("123456", 3)));
	worker_close_card(&worker);
	paper_end();
}

static void another_applet(void **state)
{
	(void)state;
	paper_begin();
	paper("> 00A4040009A00000030800001000 00\n< 6A82\n");
	assert_err(JOB_DO(CardOpen, .reader = span_str("paper")), UNKNOWN_CARD);
	assert_err(JOB_DO(CardList), NO_TOKEN);
	paper_end();
	paper_begin();
	paper("> 00A4040009A00000030800001000 00\n< gone\n");
	assert_err(JOB_DO(CardOpen, .reader = span_str("paper")), TOKEN_GONE);
	paper_end();
}

/* --- frames ---------------------------------------------------------------------------------- */
static err serve(uint16_t job, struct span body, struct frame *reply)
{
	static uint8_t in_room[FRAME_MAX], out_room[FRAME_MAX];
	struct buf in = BUF(in_room), out = BUF(out_room);
	size_t begin = frame_begin(&in, 77, job, 0);

	buf_put(&in, body);
	frame_end(&in, begin);
	TRY(worker_serve(&worker, buf_span(&in), &out));
	return frame_open(buf_span(&out), reply);
}

static void frames(void **state)
{
	struct frame f;

	(void)state;
	paper_begin();
	assert_err(serve(999, SPAN_NONE, &f), BAD_FRAME);
	assert_err(serve(CardCert_ID, SPAN(0, 0, 0), &f), BAD_FRAME);
	assert_err(serve(CardClose_ID, SPAN(0), &f), BAD_FRAME);
	assert_true(ok(serve(CardClose_ID, SPAN_NONE, &f)));
	assert_int_equal(f.id, 77);
	assert_int_equal(f.what, E_OK);
	assert_true(ok(serve(CardList_ID, SPAN_NONE, &f)));
	assert_int_equal(f.what, E_NO_TOKEN);
	assert_int_equal(f.body.n, 0);
}

/* A job is done again, once, where the card was reset in its midst or lost its selection unnoticed. */
static void resets(void **state)
{
	static const uint8_t cert[] = { 0, 0, 0, 0x9A, 0, 0, 0, 0 };
	struct frame f;

	(void)state;
	identified(SELECT "> 00CB3FFF00 0005 5C035FC105 0000\n< reset\n"
		SELECT "> 00CB3FFF00 0005 5C035FC105 0000\n< 6A82\n"
		"> 00CB3FFF00 0005 5C035FC105 0000\n< 6D00\n"
		SELECT "> 00CB3FFF00 0005 5C035FC105 0000\n< 6A82\n");
	assert_true(ok(serve(CardCert_ID, SPAN_OF(cert), &f)));
	assert_int_equal(f.what, E_NOT_FOUND);
	assert_int_equal(f.sw, 0x6A82);
	assert_true(ok(serve(CardCert_ID, SPAN_OF(cert), &f)));
	assert_int_equal(f.what, E_NOT_FOUND);
	paper_end();
}

/* What a PIN did to the tries before the card was reset in the midst of its transaction, the broker did not
 * hear: the worker knows, so that one lost meanwhile shows all the same. */
static void resets_forget_no_tries(void **state)
{
	static const uint8_t cert[] = { 0, 0, 0, 0x9A, 0, 0, 0, 0 };
	struct frame f;

	(void)state;
	identified(SELECT ASK("63C3") VERIFY("9000") "> 00CB3FFF00 0005 5C035FC105 0000\n< reset\n"
		SELECT "> 00CB3FFF00 0005 5C035FC105 0000\n< 6A82\n" ASK("63C2"));
	assert_true(ok(LOGIN("123456", 2)));
	assert_true(ok(serve(CardCert_ID, SPAN_OF(cert), &f)));
	assert_err(LOGIN("123456", 2), TRIES_CHANGED);
	paper_end();
}

/* The broker hears of them with the tries that are left, whichever asks first; and of two resets, or of a wrong
 * PIN of ours behind one, no loss is hidden. */
static void resets_are_told(void **state)
{
	static const uint8_t cert[] = { 0, 0, 0, 0x9A, 0, 0, 0, 0 };
	static const char reset[] = "> 00CB3FFF00 0005 5C035FC105 0000\n< reset\n"
		SELECT "> 00CB3FFF00 0005 5C035FC105 0000\n< 6A82\n";
	struct frame f;

	(void)state;
	identified(SELECT ASK("63C3") VERIFY("9000"));
	paper(reset);
	paper(ASK("63C2") "> 00F7008100 0000\n< 6A88\n");
	assert_true(ok(LOGIN("123456", 2)));
	assert_true(ok(serve(CardCert_ID, SPAN_OF(cert), &f)));
	assert_true(ok(JOB_DO(CardTries)));
	assert_int_equal(CardTries_reply.known, 3);
	assert_int_equal(CardTries_reply.user, 2);
	assert_true(ok(JOB_DO(CardClose)));
	assert_int_equal(CardClose_reply.known, 255);		/* said already */
	assert_int_equal(CardClose_reply.left, 2);
	paper_end();
	identified(SELECT ASK("63C3") VERIFY("9000"));
	paper(reset);
	paper(ASK("63C2"));
	paper(reset);
	assert_true(ok(LOGIN("123456", 2)));
	assert_true(ok(serve(CardCert_ID, SPAN_OF(cert), &f)));
	assert_err(LOGIN("123456", 2), TRIES_CHANGED);
	assert_true(ok(serve(CardCert_ID, SPAN_OF(cert), &f)));
	assert_true(ok(JOB_DO(CardClose)));
	assert_int_equal(CardClose_reply.known, 3);
	assert_int_equal(CardClose_reply.left, 255);
	paper_end();
	identified(SELECT ASK("63C5") VERIFY("9000"));
	paper(reset);
	paper(ASK("63C4") VERIFY("63C3"));
	assert_true(ok(LOGIN("123456", 4)));
	assert_true(ok(serve(CardCert_ID, SPAN_OF(cert), &f)));
	assert_err(LOGIN("123457", 254), PIN_WRONG);
	assert_err(LOGIN("123456", 3), TRIES_CHANGED);
	assert_true(ok(JOB_DO(CardClose)));
	assert_int_equal(CardClose_reply.known, 4);
	assert_int_equal(CardClose_reply.left, 3);
	paper_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(atr_says), cmocka_unit_test(replies_in_pieces), cmocka_unit_test(wrong_le),
		cmocka_unit_test(long_commands_are_chained), cmocka_unit_test(extended_and_back),
		cmocka_unit_test(endless_replies), cmocka_unit_test(no_status_word),
		cmocka_unit_test(too_long_to_build), cmocka_unit_test(bad_pins_are_not_sent),
		cmocka_unit_test(tries_are_read_first), cmocka_unit_test(last_try_is_kept),
		cmocka_unit_test(wrong_pin_counts), cmocka_unit_test(full_is_learned),
		cmocka_unit_test(foreign_login_is_taken_back), cmocka_unit_test(closing),
		cmocka_unit_test(another_applet), cmocka_unit_test(frames), cmocka_unit_test(resets),
		cmocka_unit_test(resets_forget_no_tries), cmocka_unit_test(resets_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
