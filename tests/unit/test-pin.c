/* The broker's own count of wrong PINs, which an hour forgives, and what it concludes from tries. The clock is the
 * test's: the linker puts it in broker_now's place. */
#include "config.h"
#include "unit.h"
#include "tokend/peer.h"
#include "tokend/token.h"

enum { HOUR = 3600000 };
static uint64_t now_ms = 5 * HOUR + 12345;

uint64_t __wrap_broker_now(void);
uint64_t __wrap_broker_now(void)
{
	return now_ms;
}

static struct token token;
static struct peer peers[3];

static void afresh(void)
{
	token = (struct token){ .id = 7, .known = true, .serial = "1", .tries = { .user = 3, .puk = 3 } };
	for (size_t i = 0; i < 3; i++)
		peers[i] = (struct peer){ .next = i < 2 ? &peers[i + 1] : NULL, .pid = (pid_t)i + 1 };
	broker.peers = peers;
	broker.conf.retain_pin = 1;
}

/* Each time another one. The card's own counter is filled behind it, as a kept PIN does. */
static void wrong(struct peer *by)
{
	static uint8_t n = '0';
	struct secret pin = { .n = 6, .b = { '1', '2', '3', '4', '5', n = n == '9' ? '0' : (uint8_t)(n + 1) } };

	token.tries.user = 3;
	pin_outcome(&token, by, &pin, (err){ E_PIN_WRONG, 0x63C2 });
}

static void right(struct peer *by)
{
	struct secret pin = { .n = 6, .b = "123456" };

	pin_outcome(&token, by, &pin, OK);
}

static void bar(void)
{
	for (int i = 0; i < 6; i++) {
		assert_false(pin_barred(&token, &peers[0]));
		wrong(&peers[i % 2]);
	}
	assert_true(pin_barred(&token, &peers[0]));
}

/* --- the hour ------------------------------------------------------------------------------------ */
static void six_bar_until_an_hour_is_over(void **state)
{
	(void)state;
	afresh();
	bar();
	assert_true(pin_barred(&token, &peers[2]));		/* one that never gave a wrong one as well */
	assert_true(pin_barred(&token, NULL));
	now_ms += HOUR - 1;
	assert_true(pin_barred(&token, &peers[0]));
	now_ms += 1;
	assert_false(pin_barred(&token, &peers[0]));
	wrong(&peers[0]);					/* one was forgiven, and no more */
	assert_true(pin_barred(&token, &peers[0]));
}

/* The hours are counted from one to the next, not from when somebody asked. */
static void asking_does_not_delay_it(void **state)
{
	(void)state;
	afresh();
	bar();
	for (int i = 0; i < 7; i++) {
		now_ms += HOUR / 8;
		assert_true(pin_barred(&token, &peers[0]));
	}
	now_ms += HOUR / 8 + HOUR / 2;
	assert_false(pin_barred(&token, &peers[0]));
	wrong(&peers[0]);
	now_ms += HOUR / 2;
	assert_false(pin_barred(&token, &peers[0]));
}

/* Two days are no credit for more than six. */
static void nothing_is_saved_up(void **state)
{
	(void)state;
	afresh();
	bar();
	now_ms += 48 * (uint64_t)HOUR;
	bar();
	now_ms += 2 * HOUR;
	wrong(&peers[0]);
	assert_false(pin_barred(&token, &peers[0]));
	wrong(&peers[0]);
	assert_true(pin_barred(&token, &peers[0]));
}

/* An hour that begins with the first wrong PIN, however long the token was there before. */
static void the_first_begins_the_hour(void **state)
{
	(void)state;
	afresh();
	assert_false(pin_barred(&token, &peers[0]));
	now_ms += HOUR - 1;
	bar();
	now_ms += 2;
	assert_true(pin_barred(&token, &peers[0]));
}

static void who_proves_it_takes_its_own_back(void **state)
{
	(void)state;
	afresh();
	for (int i = 0; i < 4; i++)
		wrong(&peers[0]);
	wrong(&peers[1]);
	right(&peers[1]);
	assert_int_equal(token.tries.guesses, 4);
	wrong(&peers[1]);					/* it has proven it: a typing error */
	assert_int_equal(token.tries.guesses, 4);
	wrong(&peers[0]);
	wrong(&peers[0]);
	assert_true(pin_barred(&token, &peers[0]));
	assert_false(pin_barred(&token, &peers[1]));
	assert_true(pin_barred(&token, &peers[2]));
}

/* --- tries that others lost ---------------------------------------------------------------------- */
static void login(struct peer *p)
{
	struct secret pin = { .n = 6, .b = "123456" };

	assert_true(ok(login_add(p, &token, CKU_USER, &pin)));
}

static void a_loss_ends_logins(void **state)
{
	(void)state;
	afresh();
	login(&peers[0]);
	wrong(&peers[1]);					/* this daemon saw it */
	assert_non_null(login_kept(&token));
	pin_tries_seen(&token, 3);				/* filled by a kept PIN, before a reset */
	assert_non_null(login_kept(&token));
	pin_tries_seen(&token, 2);
	assert_null(login_kept(&token));
	assert_int_equal(token.tries.user, 2);
	login(&peers[0]);
	pin_tries_seen(&token, TRIES_UNKNOWN);
	pin_tries_seen(&token, 2);
	assert_non_null(login_kept(&token));
	logins_end_token(&token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(six_bar_until_an_hour_is_over), cmocka_unit_test(asking_does_not_delay_it),
		cmocka_unit_test(nothing_is_saved_up), cmocka_unit_test(the_first_begins_the_hour),
		cmocka_unit_test(who_proves_it_takes_its_own_back), cmocka_unit_test(a_loss_ends_logins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
