/* Loading the module, and a place for sockets. */
#include "config.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "host.h"

static char folder[] = "/tmp/bsre-module.XXXXXX";
static pid_t made_by;

CK_FUNCTION_LIST_3_0 *host_load(void **handle)
{
	const char *path = getenv("P11_MODULE"), *top = getenv("TOP_BUILDDIR");
	char built[4096];
	CK_INTERFACE *found;

	snprintf(built, sizeof built, "%s/.libs/libbsre-pkcs11.so", top ? top : ".");
	void *so = dlopen(path ? path : built, RTLD_NOW | RTLD_LOCAL);
	if (!so) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	CK_RV (*get)(CK_UTF8CHAR *, CK_VERSION *, CK_INTERFACE **, CK_FLAGS);
	*(void **)&get = dlsym(so, "C_GetInterface");
	CK_VERSION three = { 3, 0 };
	if (!get || get((CK_UTF8CHAR *)"PKCS 11", &three, &found, 0) != CKR_OK)
		exit(1);
	if (handle)
		*handle = so;
	return found->pFunctionList;
}

static void remove_folder(void)
{
	char path[64];

	if (getpid() != made_by)
		return;
	snprintf(path, sizeof path, "%s/socket", folder);
	unlink(path);
	rmdir(folder);
}

const char *host_folder(void)
{
	if (!made_by) {
		if (!mkdtemp(folder))
			exit(1);
		made_by = getpid();
		atexit(remove_folder);
	}
	return folder;
}
