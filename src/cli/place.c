/* Paths walked link by link; files through a descriptor of their folder. */
#include "config.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "file.h"
#include "place.h"
#include "say.h"
#include "xattrs.h"

enum { LINKS_MOST = 40 };

static err cannot(const char *format) { return say_fail(FAIL(FILE), format, strerror(errno)); }

static bool trusted(const struct stat *st) { return st->st_uid == geteuid() || st->st_uid == 0; }

/* What is left of a path to walk, and how far it went; `todo` is a stack of names. */
struct walk {
	char done[PATH_MAX], todo[PATH_MAX];
	const char *root;
	unsigned links;
};

/* Takes the first name off w->todo. */
static bool next_name(struct walk *w, char *name, size_t size)
{
	const char *p = w->todo + strspn(w->todo, "/");
	size_t n = strcspn(p, "/");
	char rest[PATH_MAX];

	if (!n || n >= size)
		return false;
	snprintf(name, size, "%.*s", (int)n, p);
	snprintf(rest, sizeof rest, "%s", p + n);
	snprintf(w->todo, sizeof w->todo, "%s", rest);
	return true;
}

/* The link `path`, which stands in the folder w->done, is followed where it may be. */
static err follow(struct walk *w, const char *path)
{
	char target[PATH_MAX], rest[2 * PATH_MAX];
	ssize_t n = readlink(path, target, sizeof target - 1);
	struct stat holder;

	if (n < 0 || stat(w->done[0] ? w->done : "/", &holder) != 0)
		return cannot(_("it cannot be read: %s"));
	if (!trusted(&holder))
		return say_fail(FAIL(REFUSED), _("a link of another user leads there: %s"), say_clean(path));
	if (++w->links > LINKS_MOST) {
		errno = ELOOP;
		return cannot(_("it cannot be read: %s"));
	}
	target[n] = 0;
	snprintf(rest, sizeof rest, "%s/%s", target, w->todo);
	if (strlen(rest) >= sizeof w->todo) {
		errno = ENAMETOOLONG;
		return cannot(_("it cannot be read: %s"));
	}
	snprintf(w->todo, sizeof w->todo, "%s", rest);
	if (target[0] == '/')
		snprintf(w->done, sizeof w->done, "%s", w->root);
	return OK;
}

static void up(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	if (slash && strlen(w->done) > strlen(w->root))
		*slash = 0;
}

/* One name further; *missing: it is not there. */
static err step(struct walk *w, const char *name, bool *missing)
{
	char path[2 * PATH_MAX];
	struct stat st;

	*missing = false;
	if (strcmp(name, ".") == 0)
		return OK;
	if (strcmp(name, "..") == 0) {
		up(w);
		return OK;
	}
	snprintf(path, sizeof path, "%s/%s", w->done, name);
	if (strlen(path) >= sizeof w->done) {
		errno = ENAMETOOLONG;
		return cannot(_("it cannot be read: %s"));
	}
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		return follow(w, path);
	*missing = lstat(path, &st) != 0;
	if (*missing && errno != ENOENT)
		return cannot(_("it cannot be read: %s"));
	snprintf(w->done, sizeof w->done, "%.*s", (int)sizeof w->done - 1, path);
	return OK;
}

/* Fills path, folder and first. */
static err resolve(const char *root, const char *path, struct place *p)
{
	struct walk w = { .root = root };
	char name[NAME_MAX + 1];
	bool missing = false, gone = false;

	snprintf(w.done, sizeof w.done, "%s", root);
	snprintf(w.todo, sizeof w.todo, "%s", path + strlen(root));
	snprintf(p->path, sizeof p->path, "%s", path);
	while (next_name(&w, name, sizeof name)) {
		if (missing && !p->first[0])		/* a folder on the way */
			snprintf(p->first, sizeof p->first, "%s", w.done);
		TRY(step(&w, name, &gone));
		missing = missing || gone;
	}
	snprintf(p->path, sizeof p->path, "%s", w.done);
	snprintf(p->folder, sizeof p->folder, "%s", w.done);
	char *slash = strrchr(p->folder, '/');
	if (slash)
		*slash = 0;
	return OK;
}

/* The deepest folder that is there. */
static void nearest(const struct place *p, char *out, size_t size)
{
	char *slash;

	snprintf(out, size, "%s", p->first[0] ? p->first : p->path);
	slash = strrchr(out, '/');
	if (slash)
		*slash = 0;
	if (!out[0])
		snprintf(out, size, "/");
}

