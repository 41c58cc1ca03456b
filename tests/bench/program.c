/* What the benches' clients share: the module loaded, a session opened, an object found. */
#include "config.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "program.h"

CK_FUNCTION_LIST_PTR p11;

void must(CK_RV rv, const char *what)
{
	if (rv == CKR_OK)
		return;
	fprintf(stderr, "%s: 0x%lX\n", what, rv);
	exit(1);
}

void program_load(const char *module)
{
	void *so = dlopen(module, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get = NULL;

	if (so)
		get = (CK_C_GetFunctionList)(uintptr_t)dlsym(so, "C_GetFunctionList");
	if (!get) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	must(get(&p11), "C_GetFunctionList");
}

CK_SESSION_HANDLE program_open(CK_SLOT_ID *slot)
{
	CK_SLOT_ID list[16];
	CK_ULONG n = 16;
	CK_SESSION_HANDLE session;

	must(p11->C_GetSlotList(CK_TRUE, list, &n), "C_GetSlotList");
	must(n ? CKR_OK : CKR_TOKEN_NOT_PRESENT, "a token");
	*slot = list[0];
	must(p11->C_OpenSession(*slot, CKF_SERIAL_SESSION, NULL, NULL, &session), "C_OpenSession");
	return session;
}

CK_OBJECT_HANDLE program_find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, CK_BYTE id)
{
	CK_ATTRIBUTE filter[] = { { CKA_CLASS, &class, sizeof class }, { CKA_ID, &id, 1 } };
	CK_OBJECT_HANDLE object = 0;
	CK_ULONG n = 0;

	must(p11->C_FindObjectsInit(session, filter, id ? 2 : 1), "C_FindObjectsInit");
	must(p11->C_FindObjects(session, &object, 1, &n), "C_FindObjects");
	must(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
	must(n ? CKR_OK : CKR_OBJECT_HANDLE_INVALID, "the object");
	return object;
}

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
