/* Connecting to the daemon; starting bsre-tokend by hand where no systemd does it. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "say.h"
#include "service.h"

enum { START_MS = 6000, STEP_MS = 50 };		/* how long a daemon may take to answer; between looks */
#define IDLE_EXIT "60"				/* seconds without programs until it ends by itself */

/* The folder of the socket, as link.h has it. False: the name does not fit. */
static bool folder(char *out, size_t size)
{
	const char *run = secure_getenv("XDG_RUNTIME_DIR");
	int n;

	if (run && run[0] == '/')
		n = snprintf(out, size, "%s/bsre-token", run);
	else
		n = snprintf(out, size, "/run/user/%u/bsre-token", (unsigned)getuid());
	return n > 0 && (size_t)n < size;
}

/* The daemon's program: $BSRE_TOKEND, beside this program, or where it was installed. */
static bool program(char *out, size_t size)
{
	const char *named = secure_getenv("BSRE_TOKEND");
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (named) {
		snprintf(out, size, "%s", named);
		return access(out, X_OK) == 0;
	}
	self[n < 0 ? 0 : n] = 0;
	char *slash = strrchr(self, '/');
	if (slash) {
		*slash = 0;
		if (snprintf(out, size, "%s/bsre-tokend", self) < (int)size && access(out, X_OK) == 0)
			return true;
	}
	snprintf(out, size, "%s/bsre-tokend", LIBEXECDIR);
	return access(out, X_OK) == 0;
}

/* In the grandchild: becomes the daemon, of its own session, with nothing of ours open. */
static void become(const char *path, const char *socket, const char *log)
{
	int in = open("/dev/null", O_RDWR), out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	setsid();
	dup2(in, STDIN_FILENO);
	dup2(in, STDOUT_FILENO);
	dup2(out < 0 ? in : out, STDERR_FILENO);
	close_range(3, ~0U, 0);
	if (chdir("/") == 0)
		execl(path, path, "--socket", socket, "--idle-exit", IDLE_EXIT, (char *)NULL);
	_exit(127);
}

/* Starts it as nobody's child. */
static bool launch(const char *path, const char *socket, const char *log)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		pid_t daemon = fork();

		if (daemon == 0)
			become(path, socket, log);
		_exit(daemon < 0);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 && status == 0;
}

/* Waits until it answers. */
static err await(struct link *l)
{
	err e = FAIL(NO_DAEMON);

	for (int ms = 0; ms < START_MS && e.code == E_NO_DAEMON; ms += STEP_MS) {
		nanosleep(&(struct timespec){ .tv_nsec = STEP_MS * 1000000L }, NULL);
		e = link_check(l);
	}
	return e;
}

/* Under the lock: somebody else may have started it while this program waited. */
static err start(struct cli *c, const char *dir)
{
	char path[4096], socket[4160], log[4160];
	err e = link_check(c->link);

	if (e.code != E_NO_DAEMON)
		return e;
	if (!program(path, sizeof path))
		return say_fail(e, _("the token service (bsre-tokend) is not running, and %s is "
				"not there to be started"),
				path);
	snprintf(socket, sizeof socket, "%s/socket", dir);
	snprintf(log, sizeof log, "%s/log", dir);
	if (!launch(path, socket, log))
		return say_fail(e, _("the token service %s could not be started: "
				"%s"), path, strerror(errno));
	e = await(c->link);
	return e.code == E_NO_DAEMON ?
		say_fail(e, _("the token service was started but does not answer; see %s"), log) : e;
}

err service_connect(struct cli *c)
{
	char dir[4096], lock[4160];

	c->link = link_new(NULL);
	if (!c->link)
		return FAIL(GENERAL);
	err e = link_check(c->link);
	if (e.code != E_NO_DAEMON)
		return e;
	const char *set = secure_getenv("BSRE_TOKEND_SOCKET");
	if (set)
		return say_fail(e, _("the token service (bsre-tokend) is not running: nobody "
				"answers at %s "
				     "(BSRE_TOKEND_SOCKET)"), say_clean(set));
	if (!folder(dir, sizeof dir))
		return e;
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return say_fail(e, _("the token service (bsre-tokend) is not running, and %s "
				"cannot be made: %s"),
				dir, strerror(errno));
	snprintf(lock, sizeof lock, "%s/start.lock", dir);
	int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return say_fail(e, _("%s cannot be written: %s"), lock, strerror(errno));
	while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
		;
	e = start(c, dir);
	close(fd);
	return e;
}