static err read_whole(struct place *p)
{
	int fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	bool seen = fd >= 0 && fstat(fd, &p->st) == 0;
	bool fit = seen && S_ISREG(p->st.st_mode) && p->st.st_size <= PLACE_MOST;
	size_t n = 0, most = fit ? (size_t)p->st.st_size : 0;
	uint8_t *text = malloc(most + 2);
	ssize_t k = 0;

	while (fit && text && n <= most && (k = read(fd, text + n, most + 1 - n)) > 0)
		n += (size_t)k;
	err e = !seen || !text || k < 0 ? cannot(_("it cannot be read: %s")) : OK;
	if (fd >= 0)
		close(fd);
	if (ok(e) && (!fit || n > most))	/* or it grew meanwhile */
		e = say_fail(FAIL(FILE), _("it is no file of this kind"));
	if (!ok(e)) {
		free(text);
		return e;
	}
	text[n] = 0;
	p->text = (struct span){ text, n };
	p->there = true;
	return OK;
}

err place_look(const char *root, const char *path, struct place *p)
{
	char folder[PATH_MAX];
	struct stat st;

	*p = (struct place){ .there = false };
	TRY(resolve(root, path, p));
	nearest(p, folder, sizeof folder);
	if (stat(folder, &st) != 0)
		return cannot(_("it cannot be read: %s"));
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return cannot(_("it cannot be read: %s"));
	}
	if (!trusted(&st))
		return say_fail(FAIL(REFUSED), _("its folder belongs to another user"));
	if (p->first[0] || lstat(p->path, &st) != 0)
		return OK;
	return read_whole(p);
}

bool place_there(const char *root, const char *path)
{
	struct place p = { .there = false };
	struct stat st;
	err e = resolve(root, path, &p);

	if (!ok(e))
		(void)say_forget();
	return ok(e) && lstat(p.path, &st) == 0;
}

/* Where a path of the root's leads, and what is there; *there: anything. */
static bool find(const char *root, const char *path, char *out, size_t size, struct stat *st, bool *there)
{
	struct place p = { .there = false };
	char whole[PATH_MAX];

	if (path[0] != '/' || snprintf(whole, sizeof whole, "%s%s", root, path) >= (int)sizeof whole)
		return false;
	err e = resolve(root, whole, &p);
	if (!ok(e))
		(void)say_forget();
	snprintf(out, size, "%s", p.path);
	*there = ok(e) && lstat(p.path, st) == 0;
	return ok(e);
}

bool place_same(const char *root, const char *a, const char *b)
{
	char path[2][PATH_MAX];
	struct stat st[2];
	bool there[2];

	if (strcmp(a, b) == 0)
		return true;
	if (!find(root, a, path[0], sizeof path[0], &st[0], &there[0]) ||
	    !find(root, b, path[1], sizeof path[1], &st[1], &there[1]))
		return false;
	if (there[0] && there[1])
		return st[0].st_dev == st[1].st_dev && st[0].st_ino == st[1].st_ino;
	return strcmp(path[0], path[1]) == 0;
}

void place_free(struct place *p)
{
	free((void *)(uintptr_t)p->text.p);
	p->text = SPAN_NONE;
}

err place_writable(const struct place *p)
{
	char folder[PATH_MAX];
	struct stat st;

	nearest(p, folder, sizeof folder);
	if (stat(folder, &st) != 0)
		return cannot(_("it cannot be read: %s"));
	/* the bits as well: for root access() looks at the file system alone */
	if ((p->there && !(p->st.st_mode & S_IWUSR)) || !(st.st_mode & S_IWUSR))
		return say_fail(FAIL(FILE), _("it is read-only"));
	if (p->there && p->st.st_nlink > 1)
		return say_fail(FAIL(FILE),
				_("it has another name as well (a hard link), which would keep the old text"));
	if (access(folder, W_OK | X_OK) != 0)
		return cannot(_("it cannot be written: %s"));
	return OK;
}

/* The next folder that is missing; *n: how much of p->folder it is, 0 before the first. */
static bool next_missing(const struct place *p, size_t *n, char *path, size_t size)
{
	size_t at = *n ? *n + 1 : strlen(p->first);

	if (!p->first[0] || at > strlen(p->folder))
		return false;
	at += strcspn(p->folder + at, "/");
	snprintf(path, size, "%.*s", (int)at, p->folder);
	*n = at;
	return true;
}

void place_missing(const struct place *p, json_t *folders)
{
	char path[PATH_MAX];
	json_t *known;
	size_t i;

	for (size_t n = 0; next_missing(p, &n, path, sizeof path);) {
		bool there = false;

		json_array_foreach(folders, i, known)
			there = there || (json_is_string(known) && strcmp(json_string_value(known), path) == 0);
		if (!there)
			json_array_append_new(folders, json_string(path));
	}
}

