/* Keys made on the token: a pair, and a secret that two parties share. */
#include "config.h"
#include "module.h"
#include "template.h"

static uint32_t number(CK_OBJECT_HANDLE key)
{
	return key <= UINT32_MAX ? (uint32_t)key : 0;
}

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE h, CK_MECHANISM *mech, CK_ATTRIBUTE *pub, CK_ULONG pub_n,
			CK_ATTRIBUTE *priv, CK_ULONG priv_n, CK_OBJECT_HANDLE *pub_key,
			CK_OBJECT_HANDLE *priv_key)
{
	HOLD(s, h);
	ROOM param = { 0 };
	ROOM publics = { 0 };
	ROOM privates = { 0 };
	REPLY r = { .epoch = s->epoch };
	struct KeyPairGenerate_out out;

	if (!mech || !pub_key || !priv_key)
		return CKR_ARGUMENTS_BAD;
	CK_RV rv = params_put(&param, mech);
	if (rv == CKR_OK)
		rv = template_put(&publics, pub, pub_n);
	if (rv == CKR_OK)
		rv = template_put(&privates, priv, priv_n);
	if (rv != CKR_OK)
		return rv;
	struct KeyPairGenerate_in in = {
		.session = s->id, .mech = mech->mechanism, .param = buf_span(&param),
		.public_attrs = buf_span(&publics), .private_attrs = buf_span(&privates),
	};
	err e = call_KeyPairGenerate(s->m->link, &in, &out, &r);
	if (ok(e)) {
		*pub_key = out.public_key;
		*priv_key = out.private_key;
	}
	return session_rv(s, e);
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE h, CK_MECHANISM *mech, CK_OBJECT_HANDLE base, CK_ATTRIBUTE *attrs,
		  CK_ULONG n, CK_OBJECT_HANDLE *key)
{
	HOLD(s, h);
	ROOM param = { 0 };
	ROOM list = { 0 };
	REPLY r = { .epoch = s->epoch };
	struct Derive_out out;

	if (!mech || !key)
		return CKR_ARGUMENTS_BAD;
	CK_RV rv = params_put(&param, mech);
	if (rv == CKR_OK)
		rv = template_put(&list, attrs, n);
	if (rv != CKR_OK)
		return rv;
	struct Derive_in in = {
		.session = s->id, .mech = mech->mechanism, .param = buf_span(&param),
		.key = number(base), .attrs = buf_span(&list),
	};
	err e = call_Derive(s->m->link, &in, &out, &r);
	if (ok(e))
		*key = out.object;
	return session_rv(s, e);
}
