/* The state file on disk: written whole to a new file that then takes the old one's place, so
 * that kill -9 or a full disk at any byte leaves either the old state or the new one. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "state.h"

enum { SEAL = 32 };

static err refuse(const char **why, const char *reason)
{
	*why = reason;
	return FAIL(FILE);
}

/* A descriptor of a regular file; -1: it cannot be opened or is none, errno says which. Pipes are
 * not waited for. */
static int open_regular(const char *path, int flags)
{
	struct stat st;
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0600);

	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

/* All of s into fd. */
static bool write_all(int fd, struct span s)
{
	struct cur c = cur_of(s);

	while (cur_left(&c)) {
		ssize_t n = write(fd, c.p, cur_left(&c));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		(void)cur_take(&c, (size_t)n);
	}
	return true;
}

/* Everything in fd, as far as there is room for it. */
static bool read_all(int fd, struct buf *b)
{
	while (buf_room(b)) {
		ssize_t n = read(fd, b->p + b->n, buf_room(b));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			return true;
		buf_grow(b, (size_t)n);
	}
	return false;
}

/* The name is durable only when its folder is; where that fails the file is nevertheless the
 * new one, so there is nothing to take back. */
static void sync_folder(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof copy, "%s", path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

/* Puts bytes at path, all or nothing. */
static bool replace_file(const char *path, struct span bytes)
{
	char fresh[PATH_MAX];

	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
		return false;
	int fd = open_regular(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	bool done = write_all(fd, bytes) && fdatasync(fd) == 0;
	done = close(fd) == 0 && done;
	if (!done || rename(fresh, path) != 0) {
		(void)unlink(fresh);
		return false;
	}
	sync_folder(path);
	return true;
}

/* A key of its own for a new token. */
static bool make_key(struct state *s, struct buf *b)
{
	bool made = RAND_bytes(b->p, SEAL) == 1;

	buf_grow(b, SEAL);
	return made && write_all(s->lock, buf_span(b)) && fdatasync(s->lock) == 0;
}

/* Opens FILE.key (a new token's is made where it is not there) and holds it locked, so that two
 * processes never play the same token. */
static err take_key(struct state *s, bool new, const char **why)
{
	uint8_t bytes[SEAL + 1];
	struct buf b = BUF(bytes);
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s.key", s->path) >= (int)sizeof path)
		return refuse(why, "its path is too long");
	s->lock = open_regular(path, O_RDWR | O_NOFOLLOW | (new ? O_CREAT : 0));
	if (s->lock < 0)
		return refuse(why, errno == ENOENT && !new ? "the key file beside it is not there"
			: "the key file beside it cannot be opened");
	if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
		return refuse(why, "another bsre-vtoken is using it");
	if (!read_all(s->lock, &b))
		return refuse(why, "the key file beside it cannot be read");
	if (b.n == 0 && new && !make_key(s, &b))
		return refuse(why, "the key file beside it cannot be written");
	bool fits = b.n == SEAL && secret_set(&s->seal, buf_span(&b));
	wipe(bytes, sizeof bytes);
	return fits ? OK : refuse(why, "the key file beside it is not one");
}

static bool take_path(struct state *s, const char *path)
{
	s->path = strdup(path);
	s->image = (struct buf){ .p = malloc(STATE_MAX), .cap = STATE_MAX };
	return s->path && s->image.p;
}

err state_create(struct state *s, const char *path, const char **why)
{
	if (!take_path(s, path))
		return FAIL(GENERAL);
	if (access(path, F_OK) == 0)
		return refuse(why, "there is a file already");
	TRY(take_key(s, true, why));
	if (access(path, F_OK) == 0)		/* made by who held the key until now */
		return refuse(why, "there is a file already");
	if (!ok(state_frame(s, &s->image)) || !replace_file(path, buf_span(&s->image)))
		return refuse(why, "it cannot be written");
	return OK;
}

/* The file as it is now, in s->image. */
static err read_image(struct state *s, const char **why)
{
	int fd = open_regular(s->path, O_RDONLY);

	if (fd < 0)
		return errno == ENOENT ? FAIL(NOT_FOUND) : refuse(why, errno == EINVAL
			? "it is not a regular file" : "it cannot be opened");
	s->image.n = 0;
	bool whole = read_all(fd, &s->image);
	close(fd);
	return whole ? OK : refuse(why, "it cannot be read, or is too long to be a state file");
}

err state_open(struct state *s, const char *path, const char **why)
{
	struct span body;

	if (!take_path(s, path))
		return FAIL(GENERAL);
	err e = read_image(s, why);
	if (e.code == E_NOT_FOUND)
		state_close(s);
	TRY(e);
	/* whose file it is not, beside that nothing is opened or made */
	TRY(state_check(buf_span(&s->image), &body, why));
	TRY(take_key(s, false, why));
	TRY(read_image(s, why));		/* again: now nobody else writes it */
	return state_unframe(s, buf_span(&s->image), why);
}

/* The state as the last image has it. The image came from this code: it decodes. */
static void roll_back(struct state *s)
{
	const char *why;

	state_clear(s);
	if (!ok(state_unframe(s, buf_span(&s->image), &why)))
		abort();
}

err state_commit(struct state *s)
{
	s->commits++;
	if (!s->path)
		return OK;
	struct buf next = { .p = malloc(STATE_MAX), .cap = STATE_MAX };
	if (!next.p || !ok(state_frame(s, &next)) || !replace_file(s->path, buf_span(&next))) {
		free(next.p);
		roll_back(s);
		return FAIL(FILE);
	}
	free(s->image.p);
	s->image = next;
	return OK;
}
