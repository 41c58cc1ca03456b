/* src/vtoken, the state file: kept, refused when it is not whole, and whole when the disk is full
 * at any byte. */
#include "config.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "vtoken.h"

static char folder[] = "/tmp/bsre-vtoken.XXXXXX";
static char path[64], key[72], fresh_path[72];

static int make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/state", folder);
	snprintf(key, sizeof key, "%s.key", path);
	snprintf(fresh_path, sizeof fresh_path, "%s.new", path);
	return 0;
}

static int drop_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int drop_files(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(key);
	return 0;
}

static struct state *made(void)
{
	struct state *s = calloc(1, sizeof *s);
	const char *why = "?";

	assert_true(ok(state_blank(s, 4711)));
	assert_true(ok(state_create(s, path, &why)));
	return s;
}

static void gone(struct state *s)
{
	state_close(s);
	free(s);
}

static size_t slurp(struct buf *b)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, b->p, b->cap);

	close(fd);
	assert_true(n > 0);
	b->n = (size_t)n;
	return b->n;
}

static void spit(struct span s)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_int_equal(write(fd, s.p, s.n), (ssize_t)s.n);
	close(fd);
}

static void survives(void **state)
{
	(void)state;
	struct state *s = made(), again = { 0 };
	const char *why = "?";
	struct stat st;

	assert_true(ok(key_generate(&s->keys[SLOT_0x9A], alg_find(0x07))));
	assert_true(ok(key_generate(&s->keys[SLOT_0x95], alg_find(0x14))));
	assert_true(ok(object_set(s, 0x5FC102, span_str("chuid"))));
	s->pin.left = 1;
	assert_true(ok(state_commit(s)));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(state_open(&again, path, &why).code, E_FILE);	/* in use */
	state_close(&again);
	EVP_PKEY *was = s->keys[SLOT_0x9A].pkey;
	EVP_PKEY_up_ref(was);
	gone(s);
	assert_true(ok(state_open(&again, path, &why)));
	assert_int_equal(again.serial, 4711);
	assert_int_equal(again.pin.left, 1);
	assert_true(EVP_PKEY_eq(again.keys[SLOT_0x9A].pkey, was));
	assert_non_null(again.keys[SLOT_0x95].pkey);
	assert_true(span_eq((struct span){ object_find(&again, 0x5FC102)->p, 5 }, span_str("chuid")));
	EVP_PKEY_free(was);
	state_close(&again);
}

/* Opening what is there now must fail, say something, and change nothing. */
static void refused(struct span bytes, const char *because)
{
	static uint8_t after[STATE_MAX];
	struct buf b = BUF(after);
	struct state s = { 0 };
	const char *why = NULL;

	spit(bytes);
	assert_int_equal(state_open(&s, path, &why).code, E_FILE);
	assert_non_null(why);
	if (because && !strstr(why, because))
		fail_msg("refused because \"%s\", not \"%s\"", why, because);
	state_close(&s);
	slurp(&b);
	assert_true(span_eq(buf_span(&b), bytes));
}

static void refuses_what_is_not_whole(void **state)
{
	(void)state;
	static uint8_t bytes[STATE_MAX];
	struct buf b = BUF(bytes);
	struct state s = { 0 };
	const char *why;

	gone(made());
	size_t n = slurp(&b);
	for (size_t cut = 1; cut < n; cut += cut < 20 ? 1 : 37)
		refused((struct span){ bytes, cut }, cut < 8 ? "not a state file" : cut < 10
			? "another version" : "cut short");
	for (size_t i = 0; i < n; i += i < 20 ? 1 : 41) {
		bytes[i] ^= 0x10;
		refused(buf_span(&b), NULL);
		bytes[i] ^= 0x10;
	}
	bytes[9] = 2;
	refused(buf_span(&b), "another version");
	bytes[9] = 1;
	bytes[n - 1] ^= 1;
	refused(buf_span(&b), "changed");
	bytes[n - 1] ^= 1;
	refused(span_str("hello"), "not a state file");
	spit(buf_span(&b));
	assert_true(ok(state_open(&s, path, &why)));
	state_close(&s);
	/* another's key file */
	assert_int_equal(unlink(key), 0);
	refused(buf_span(&b), "key file");
	assert_int_equal(access(key, F_OK), -1);	/* and none is made that does not fit */
}

/* In a child whose files may not grow beyond `limit`: a PIN try that cannot be counted. */
static int starved(size_t limit)
{
	struct rlimit r = { limit, limit };
	struct state s = { 0 };
	struct card c;
	uint8_t room[REPLY_MAX];
	struct buf b = BUF(room);
	const char *why = "?";

	if (!ok(state_open(&s, path, &why)))
		return 1;
	card_init(&c, &s, MODEL_YUBICO);
	card_power(&c, true);
	card_transmit(&c, SPAN(0, 0xA4, 4, 0, 5, 0xA0, 0, 0, 3, 8), &b);
	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &r) != 0)
		return 2;
	b.n = 0;
	card_transmit(&c, SPAN(0, 0x20, 0, 0x80, 8, '9', '9', '9', '9', '9', '9', 255, 255), &b);
	if (!span_eq(buf_span(&b), SPAN(0x65, 0x81)) || s.pin.left != 3)
		return 3;
	b.n = 0;		/* the right one is not told from a wrong one */
	card_transmit(&c, SPAN(0, 0x20, 0, 0x80, 8, '1', '2', '3', '4', '5', '6', 255, 255), &b);
	if (!span_eq(buf_span(&b), SPAN(0x65, 0x81)) || c.session.pin)
		return 5;
	b.n = 0;
	card_transmit(&c, SPAN(0, 0x20, 0, 0x80), &b);
	return span_eq(buf_span(&b), SPAN(0x63, 0xC3)) ? 0 : 4;
}

static void full_disk_at_any_byte(void **state)
{
	(void)state;
	static uint8_t before[STATE_MAX], after[STATE_MAX];
	struct buf b = BUF(before), a = BUF(after);
	int status;

	gone(made());
	size_t n = slurp(&b);
	for (size_t limit = 0; limit < n; limit += 29) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(starved(limit));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		a.n = 0;
		slurp(&a);
		assert_true(span_eq(buf_span(&a), buf_span(&b)));
		assert_int_equal(access(fresh_path, F_OK), -1);
	}
}

/* Killed at any moment: the file opens, and tries were never given back. */
static void kill_at_any_moment(void **state)
{
	(void)state;
	struct state s = { 0 };
	const char *why = "?";
	int status;

	gone(made());
	for (unsigned i = 0; i < 40; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			if (!ok(state_open(&s, path, &why)))
				_exit(1);
			for (uint32_t n = 0;; n++)
				if (!ok(object_set(&s, 0x5FC102, (struct span){ (uint8_t *)&n, 4 }))
						|| !ok(state_commit(&s)))
					_exit(2);
		}
		usleep(2000 + i * 137);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_true(ok(state_open(&s, path, &why)));
		state_close(&s);
	}
	(void)unlink(fresh_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(survives, drop_files),
		cmocka_unit_test_teardown(refuses_what_is_not_whole, drop_files),
		cmocka_unit_test_teardown(full_disk_at_any_byte, drop_files),
		cmocka_unit_test_teardown(kill_at_any_moment, drop_files),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
