/* The question at the terminal: a signal that comes between the prompt and the answer is not lost. */
#include "config.h"
#include "unit.h"
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli/tty.h"

static int when_prompted;		/* the signal that comes as soon as the prompt is out */

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
	ssize_t wrote = __real_write(fd, p, n);

	if (when_prompted) {
		raise(when_prompted);
		when_prompted = 0;
	}
	return wrote;
}

/* What became of a program that asks on a terminal of its own, where `typed` is typed: a wait status. */
static int asked(int signal, const char *typed)
{
	char shown[64];
	int terminal, status, exit_status = 1;
	pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

	assert_true(pid >= 0);
	if (pid == 0) {
		struct secret answer = { .n = 0 };

		alarm(20);
		when_prompted = signal;
		if (ok(tty_ask("PIN: ", false, &answer)) && answer.n == 6)
			exit_status = 0;
		secret_wipe(&answer);
		_exit(exit_status);
	}
	assert_true(read(terminal, shown, sizeof shown) > 0);
	assert_int_equal(__real_write(terminal, typed, strlen(typed)), strlen(typed));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(terminal);
	return status;
}

static void an_answer(void **state)
{
	int status = asked(0, "123456\n");

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_signal_right_after_the_prompt(void **state)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		int status = asked(ends[i], "");

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), ends[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer),
		cmocka_unit_test(a_signal_right_after_the_prompt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
