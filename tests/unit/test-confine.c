/* src/tokend/confine: what a process at a reader can no longer do. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tokend/confine.h"
#include "unit.h"

/* The exit status of a confined child that runs `what`; minus the signal that ended it. */
static int confined(enum confined who, int (*what)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		confine(who);
		_exit(what());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int opens_file(void)   { return open("/etc/hostname", O_RDONLY) >= 0; }
static int makes_file(void)   { return open("/tmp", O_TMPFILE | O_WRONLY, 0600) >= 0; }
static int goes_out(void)     { return socket(AF_INET, SOCK_STREAM, 0) >= 0; }
static int stays_in(void)     { return socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }
static int makes_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}
static int makes_process(void) { return fork() >= 0; }
static int kills_parent(void)  { return kill(getppid(), 0) == 0; }
static int runs_program(void)
{
	char *args[] = { (char[]){ "true" }, NULL };

	execv("/bin/true", args);
	return 1;
}

static void worker_cannot(void **state)
{
	(void)state;
	if (!CONFINEMENT)
		skip();
	assert_int_equal(confined(CONFINED_WORKER, opens_file), 0);
	assert_int_equal(confined(CONFINED_WORKER, makes_file), 0);
	assert_int_equal(confined(CONFINED_WORKER, goes_out), 0);
	assert_int_equal(confined(CONFINED_WORKER, makes_code), 0);
	assert_int_equal(confined(CONFINED_WORKER, makes_process), 0);
	assert_int_equal(confined(CONFINED_WORKER, kills_parent), 0);
	assert_int_equal(confined(CONFINED_WORKER, runs_program), -SIGSYS);
	assert_int_equal(confined(CONFINED_WORKER, stays_in), 1);
}

static void monitor_cannot(void **state)
{
	(void)state;
	if (!CONFINEMENT)
		skip();
	assert_int_equal(confined(CONFINED_MONITOR, opens_file), 0);
	assert_int_equal(confined(CONFINED_MONITOR, goes_out), 0);
	assert_int_equal(confined(CONFINED_MONITOR, runs_program), -SIGSYS);
	assert_int_equal(confined(CONFINED_MONITOR, stays_in), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worker_cannot), cmocka_unit_test(monitor_cannot),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
