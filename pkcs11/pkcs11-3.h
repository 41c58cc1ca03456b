/* What PKCS#11 3.0 adds and p11-kit's header of Debian 12 lacks, and each function declared as
 * functions.def has it. tests/module/test-cryptoki.c holds it against NSS's header. */
#ifndef BSRE_PKCS11_3_H
#define BSRE_PKCS11_3_H
#include "lib/cryptoki.h"

typedef struct CK_INTERFACE {
	CK_UTF8CHAR_PTR pInterfaceName;
	void           *pFunctionList;
	CK_FLAGS        flags;
} CK_INTERFACE;
typedef CK_INTERFACE *CK_INTERFACE_PTR;

/* C_SessionCancel's flags, in the numbers of CK_MECHANISM_INFO's */
#define CKF_MESSAGE_ENCRYPT    0x00000002UL
#define CKF_MESSAGE_DECRYPT    0x00000004UL
#define CKF_MESSAGE_SIGN       0x00000008UL
#define CKF_MESSAGE_VERIFY     0x00000010UL
#define CKF_FIND_OBJECTS       0x00000040UL

/* --- the kinds of functions.def: KIND(kind, type, name) says what of them is wanted ----------- */
#define SESSION(name)    KIND(SESSION, CK_SESSION_HANDLE, name)
#define SLOT(name)       KIND(SLOT, CK_SLOT_ID, name)
#define OBJECT(name)     KIND(OBJECT, CK_OBJECT_HANDLE, name)
#define USER(name)       KIND(USER, CK_USER_TYPE, name)
#define TYPE(name)       KIND(TYPE, CK_MECHANISM_TYPE, name)
#define FLAGS(name)      KIND(FLAGS, CK_FLAGS, name)
#define FLAG(name)       KIND(FLAG, CK_BBOOL, name)
#define SIZE(name)       KIND(SIZE, CK_ULONG, name)
#define LENGTH(name)     KIND(LENGTH, CK_ULONG *, name)
#define BYTES(name)      KIND(BYTES, CK_BYTE *, name)
#define PIN(name)        KIND(PIN, CK_UTF8CHAR *, name)
#define TEXT(name)       KIND(TEXT, CK_UTF8CHAR *, name)
#define ATTRS(name)      KIND(ATTRS, CK_ATTRIBUTE *, name)
#define MECH(name)       KIND(MECH, CK_MECHANISM *, name)
#define PARAM(name)      KIND(PARAM, void *, name)
#define REVISION(name)   KIND(REVISION, CK_VERSION *, name)
#define INIT(name)       KIND(INIT, void *, name)
#define ANY(name)        KIND(ANY, void *, name)
#define NIL(name)        KIND(NIL, void *, name)
#define NOTIFY(name)     KIND(NOTIFY, CK_NOTIFY, name)
#define INFO(type, name) KIND(INFO, type *, name)
#define MANY(type, name) KIND(MANY, type *, name)

#define KIND(kind, type, name) type name
#define FN3 FN
#define FN(name, how, args) __attribute__((visibility("default"))) CK_RV name args;
#include "functions.def"
#undef FN

#define FN(name, how, args) CK_RV (*name) args;
typedef struct CK_FUNCTION_LIST_3_0 {
	CK_VERSION version;
#include "functions.def"
} CK_FUNCTION_LIST_3_0;
#undef FN
#undef FN3

#endif
