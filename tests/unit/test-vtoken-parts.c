/* src/vtoken, what stands around the card: the timing model, fault orders, traces, transcripts. */
#include "config.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "unit.h"
#include "vtoken/atr.h"
#include "vtoken/faults.h"
#include "vtoken/record.h"
#include "vtoken/timing.h"
#include "vtoken/trace.h"

static char path[] = "/tmp/bsre-parts.XXXXXX";

static int make_path(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	return unlink(path);
}

static int drop_path(void **state)
{
	(void)state;
	(void)unlink(path);
	return 0;
}

static void write_path(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void read_path(char *text, size_t cap)
{
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	text[fread(text, 1, cap - 1, f)] = 0;
	fclose(f);
}

/* --- time ------------------------------------------------------------------------------------- */
static void profiles_cost_what_they_say(void **state)
{
	(void)state;
	struct timing t;

	assert_false(timing_set(&t, "E", 1));
	assert_false(timing_set(&t, "", 1));
	assert_true(timing_set(&t, "none", 1));
	assert_int_equal(timing_cost(&t, WORK_GENERATE, alg_find(0x07), 1000), 0);
	assert_true(timing_set(&t, "A", 1));
	assert_int_equal(timing_cost(&t, WORK_NONE, NULL, 100), 1200 + 300);
	assert_true(timing_set(&t, "B", 1));
	assert_string_equal(timing_name(&t), "B");
	assert_int_equal(timing_cost(&t, WORK_NONE, NULL, 100), 4000 + 5000);
	assert_int_equal(timing_cost(&t, WORK_SELECT, NULL, 0), 9000);
	assert_int_equal(timing_cost(&t, WORK_VERIFY, NULL, 0), 24000);
	assert_int_equal(timing_cost(&t, WORK_KEY, alg_find(0x07), 0), 204000);
	assert_int_equal(timing_cost(&t, WORK_KEY, alg_find(0x11), 0), 62000);
	assert_int_equal(timing_cost(&t, WORK_KEY, alg_find(0x14), 0), 4000 + 116000);
	assert_int_equal(timing_cost(&t, WORK_KEY, alg_find(0x16), 0), 4000 + 1400000);
}

static void key_generation_is_scattered_and_repeats(void **state)
{
	(void)state;
	struct timing a, b, other;
	const struct alg *rsa = alg_find(0x07);
	uint64_t sum = 0, first = 0, same = 0;

	assert_true(timing_set(&a, "A", 42));
	assert_true(timing_set(&b, "A", 42));
	assert_true(timing_set(&other, "A", 43));
	for (int i = 0; i < 2000; i++) {
		uint64_t us = timing_cost(&a, WORK_GENERATE, rsa, 0);
		assert_int_equal(us, timing_cost(&b, WORK_GENERATE, rsa, 0));
		same += us == timing_cost(&other, WORK_GENERATE, rsa, 0);
		assert_in_range(us, 2000000, 30001200);
		first = first ? first : us;
		sum += us;
	}
	assert_in_range(sum / 2000, 7000000, 9000000);	/* 8 s on average */
	assert_true(same < 100);
}

/* --- faults ----------------------------------------------------------------------------------- */
static err order(struct faults *fs, char *text)
{
	char *words[8];
	size_t n = 0;

	for (char *save, *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	return faults_order(fs, words[0], words + 1, n - 1);
}

static void fault_orders(void **state)
{
	(void)state;
	static const struct { const char *text; uint16_t code; } rows[] = {
		{ "cut-at 1 before", E_OK }, { "cut-at 2 after power", E_OK },
		{ "cut-at 3 after link", E_OK }, { "corrupt-at 1", E_OK },
		{ "stall-at 5", E_OK }, { "stall-at 5 250", E_OK }, { "sw-at 9 6F00", E_OK },
		{ "cut-at 1", E_USAGE }, { "cut-at 1 during", E_USAGE }, { "cut-at 0 before", E_USAGE },
		{ "cut-at -1 before", E_USAGE }, { "cut-at 1 before now", E_USAGE },
		{ "cut-at 1 before link 2", E_USAGE }, { "corrupt-at", E_USAGE },
		{ "corrupt-at 1 2", E_USAGE }, { "corrupt-at x", E_USAGE }, { "sw-at 1", E_USAGE },
		{ "sw-at 1 6F", E_USAGE }, { "sw-at 1 6F0G", E_USAGE }, { "stall-at 1 -4", E_USAGE },
		{ "sw-at 1 0x12", E_USAGE }, { "sw-at 1 +123", E_USAGE }, { "stall-at +1", E_USAGE },
		{ "stall-at 1 18446744073709551617", E_USAGE },
		{ "stall-at 1 99999999999", E_USAGE }, { "melt-at 1", E_NOT_FOUND },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct faults fs = { 0 };
		char text[64];
		snprintf(text, sizeof text, "%s", rows[i].text);
		if (order(&fs, text).code != rows[i].code)
			fail_msg("%s", rows[i].text);
	}
}

static void faults_come_once_and_in_time(void **state)
{
	(void)state;
	struct faults fs = { 0 };
	char third[] = "sw-at 3 6581", first[] = "cut-at 1 after link", many[24];

	assert_true(ok(order(&fs, third)));
	assert_true(ok(order(&fs, first)));
	struct fault f = faults_next(&fs);
	assert_int_equal(f.kind, FAULT_CUT);
	assert_true(f.after && f.link);
	assert_int_equal(faults_next(&fs).kind, FAULT_NONE);
	f = faults_next(&fs);
	assert_int_equal(f.kind, FAULT_SW);
	assert_int_equal(f.sw, 0x6581);
	assert_int_equal(faults_next(&fs).kind, FAULT_NONE);
	for (int i = 0; i < FAULTS_MAX; i++) {
		snprintf(many, sizeof many, "corrupt-at %d", 50 + i);
		assert_true(ok(order(&fs, many)));
		if (i)
			continue;
		snprintf(many, sizeof many, "stall-at 50");
		assert_int_equal(order(&fs, many).code, E_ACTION_PROHIBITED);
	}
	snprintf(many, sizeof many, "corrupt-at 1");
	assert_int_equal(order(&fs, many).code, E_QUOTA);
	faults_clear(&fs);
	assert_int_equal(fs.n, 0);
}

/* --- traces and transcripts ------------------------------------------------------------------- */
static void traces_hold_no_secret(void **state)
{
	(void)state;
	struct trace t = { 0 };
	char text[256];

	trace_apdu(&t, 0, SPAN(1), SPAN(2), MASK_NONE);		/* none is written: no harm */
	assert_true(ok(trace_to(&t, path, 1000)));
	trace_apdu(&t, 3500, SPAN(0, 0x20, 0, 0x80, 2, 0x31, 0x32), SPAN(0x63, 0xC2), MASK_DATA);
	trace_apdu(&t, 4000, SPAN(0, 0xDB, 0, 0, 0, 0, 2, 0x31, 0x32), SPAN(0x99, 0x90, 0), MASK_DATA);
	trace_apdu(&t, 5000, SPAN(0, 0xFD, 0, 0), SPAN(5, 0x90, 0), MASK_NONE);
	trace_apdu(&t, 6000, SPAN(0, 0xFD, 0, 0), SPAN_NONE, MASK_NONE);
	/* no Lc, one that does not fit, a reply that was cut in the middle of its data */
	trace_apdu(&t, 7000, SPAN(0, 0x20, 0, 0x80, 0x31, 0x32), SPAN(0x67, 0), MASK_DATA);
	trace_apdu(&t, 8000, SPAN(0, 0x20, 0, 0x80, 1, 0x31, 0x32, 0x33), SPAN(0x67, 0), MASK_DATA);
	trace_apdu(&t, 9000, SPAN(0, 0x20, 0, 0x80, 0, 0, 9, 0x31), SPAN(0x31, 0x32), MASK_ALL);
	assert_true(ok(trace_to(&t, NULL, 0)));
	read_path(text, sizeof text);
	assert_string_equal(text, "2 > 0020008002**** < 63C2\n3 > 00DB0000000002**** < **9000\n"
		"4 > 00FD0000 < 059000\n5 > 00FD0000 < -\n"
		"6 > 00200080**** < 6700\n7 > 00200080******** < 6700\n"
		"8 > 00200080******** < ****\n");
	assert_int_equal(trace_to(&t, "/nonexistent/folder/x", 0).code, E_FILE);
}

static void transcripts_are_played(void **state)
{
	(void)state;
	struct record r = { 0 };
	struct replay p;
	unsigned line;
	uint8_t room[16];
	struct buf b = BUF(room);

	assert_true(ok(record_to(&r, path, SPAN(0x3B, 0))));
	record_event(&r, "power on");
	record_apdu(&r, SPAN(0, 0x20, 0, 0x80, 1, 0x31), SPAN(0x63, 0xC2), MASK_DATA);
	record_apdu(&r, SPAN(0, 0xFD, 0, 0), SPAN(5, 7, 1, 0x90, 0), MASK_NONE);
	fclose(r.file);
	assert_int_equal(record_to(&r, path, SPAN(0x3B, 0)).code, E_FILE);	/* there already */
	assert_true(ok(replay_open(&p, path, &line)));
	assert_true(span_eq(p.atr, SPAN(0x3B, 0)));
	assert_true(ok(replay_transmit(&p, SPAN(0, 0x20, 0, 0x80, 1, 0x39), &b)));	/* ** is any byte */
	assert_true(span_eq(buf_span(&b), SPAN(0x63, 0xC2)));
	b.n = 0;
	assert_int_equal(replay_transmit(&p, SPAN(0, 0xFD, 0, 1), &b).code, E_NOT_FOUND);
	assert_true(span_eq(buf_span(&b), SPAN(0x6F, 0)));
	b.n = 0;
	assert_true(ok(replay_transmit(&p, SPAN(0, 0xFD, 0, 0), &b)));	/* the place was kept */
	assert_int_equal(b.n, 5);
	b.n = 0;
	assert_int_equal(replay_transmit(&p, SPAN(0, 0xFD, 0, 0), &b).code, E_NOT_FOUND);	/* over */
	replay_close(&p);
}

static void what_is_no_transcript(void **state)
{
	(void)state;
	static const struct { const char *text; unsigned line; } rows[] = {
		{ "hello", 1 }, { "> 00", 1 }, { "< 9000", 1 }, { "\n# x\n> 0G\n< 9000", 3 },
		{ "> 00\n> 01\n< 9000", 2 }, { "> 000\n< 9000", 1 }, { "> 00\npower on\n< 9000", 2 },
	};
	struct replay p;
	unsigned line;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		write_path(rows[i].text);
		assert_int_equal(replay_open(&p, path, &line).code, E_DATA_INVALID);
		assert_int_equal(line, rows[i].line);
		replay_close(&p);
	}
	write_path("> 00 ** 01 # any\n<  90 00");
	assert_true(ok(replay_open(&p, path, &line)));
	replay_close(&p);
	unlink(path);
	assert_int_equal(replay_open(&p, path, &line).code, E_FILE);
	replay_close(&p);
}

/* --- answer to reset -------------------------------------------------------------------------- */
static void answers_to_reset(void **state)
{
	(void)state;
	static const struct { const char *text; bool good, t1; } rows[] = {
		{ "t1", true, true }, { "t0", true, false }, { "3B80800101", true, true },
		{ "3B800000", true, false }, { "3B00", true, false }, { "3BF01300FF9131", true, true },
		{ "3b8001", true, true }, { "3BF0", true, false }, { "3B8080", true, false },
		{ "3BFFFFFFFF", true, false }, { "", false, false }, { "3B", false, false },
		{ "3B0", false, false }, { "3B0G", false, false }, { "t2", false, false },
		{ "3B" "00000000000000000000000000000000000000000000000000000000000000000000", false, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t room[ATR_LONGEST];
		struct buf b = BUF(room);
		if (atr_read(rows[i].text, &b) != rows[i].good)
			fail_msg("%s", rows[i].text);
		if (rows[i].good && atr_has_t1(buf_span(&b)) != rows[i].t1)
			fail_msg("%s: T=1", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_to_reset),
		cmocka_unit_test(profiles_cost_what_they_say),
		cmocka_unit_test(key_generation_is_scattered_and_repeats),
		cmocka_unit_test(fault_orders),
		cmocka_unit_test(faults_come_once_and_in_time),
		cmocka_unit_test_teardown(traces_hold_no_secret, drop_path),
		cmocka_unit_test_teardown(transcripts_are_played, drop_path),
		cmocka_unit_test_teardown(what_is_no_transcript, drop_path),
	};

	return cmocka_run_group_tests(tests, make_path, drop_path);
}
