/* Extended attributes from one file to another. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include "xattrs.h"

#define ACCESS "system.posix_acl_access"

enum { MOST = 65536 };		/* bytes of a list and of a value: the kernel has no longer ones */

static bool begins(const char *name, const char *with) { return strncmp(name, with, strlen(with)) == 0; }

/* Of these bytes, or of who wrote them: wrong for others. */
static bool of_the_bytes(const char *name)
{
	return strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0 ||
	       strcmp(name, "security.capability") == 0;
}

static bool must_be_kept(const char *name) { return begins(name, "user.") || strcmp(name, ACCESS) == 0; }

static bool keep_one(int from, int to, const char *name, char *value)
{
	ssize_t n = fgetxattr(from, name, value, MOST);

	return (n >= 0 && fsetxattr(to, name, value, (size_t)n, 0) == 0) || !must_be_kept(name);
}

bool xattrs_keep(int from, int to)
{
	char *names = malloc(2 * MOST);
	ssize_t n = names ? flistxattr(from, names, MOST) : -1;
	bool kept = names && (n >= 0 || errno == ENOTSUP), list = false;

	for (const char *name = names; kept && name < names + n; name += strlen(name) + 1) {
		list = list || strcmp(name, ACCESS) == 0;
		if (!of_the_bytes(name))
			kept = keep_one(from, to, name, names + MOST);
	}
	if (kept && !list)
		kept = fremovexattr(to, ACCESS) == 0 || errno == ENODATA || errno == ENOTSUP;
	int saved = errno;
	free(names);
	errno = saved;
	return kept;
}
