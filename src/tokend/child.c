/* Children: started by posix_spawn, heard through their socket, reaped through the loop. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "child.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "wire/hello.h"

extern char **environ;

enum { CHILD_FD = 3, ARGS_MAX = 16 };

static void child_forget(struct child *c)
{
	c->io = sd_event_source_disable_unref(c->io);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (c->in)
		wipe(c->in, FRAME_MAX);
	free(c->in);
	c->in = NULL;
	c->in_n = 0;
	c->pid = 0;
}

static void child_kill(const struct child *c)
{
	if (c->pid > 0)
		kill(c->pid, SIGKILL);
}

/* A child that ended without being stopped. Its socket's end of file tells too; the first counts. */
static void child_lost(struct child *c)
{
	pid_t pid = c->pid;

	child_forget(c);
	if (pid)
		c->gone(c->owner);
}

/* Takes the whole frames out of c->in. False: nonsense, or the owner dropped the child meanwhile. */
static bool child_frames(struct child *c)
{
	pid_t pid = c->pid;
	size_t at = 0, size;
	struct frame f;

	while ((size = frame_size((struct span){ c->in + at, c->in_n - at })) && size <= c->in_n - at) {
		if (!ok(frame_open((struct span){ c->in + at, size }, &f)))
			return false;
		c->frame(c->owner, &f);
		if (c->pid != pid)
			return true;
		at += size;
	}
	if (size > FRAME_MAX)
		return false;
	struct buf rest = { c->in, 0, FRAME_MAX, false };
	buf_put(&rest, (struct span){ c->in + at, c->in_n - at });
	wipe(c->in + rest.n, c->in_n - rest.n);
	c->in_n = rest.n;
	return true;
}

static int child_readable(sd_event_source *s, int fd, uint32_t events, void *data)
{
	struct child *c = data;

	(void)s, (void)events;
	ssize_t n = recv(fd, c->in + c->in_n, FRAME_MAX - c->in_n, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		child_lost(c);
		return 0;
	}
	c->in_n += (size_t)n;
	if (!child_frames(c)) {
		log_line(LOG_ERROR, "child pid=%d sent nonsense and is stopped", (int)c->pid);
		child_kill(c);
		child_lost(c);
	}
	return 0;
}

/* Reaping: the source lives until the process ended, whatever became of struct child. */
static int child_ended(sd_event_source *s, const siginfo_t *si, void *data)
{
	(void)data;
	if (si->si_code != CLD_EXITED || si->si_status != 0)
		log_line(LOG_WARNING, "child pid=%d ended code=%d status=%d", (int)si->si_pid, si->si_code,
		         si->si_status);
	sd_event_source_unref(s);
	return 0;
}

static err spawn(struct child *c, const char *part, char *const *args, int theirs)
{
	char *argv[ARGS_MAX + 3] = { (char *)(uintptr_t)"bsre-tokend", (char *)(uintptr_t)part };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int n = 2;

	for (; args && *args && n < ARGS_MAX + 2; args++)
		argv[n++] = *args;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, theirs, CHILD_FD);
	posix_spawn_file_actions_addclosefrom_np(&actions, CHILD_FD + 1);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	int rc = posix_spawn(&c->pid, broker.self, &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0) {
		c->pid = 0;
		log_line(LOG_ERROR, "cannot start %s: errno=%d", part, rc);
	}
	return rc == 0 ? OK : FAIL(GENERAL);
}

err child_start(struct child *c, const char *part, char *const *args)
{
	sd_event_source *end = NULL;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return FAIL(GENERAL);
	c->in = malloc(FRAME_MAX);
	c->in_n = 0;
	/* the child's end must not be CHILD_FD itself: dup2 onto itself would keep O_CLOEXEC */
	int theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, CHILD_FD + 1);
	close(pair[1]);
	err e = c->in && theirs >= 0 ? spawn(c, part, args, theirs) : FAIL(GENERAL);
	if (theirs >= 0)
		close(theirs);
	c->fd = pair[0];
	if (!ok(e)) {
		child_forget(c);
		return e;
	}
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	sd_event_add_io(broker.event, &c->io, c->fd, EPOLLIN, child_readable, c);
	if (sd_event_add_child(broker.event, &end, c->pid, WEXITED, child_ended, NULL) < 0)
		log_line(LOG_WARNING, "child pid=%d will not be reaped", (int)c->pid);
	return OK;
}

err child_connect(struct child *c, const char *path, const char *part)
{
	int fd;

	if (!ok(hello_connect(path, &fd)))
		return child_start(c, part, NULL);
	c->in = malloc(FRAME_MAX);
	c->in_n = 0;
	c->fd = fd;
	c->pid = -1;
	if (c->in && sd_event_add_io(broker.event, &c->io, c->fd, EPOLLIN, child_readable, c) >= 0)
		return OK;
	child_forget(c);
	return FAIL(GENERAL);
}

err child_send(struct child *c, struct span frame)
{
	/* one job at a time and a socket buffer larger than a frame: a child that lives always takes it */
	ssize_t n = c->pid ? send(c->fd, frame.p, frame.n, MSG_NOSIGNAL) : -1;

	return n == (ssize_t)frame.n ? OK : FAIL(TOKEN_GONE);
}

void child_stop(struct child *c, bool killing)
{
	if (!c->pid)
		return;
	if (killing)
		child_kill(c);
	child_forget(c);
}
