/* /proc, one link a process. */
#include "config.h"
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/text.h"
#include "running.h"

bool among(const char *names, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = names; *p; p += strcspn(p, "|"), p += *p == '|')
		if (strcspn(p, "|") == n && strncmp(p, word, n) == 0)
			return true;
	return false;
}

static bool is_one(const char *pid, const char *names, bool mine)
{
	char path[64], exe[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%.20s/exe", pid);
	ssize_t n = readlink(path, exe, sizeof exe - 1);
	if (n <= 0 || (mine && (lstat(path, &st) != 0 || st.st_uid != geteuid())))
		return false;
	exe[n] = 0;
	text_undelete(exe);			/* of a package that was upgraded */
	const char *slash = strrchr(exe, '/');

	return among(names, slash ? slash + 1 : exe);
}

pid_t running(const char *names, bool mine)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	long best = 0;

	while (d && (entry = readdir(d))) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid > 0 && (!best || pid < best) && is_one(entry->d_name, names, mine))
			best = pid;
	}
	if (d)
		closedir(d);
	return (pid_t)best;
}
