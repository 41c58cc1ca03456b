/* The functions of Cryptoki that are operations: each a kind and its arguments for op.c. */
#include "config.h"
#include "op.h"

#define BYTES_OF(p, n) ((struct span){ (p), (n) })

/* --- C_XInit ---------------------------------------------------------------------------------- */
#define INIT_WITH_KEY(name, kind) \
CK_RV name(CK_SESSION_HANDLE h, CK_MECHANISM *mech, CK_OBJECT_HANDLE key) \
{ \
	return op_init(h, kind, mech, key); \
}
INIT_WITH_KEY(C_SignInit, OP_SIGN)
INIT_WITH_KEY(C_SignRecoverInit, OP_SIGN_RECOVER)
INIT_WITH_KEY(C_VerifyInit, OP_VERIFY)
INIT_WITH_KEY(C_VerifyRecoverInit, OP_VERIFY_RECOVER)
INIT_WITH_KEY(C_EncryptInit, OP_ENCRYPT)
INIT_WITH_KEY(C_DecryptInit, OP_DECRYPT)

CK_RV C_DigestInit(CK_SESSION_HANDLE h, CK_MECHANISM *mech)
{
	return op_init(h, OP_DIGEST, mech, 0);
}

/* --- C_X, all data at once -------------------------------------------------------------------- */
#define WHOLE(name, kind) \
CK_RV name(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG n, CK_BYTE *out, CK_ULONG *len) \
{ \
	return op_result(h, kind, true, BYTES_OF(data, n), out, len); \
}
WHOLE(C_Digest, OP_DIGEST)
WHOLE(C_Sign, OP_SIGN)
WHOLE(C_SignRecover, OP_SIGN_RECOVER)
WHOLE(C_VerifyRecover, OP_VERIFY_RECOVER)
WHOLE(C_Encrypt, OP_ENCRYPT)
WHOLE(C_Decrypt, OP_DECRYPT)

CK_RV C_Verify(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG n, CK_BYTE *signature, CK_ULONG len)
{
	return op_verify(h, true, BYTES_OF(data, n), BYTES_OF(signature, len));
}

/* --- C_XUpdate -------------------------------------------------------------------------------- */
#define UPDATE(name, kind) \
CK_RV name(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG n) \
{ \
	return op_update(h, kind, BYTES_OF(data, n)); \
}
UPDATE(C_DigestUpdate, OP_DIGEST)
UPDATE(C_SignUpdate, OP_SIGN)
UPDATE(C_VerifyUpdate, OP_VERIFY)

#define UPDATE_OUT(name, kind) \
CK_RV name(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG n, CK_BYTE *out, CK_ULONG *len) \
{ \
	return op_update_out(h, kind, BYTES_OF(data, n), out, len); \
}
UPDATE_OUT(C_EncryptUpdate, OP_ENCRYPT)
UPDATE_OUT(C_DecryptUpdate, OP_DECRYPT)

/* --- C_XFinal --------------------------------------------------------------------------------- */
#define FINAL(name, kind) \
CK_RV name(CK_SESSION_HANDLE h, CK_BYTE *out, CK_ULONG *len) \
{ \
	return op_result(h, kind, false, SPAN_NONE, out, len); \
}
FINAL(C_DigestFinal, OP_DIGEST)
FINAL(C_SignFinal, OP_SIGN)
FINAL(C_EncryptFinal, OP_ENCRYPT)
FINAL(C_DecryptFinal, OP_DECRYPT)

CK_RV C_VerifyFinal(CK_SESSION_HANDLE h, CK_BYTE *signature, CK_ULONG len)
{
	return op_verify(h, false, SPAN_NONE, BYTES_OF(signature, len));
}
