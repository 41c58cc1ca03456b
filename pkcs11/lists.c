/* The function lists, the interfaces, and what every refused function says. */
#include "config.h"
#include "module.h"
#include "size.h"

#define FN3 FN
#define FN(name, how, args) STUB_##how(name, args)
#define STUB_REAL(name, args)
#define STUB_VERSIONED(name, args)
#define STUB_REFUSED(name, args) CK_RV name args { return CKR_FUNCTION_NOT_SUPPORTED; }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "functions.def"
#pragma GCC diagnostic pop
#undef FN
#undef FN3

#define FN(name, how, args) .name = name,
#define FN3(name, how, args)
static const CK_FUNCTION_LIST list_2 = {
	.version = { 2, 40 },
#include "functions.def"
};
#undef FN
#undef FN3

#define FN3 FN
#define FN(name, how, args) .name = IN_3_##how(name),
#define IN_3_REAL(name)      name
#define IN_3_REFUSED(name)   name
#define IN_3_VERSIONED(name) name##_3
static const CK_FUNCTION_LIST_3_0 list_3 = {
	.version = { 3, 0 },
#include "functions.def"
};
#undef FN
#undef FN3

/* What callers get is theirs to read: Cryptoki's types know no const. */
static CK_UTF8CHAR name_of_both[] = "PKCS 11";
static CK_INTERFACE interfaces[] = {
	{ name_of_both, (void *)&list_3, 0 },
	{ name_of_both, (void *)&list_2, 0 },
};
enum { INTERFACES = sizeof interfaces / sizeof interfaces[0] };

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR *list)
{
	if (!list)
		return CKR_ARGUMENTS_BAD;
	*list = (CK_FUNCTION_LIST *)&list_2;
	return CKR_OK;
}

CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *n)
{
	CK_RV rv;

	if (!n)
		return CKR_ARGUMENTS_BAD;
	if (!size_fits(list, n, INTERFACES, &rv))
		return rv;
	for (size_t i = 0; i < INTERFACES; i++)
		list[i] = interfaces[i];
	*n = INTERFACES;
	return CKR_OK;
}

static bool wanted(const CK_INTERFACE *have, const CK_UTF8CHAR *name, const CK_VERSION *version,
		   CK_FLAGS flags)
{
	const CK_VERSION *v = have->pFunctionList;

	if (name && strcmp((const char *)name, (const char *)have->pInterfaceName) != 0)
		return false;
	if (version && (version->major != v->major || version->minor != v->minor))
		return false;
	return (have->flags & flags) == flags;
}

/* A program of NSS asks for this as well, and no other does. */
static const char nss_interface[] = "Vendor NSS FIPS Interface";
static _Atomic bool nss;

bool module_in_nss(void)
{
	return nss;
}

/* name NULL: the default, which is 3.0's; version NULL: the newest. We are not fork-safe in the
 * meaning of CKF_INTERFACE_FORK_SAFE: a child begins anew (PKCS#11 3.0, 5.4.5). */
CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE_PTR *interface,
		     CK_FLAGS flags)
{
	if (!interface)
		return CKR_ARGUMENTS_BAD;
	if (name && strcmp((const char *)name, nss_interface) == 0)
		nss = true;
	for (size_t i = 0; i < INTERFACES; i++)
		if (wanted(&interfaces[i], name, version, flags)) {
			*interface = &interfaces[i];
			return CKR_OK;
		}
	return CKR_ARGUMENTS_BAD;
}
