/* Programs and their login modes: the table, and what an administrator adds to it. */
#include "config.h"
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "apps.h"
#include "lib/text.h"

#define UTILITY "bsre-token"
enum { PATH_ROOM = 4096 };

static const struct app table[] = {
#define APP(pattern, mode, keys, why) { pattern, MODE_##mode, KEYS_##keys },
#include "apps.def"
#undef APP
};

static const char *const modes[MODES] = { "app-pin", "pap", "on-use" };
static const char *const keys[KEYS] = { "all", "login", "sign" };

const char *mode_name(enum mode m)
{
	return modes[m];
}

static int index_of(const char *const *list, int n, const char *word)
{
	while (n-- > 0)
		if (strcmp(list[n], word) == 0)
			return n;
	return -1;
}

static bool is_of_sandboxes(const char *pattern)
{
	return strncmp(pattern, "flatpak:", 8) == 0 || strncmp(pattern, "snap:", 5) == 0;
}

err apps_add(struct apps *a, const char *text, const char **what)
{
	char pattern[APP_PATTERN_MAX], mode[16], which[16] = "all", more;
	int n = sscanf(text, "%159s %15s %15s %c", pattern, mode, which, &more);
	int m = n >= 2 ? index_of(modes, MODES, mode) : -1;
	int k = index_of(keys, KEYS, which);

	*what = NULL;
	if (n < 2 || n > 3 || m < 0 || k < 0)
		*what = "app wants PATTERN, then app-pin, pap or on-use, then all, login or sign";
	else if (!strchr(pattern, '/') && !is_of_sandboxes(pattern))
		*what = "the pattern of app wants a slash, or begins with flatpak: or snap:";
	else if (a->n == APP_RULES_MAX)
		*what = "there are too many app lines";
	if (*what)
		return FAIL(ARGUMENTS);
	struct app *rule = &a->rule[a->n++];
	*rule = (struct app){ .mode = (enum mode)m, .keys = (enum keys)k };
	snprintf(rule->pattern, sizeof rule->pattern, "%s", pattern);
	return OK;
}

/* --- which rule ---------------------------------------------------------------------------------- */
typedef bool fit(const struct app *rule, const char *name);

static bool fits_sandbox(const struct app *rule, const char *sandbox)
{
	return is_of_sandboxes(rule->pattern) && fnmatch(rule->pattern, sandbox, 0) == 0;
}

static bool fits(const struct app *rule, const char *executable)
{
	return *executable && !is_of_sandboxes(rule->pattern) && fnmatch(rule->pattern, executable, 0) == 0;
}

/* In a sandbox a path is what the sandbox made it: it is no file of the system's that a rule names from the root. */
static bool fits_inside(const struct app *rule, const char *executable)
{
	return rule->pattern[0] != '/' && fits(rule, executable);
}

/* Only what names the utility means it: what is said of many programs is said of those that use keys for others. */
static bool fits_utility(const struct app *rule, const char *executable)
{
	const char *slash = strrchr(rule->pattern, '/');

	return slash && strcmp(slash + 1, UTILITY) == 0 && fits(rule, executable);
}

/* Of the file first, then of the table. NULL: none fits. */
static const struct app *first(const struct apps *a, fit *test, const char *name)
{
	for (unsigned i = 0; i < a->n; i++)
		if (test(&a->rule[i], name))
			return &a->rule[i];
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (test(&table[i], name))
			return &table[i];
	return NULL;
}

/* Our own utility, where it is installed, or beside this service where both were built. */
static bool is_utility(const char *executable)
{
	char beside[PATH_ROOM];
	ssize_t n = readlink("/proc/self/exe", beside, sizeof beside - 1);

	beside[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(beside, '/');
	if (slash)
		snprintf(slash + 1, sizeof beside - (size_t)(slash + 1 - beside), "%s", UTILITY);
	return strcmp(executable, BINDIR "/" UTILITY) == 0 || strcmp(executable, beside) == 0;
}

struct app apps_find(const struct apps *a, const char *executable, const char *sandbox)
{
	const struct app *rule = *sandbox ? first(a, fits_sandbox, sandbox) : NULL;

	if (!rule)
		rule = first(a, *sandbox ? fits_inside : is_utility(executable) ? fits_utility : fits, executable);
	return rule ? *rule : (struct app){ .mode = MODE_APP_PIN, .keys = KEYS_ALL };
}

/* --- sandboxes ----------------------------------------------------------------------------------- */
/* The name= of a Flatpak's [Application]: a key file that Flatpak lays into its root. */
static bool flatpak(int pid, char *out, size_t size)
{
	char path[64], text[4096], id[128];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d/root/.flatpak-info", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0)
		return false;
	ssize_t n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, text, sizeof text - 1) : -1;
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	const char *at = strncmp(text, "name=", 5) == 0 ? text : strstr(text, "\nname=");
	if (!at || sscanf(strchr(at, '=') + 1, "%127[A-Za-z0-9._-]", id) != 1)
		return false;
	snprintf(out, size, "flatpak:%s", id);
	return true;
}

/* A label "snap.NAME.APP (mode)". */
static bool snap(int fd, char *out, size_t size)
{
	char label[256] = "", name[128];
	socklen_t n = sizeof label - 1;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERSEC, label, &n) < 0 ||
	    sscanf(label, "snap.%127[A-Za-z0-9_-].", name) != 1)
		return false;
	snprintf(out, size, "snap:%s", name);
	return true;
}

void apps_sandbox(int pid, int fd, char *out, size_t size)
{
	if (!snap(fd, out, size) && !flatpak(pid, out, size))
		out[0] = '\0';
}
