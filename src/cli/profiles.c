/* profiles.ini, and the locks of Firefox, Thunderbird and SQLite. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "place.h"
#include "profiles.h"
#include "say.h"

/* One section of profiles.ini. */
struct section { char name[256], path[PATH_MAX]; bool relative, preferred; };

static void take_section(const char *folder, struct section *s, json_t *all)
{
	char path[2 * PATH_MAX];

	if (s->path[0]) {
		if (s->relative)
			snprintf(path, sizeof path, "%s/%s", folder, s->path);
		else
			snprintf(path, sizeof path, "%s", s->path);
		json_t *row = json_pack("{s:b}", "preferred", s->preferred);

		/* the bytes as they are: what is not UTF-8 is refused by name later, not passed over */
		json_object_set_new(row, "folder", json_string_nocheck(path));
		json_object_set_new(row, "name", json_string_nocheck(s->name));
		json_array_append_new(all, row);
	}
	*s = (struct section){ .relative = true };
}

static void take_line(const char *folder, struct section *s, char *line, json_t *all)
{
	line[strcspn(line, "\r\n")] = 0;
	if (line[0] == '[')
		take_section(folder, s, all);
	else if (strncmp(line, "Name=", 5) == 0)
		snprintf(s->name, sizeof s->name, "%.255s", line + 5);
	else if (strncmp(line, "Path=", 5) == 0)
		snprintf(s->path, sizeof s->path, "%.*s", PATH_MAX - 1, line + 5);
	else if (strncmp(line, "IsRelative=", 11) == 0)
		s->relative = strcmp(line + 11, "0") != 0;
	else if (strncmp(line, "Default=", 8) == 0)
		s->preferred = strcmp(line + 8, "1") == 0;
}

err profiles_read(const char *folder, json_t *all)
{
	char path[PATH_MAX], *line = NULL;
	struct section s = { .relative = true };
	struct place p;
	size_t room = 0;

	if (snprintf(path, sizeof path, "%s/profiles.ini", folder) >= (int)sizeof path)
		return OK;
	err e = place_look("", path, &p);
	if (!ok(e) || !p.text.n) {
		place_free(&p);
		return e;
	}
	FILE *f = fmemopen((void *)(uintptr_t)p.text.p, p.text.n, "r");
	if (f) {
		while (getline(&line, &room, f) >= 0)
			take_line(folder, &s, line, all);
		take_section(folder, &s, all);
		fclose(f);
	}
	free(line);
	place_free(&p);
	return f ? OK : FAIL(GENERAL);
}

/* Has another process a lock of this kind on these bytes? */
static bool locked(const char *folder, const char *name, short kind, off_t start, off_t length)
{
	struct flock lock = { .l_type = kind, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return false;
	bool held = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;

	close(fd);
	return held;
}

/* "lock" is a link to "ADDRESS:+PID": the only lock where the file system knows no other (NFS). */
static bool linked(const char *folder)
{
	char path[PATH_MAX], target[256];
	struct stat st;

	snprintf(path, sizeof path, "%.*s/.parentlock", PATH_MAX - 16, folder);
	if (lstat(path, &st) == 0)
		return false;		/* that one was asked */
	snprintf(path, sizeof path, "%.*s/lock", PATH_MAX - 16, folder);
	ssize_t n = readlink(path, target, sizeof target - 1);
	if (n <= 0)
		return false;
	target[n] = 0;
	const char *colon = strrchr(target, ':');
	long pid = colon ? strtol(colon + 1 + (colon[1] == '+'), NULL, 10) : 0;

	if (strncmp(target, "127.", 4) != 0 || pid <= 0)
		return true;		/* another computer's: nobody here can tell */
	return kill((pid_t)pid, 0) == 0 || errno == EPERM;
}

bool profile_busy(const char *folder, const char **why)
{
	static const char *const databases[] = { "cert9.db", "key4.db" };
	enum { PENDING = 0x40000000, BYTES = 512 };	/* where SQLite locks for writing */

	*why = _("a program has the profile open; close it and run the command again");
	if (locked(folder, ".parentlock", F_WRLCK, 0, 0) || linked(folder))
		return true;
	*why = _("a program writes to its database; run the command again");
	for (size_t i = 0; i < sizeof databases / sizeof databases[0]; i++)
		if (locked(folder, databases[i], F_RDLCK, PENDING, BYTES))
			return true;
	return false;
}