err place_folders(const struct place *p, mode_t mode)
{
	char path[PATH_MAX];

	for (size_t n = 0; next_missing(p, &n, path, sizeof path);) {
		bool made = mkdir(path, mode) == 0;

		/* whatever the umask: others must read the system's */
		if ((!made && errno != EEXIST) || (made && chmod(path, mode) != 0))
			return cannot(_("its folder cannot be made: %s"));
	}
	return OK;
}

/* The folder, which is still the one that was looked at: no link, and the caller's. */
static err open_folder(const struct place *p, int *fd)
{
	struct stat st;

	*fd = open(p->folder[0] ? p->folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0)
		return cannot(_("it cannot be written: %s"));
	if (fstat(*fd, &st) == 0 && st.st_uid == geteuid())
		return OK;
	close(*fd);
	return say_fail(FAIL(REFUSED), _("its folder belongs to another user"));
}

static bool keep_owner(int fd, const struct place *p)
{
	struct stat now;

	return fstat(fd, &now) == 0 && ((now.st_uid == p->st.st_uid && now.st_gid == p->st.st_gid) ||
					fchown(fd, p->st.st_uid, p->st.st_gid) == 0);
}

/* The attributes of the file that was looked at; false where another one is there by now. */
static bool keep_attributes(int fd, const struct place *p)
{
	int old = open(p->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	struct stat now;
	bool kept = false;

	if (old < 0 || fstat(old, &now) != 0 || now.st_dev != p->st.st_dev || now.st_ino != p->st.st_ino)
		errno = ESTALE;
	else
		kept = xattrs_keep(old, fd);
	int saved = errno;
	if (old >= 0)
		close(old);
	errno = saved;
	return kept;
}

static bool fill(int fd, const struct place *p, struct span text, mode_t mode)
{
	return file_write_all(fd, text) && (!p->there || (keep_owner(fd, p) && keep_attributes(fd, p))) &&
	       fchmod(fd, p->there ? p->st.st_mode & 07777 : mode) == 0 && fsync(fd) == 0;
}

/* A file that place_write began, for a process that is gone. */
static bool left_behind(int folder, const char *entry, const char *begin)
{
	size_t n = strlen(begin);
	struct stat st;

	if (strncmp(entry, begin, n) != 0 || !entry[n] || strspn(entry + n, "0123456789") != strlen(entry + n))
		return false;
	long pid = strtol(entry + n, NULL, 10);
	if (pid <= 0 || pid > INT_MAX || fstatat(folder, entry, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	return S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       (pid == getpid() || (kill((pid_t)pid, 0) != 0 && errno == ESRCH));
}

static void temporary_of(const struct place *p, char *out, size_t size)
{
	snprintf(out, size, ".%.200s.bsre-", strrchr(p->path, '/') + 1);
}

void place_sweep(const struct place *p)
{
	char begin[NAME_MAX + 1];
	struct dirent *entry;
	struct stat st;
	int fd = open(p->folder[0] ? p->folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	temporary_of(p, begin, sizeof begin);
	while (d && fstat(fd, &st) == 0 && st.st_uid == geteuid() && (entry = readdir(d)))
		if (left_behind(fd, entry->d_name, begin))
			unlinkat(fd, entry->d_name, 0);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

err place_write(const struct place *p, struct span text, mode_t mode)
{
	const char *name = strrchr(p->path, '/') + 1;
	char begin[NAME_MAX + 1], temporary[NAME_MAX + 32];
	int folder, fd = -1;

	TRY(open_folder(p, &folder));
	temporary_of(p, begin, sizeof begin);
	snprintf(temporary, sizeof temporary, "%s%ld", begin, (long)getpid());
	fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool done = fd >= 0 && fill(fd, p, text, mode);

	if (fd >= 0 && close(fd) != 0)
		done = false;
	done = done && renameat(folder, temporary, folder, name) == 0;
	err e = done ? OK : cannot(_("it cannot be written: %s"));
	if (!done && fd >= 0)
		unlinkat(folder, temporary, 0);
	else if (done)
		(void)fsync(folder);
	close(folder);
	return e;
}

err place_remove(const struct place *p)
{
	int folder;

	TRY(open_folder(p, &folder));
	bool done = unlinkat(folder, strrchr(p->path, '/') + 1, 0) == 0;
	err e = done ? OK : cannot(_("it cannot be removed: %s"));

	close(folder);
	return e;
}
