/* What PKCS#11 3.0 adds and p11-kit's header of Debian 12 lacks, and each function declared as
 * functions.def has it. tests/unit/test-cryptoki.c holds it against NSS's header. */
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

/* --- the kinds of functions.def as C ----------------------------------------------------------- */
#define SESSION(name)    CK_SESSION_HANDLE name
#define SLOT(name)       CK_SLOT_ID name
#define OBJECT(name)     CK_OBJECT_HANDLE name
#define USER(name)       CK_USER_TYPE name
#define TYPE(name)       CK_MECHANISM_TYPE name
#define FLAGS(name)      CK_FLAGS name
#define FLAG(name)       CK_BBOOL name
#define SIZE(name)       CK_ULONG name
#define INFO(type, name) type *name
#define MANY(type, name) type *name
#define LENGTH(name)     CK_ULONG *name
#define BYTES(name)      CK_BYTE *name
#define PIN(name)        CK_UTF8CHAR *name
#define TEXT(name)       CK_UTF8CHAR *name
#define ATTRS(name)      CK_ATTRIBUTE *name
#define MECH(name)       CK_MECHANISM *name
#define PARAM(name)      void *name
#define REVISION(name)   CK_VERSION *name
#define INIT(name)       void *name
#define ANY(name)        void *name
#define NIL(name)        void *name
#define NOTIFY(name)     CK_NOTIFY name

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
