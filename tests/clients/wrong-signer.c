/* A module between a program and ours, for the control of the clients' scripts: every signature that is
 * made through it has one bit wrong, and everything else is ours as it stands. A script that passes over
 * it has verified nothing. No part of the product: tests/clients/run-all --broken loads it. */
#include "config.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <p11-kit/pkcs11.h>

static CK_FUNCTION_LIST *ours;
static CK_FUNCTION_LIST wrong;

static void spoil(CK_RV rv, CK_BYTE *signature, const CK_ULONG *n)
{
	if (rv == CKR_OK && signature && *n > 0)
		signature[*n / 2] ^= 1;
}

static CK_RV wrong_sign(CK_SESSION_HANDLE s, CK_BYTE *data, CK_ULONG size, CK_BYTE *signature, CK_ULONG *n)
{
	CK_RV rv = ours->C_Sign(s, data, size, signature, n);

	spoil(rv, signature, n);
	return rv;
}

static CK_RV wrong_final(CK_SESSION_HANDLE s, CK_BYTE *signature, CK_ULONG *n)
{
	CK_RV rv = ours->C_SignFinal(s, signature, n);

	spoil(rv, signature, n);
	return rv;
}

/* Programs that ask for an interface do so only where a module has C_GetInterface; this one has not. */
__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	const char *path = getenv("WRONG_SIGNER_OVER");
	void *module = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	CK_C_GetFunctionList get = NULL;

	if (!list)
		return CKR_ARGUMENTS_BAD;
	if (module)
		*(void **)&get = dlsym(module, "C_GetFunctionList");
	if (!get || get(&ours) != CKR_OK)
		return CKR_GENERAL_ERROR;
	wrong = *ours;
	wrong.C_GetFunctionList = C_GetFunctionList;
	wrong.C_Sign = wrong_sign;
	wrong.C_SignFinal = wrong_final;
	*list = &wrong;
	return CKR_OK;
}
