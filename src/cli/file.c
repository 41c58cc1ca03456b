/* Files: read whole within a limit, written whole or not at all. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"
#include "say.h"

static err cannot(const char *format, const char *name)
{
	return say_fail(FAIL(FILE), format, say_clean(name), strerror(errno));
}

err file_open(const char *name, int *fd, bool *close_it)
{
	struct stat st;
	char *end;

	*close_it = false;
	*fd = STDIN_FILENO;
	if (strcmp(name, "-") == 0)
		return OK;
	if (strncmp(name, "fd:", 3) == 0) {
		long n = strtol(name + 3, &end, 10);

		if (!name[3] || *end || n < 0 || n > 65535)
			return say_fail(FAIL(USAGE), _("'%s' is no descriptor; it is written fd:N"),
					say_clean(name));
		*fd = (int)n;
		return fcntl(*fd, F_GETFD) < 0 ? cannot(_("%s cannot be read: %s"), name) : OK;
	}
	*fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	*close_it = true;
	if (*fd < 0)
		return cannot(_("%s cannot be read: %s"), name);
	if (fstat(*fd, &st) != 0 || !S_ISDIR(st.st_mode))
		return OK;
	close(*fd);
	*close_it = false;
	return say_fail(FAIL(FILE), _("%s is a folder, not a file"), say_clean(name));
}

/* What an option names, as fstat tells; false: nothing that is there. */
static bool look(const char *name, struct stat *st)
{
	if (strcmp(name, "-") == 0)
		return fstat(STDIN_FILENO, st) == 0;
	if (strncmp(name, "fd:", 3) == 0)
		return fstat((int)strtol(name + 3, NULL, 10), st) == 0;
	return stat(name, st) == 0;
}

err file_apart(const char *in, const char *out)
{
	struct stat a, b;

	if (!in || !out || strcmp(out, "-") == 0 || !look(in, &a) || stat(out, &b) != 0)
		return OK;
	if (!S_ISREG(a.st_mode) || a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return OK;
	return say_fail(FAIL(USAGE), _("%s is the input as well: the output must be another file"),
			say_clean(out));
}

/* All of fd into p, which has room for `room` bytes; -1 with errno. */
static ssize_t read_all(int fd, uint8_t *p, size_t room)
{
	size_t n = 0;

	while (n < room) {
		ssize_t k = read(fd, p + n, room - n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		if (k == 0)
			break;
		n += (size_t)k;
	}
	return (ssize_t)n;
}

err file_read(const char *name, struct span *out)
{
	uint8_t *p = malloc(FILE_MOST + 2);
	bool close_it = false;
	int fd = -1;

	*out = SPAN_NONE;
	if (!p)
		return FAIL(GENERAL);
	err e = file_open(name, &fd, &close_it);
	if (ok(e)) {
		ssize_t n = read_all(fd, p, FILE_MOST + 1);

		if (n < 0)
			e = cannot(_("%s cannot be read: %s"), name);
		else if (n > FILE_MOST)
			e = say_fail(FAIL(FILE), _("%s is longer than %d bytes"), say_clean(name), FILE_MOST);
		else
			*out = (struct span){ p, (size_t)n };
	}
	if (close_it && fd >= 0)
		close(fd);
	if (!ok(e))
		free(p);
	else
		p[out->n] = 0;
	return e;
}

bool file_write_all(int fd, struct span s)
{
	while (s.n) {
		ssize_t k = write(fd, s.p, s.n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		s = (struct span){ s.p + k, s.n - (size_t)k };
	}
	return true;
}

/* Fills the temporary and gives it its mode; false with errno. */
static bool fill(int fd, struct span data)
{
	mode_t mask = umask(0);

	umask(mask);
	return file_write_all(fd, data) && fchmod(fd, 0666 & ~mask) == 0 && fsync(fd) == 0;
}

/* The temporary beside a file: its name, and its descriptor or -1 with errno. */
static int temporary(const char *name, char *out, size_t size)
{
	if (snprintf(out, size, "%s.XXXXXX", name) >= (int)size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return mkostemp(out, O_CLOEXEC);
}

/* /dev/stdout by its name: a process that is not dumped may not look behind that link. */
static bool is_standard(const char *name)
{
	return !name || strcmp(name, "-") == 0 || strcmp(name, "/dev/stdout") == 0;
}

/* What stands where the output is to go; false with errno: nothing, or it cannot be known. */
static bool stands(const char *name, struct stat *st)
{
	errno = 0;
	return stat(name, st) == 0;
}

err file_ready(const char *name, bool *there)
{
	char beside[PATH_MAX];
	struct stat st;

	*there = false;
	if (is_standard(name))
		return OK;
	size_t n = strlen(name);
	bool stands_there = stands(name, &st);
	if ((stands_there && S_ISDIR(st.st_mode)) || (n && name[n - 1] == '/'))
		return say_fail(FAIL(FILE), _("%s is a folder; name a file in it"), say_clean(name));
	if (!stands_there && errno != ENOENT)
		return cannot(_("%s cannot be written: %s"), name);
	if (stands_there && !S_ISREG(st.st_mode))
		return access(name, W_OK) == 0 ? OK : cannot(_("%s cannot be written: %s"), name);
	int fd = temporary(name, beside, sizeof beside);
	if (fd < 0)
		return cannot(_("%s cannot be written: %s"), name);
	close(fd);
	unlink(beside);
	*there = lstat(name, &st) == 0;
	return OK;
}

err file_write(const char *name, struct span data)
{
	char beside[PATH_MAX];
	struct stat st;

	if (is_standard(name)) {
		fflush(stdout);
		return file_write_all(STDOUT_FILENO, data) ? OK :
			cannot(_("%s cannot be written: %s"), _("standard output"));
	}
	bool stands_there = stands(name, &st);
	if (!stands_there && errno != ENOENT)
		return cannot(_("%s cannot be written: %s"), name);
	if (stands_there && !S_ISREG(st.st_mode)) {	/* a pipe, a device: no rename */
		int fd = open(name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		bool done = fd >= 0 && file_write_all(fd, data);

		if (fd >= 0 && close(fd) != 0)
			done = false;
		return done ? OK : cannot(_("%s cannot be written: %s"), name);
	}
	int fd = temporary(name, beside, sizeof beside);
	bool done = fd >= 0 && fill(fd, data);

	if (fd >= 0 && close(fd) != 0)
		done = false;
	if (done && rename(beside, name) == 0)
		return OK;
	err e = cannot(_("%s cannot be written: %s"), name);
	if (fd >= 0)
		unlink(beside);
	return e;
}
