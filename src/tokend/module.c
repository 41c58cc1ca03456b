/* A module's arguments, and the confinement that goes with them. */
#include "config.h"
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include "children.h"
#include "confine.h"
#include "module.h"

/* Where the module lies itself: it may bring files of its own along. */
static char *own_folder(const char *path)
{
	static char copy[PATH_MAX];

	snprintf(copy, sizeof copy, "%s", path);
	return dirname(copy);
}

bool module_start(struct module *m, int argc, char **argv)
{
	char *writable[MODULE_ARGS_MAX + 1] = { NULL }, *readable[MODULE_ARGS_MAX + 2] = { NULL };
	size_t reads = 0, writes = 0;

	if (argc < MODULE_ARGS_LEAST || argc > MODULE_ARGS_MAX)
		return false;
	readable[reads++] = own_folder(argv[1]);
	*m = (struct module){ .name = argv[0], .path = argv[1], .opensc = strcmp(argv[0], "opensc") == 0,
		.sha256 = strcmp(argv[2], "-") == 0 ? NULL : argv[2], .part = (unsigned)strtoul(argv[3], NULL, 10) };
	for (int i = MODULE_ARGS_LEAST; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		if (*argv[i] == '/')
			writable[writes++] = argv[i];
		else if (!value || putenv(argv[i]) != 0)
			return false;
		else if (value[1] == '/')
			readable[reads++] = value + 1;	/* the path of its configuration */
	}
	confine_module(readable, writable);
	return true;
}
