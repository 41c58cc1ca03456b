/* The one engine behind digest, sign, verify, encrypt, decrypt and recover (op-calls.c calls it). */
#ifndef BSRE_PKCS11_OP_H
#define BSRE_PKCS11_OP_H
#include "module.h"

/* C_XInit. mech NULL ends a running operation (PKCS#11 3.0, 5.2). */
CK_RV op_init(CK_SESSION_HANDLE h, enum op_kind kind, CK_MECHANISM *mech, CK_OBJECT_HANDLE key);

/* C_XUpdate where parts give nothing back. */
CK_RV op_update(CK_SESSION_HANDLE h, enum op_kind kind, struct span part);

/* C_XUpdate where they do. */
CK_RV op_update_out(CK_SESSION_HANDLE h, enum op_kind kind, struct span part, CK_BYTE *out,
		    CK_ULONG *len);

/* C_X (whole: `data` is all there is) and C_XFinal. */
CK_RV op_result(CK_SESSION_HANDLE h, enum op_kind kind, bool whole, struct span data, CK_BYTE *out,
		CK_ULONG *len);

/* C_Verify and C_VerifyFinal. */
CK_RV op_verify(CK_SESSION_HANDLE h, bool whole, struct span data, struct span signature);
#endif
