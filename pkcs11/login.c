/* Logging in and out, and the functions that set PINs. A PIN goes through here and nowhere else. */
#include "config.h"
#include "module.h"

/* CKR_PIN_LEN_RANGE: longer than any token's. */
static CK_RV take(struct secret *to, const CK_UTF8CHAR *pin, CK_ULONG n)
{
	if (n && !pin)
		return CKR_ARGUMENTS_BAD;
	return secret_set(to, (struct span){ pin, n }) ? CKR_OK : CKR_PIN_LEN_RANGE;
}

/* pin NULL: the person is asked elsewhere (PKCS#11 2.40, 5.6, protected authentication path). */
CK_RV C_Login(CK_SESSION_HANDLE h, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG n)
{
	HOLD(s, h);
	REPLY r = { .epoch = s->epoch };
	struct Login_in in = { .session = s->id, .user = (uint32_t)user, .given = pin != NULL };
	struct Login_out out;

	if (user != CKU_SO && user != CKU_USER && user != CKU_CONTEXT_SPECIFIC)
		return CKR_USER_TYPE_INVALID;
	CK_RV rv = take(&in.pin, pin, n);
	if (rv == CKR_OK)
		rv = session_rv(s, call_Login(s->m->link, &in, &out, &r));
	secret_wipe(&in.pin);
	return rv;
}

/* PKCS#11 3.0, 5.6.9: a token has one user, who has no name. */
CK_RV C_LoginUser(CK_SESSION_HANDLE h, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG n,
		  CK_UTF8CHAR *name, CK_ULONG name_n)
{
	if (!name_n)
		return C_Login(h, user, pin, n);
	HOLD(s, h);
	return name ? CKR_USER_TYPE_INVALID : CKR_ARGUMENTS_BAD;
}

CK_RV C_Logout(CK_SESSION_HANDLE h)
{
	HOLD(s, h);
	REPLY r = { .epoch = s->epoch };
	struct Logout_in in = { .session = s->id };
	struct Logout_out out;

	return session_rv(s, call_Logout(s->m->link, &in, &out, &r));
}

CK_RV C_InitPIN(CK_SESSION_HANDLE h, CK_UTF8CHAR *pin, CK_ULONG n)
{
	HOLD(s, h);
	REPLY r = { .epoch = s->epoch };
	struct PinInit_in in = { .session = s->id };
	struct PinInit_out out;

	CK_RV rv = pin ? take(&in.pin, pin, n) : CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = session_rv(s, call_PinInit(s->m->link, &in, &out, &r));
	secret_wipe(&in.pin);
	return rv;
}

CK_RV C_SetPIN(CK_SESSION_HANDLE h, CK_UTF8CHAR *old, CK_ULONG old_n, CK_UTF8CHAR *new,
	       CK_ULONG new_n)
{
	HOLD(s, h);
	REPLY r = { .epoch = s->epoch };
	struct PinSet_in in = { .session = s->id };
	struct PinSet_out out;

	CK_RV rv = old && new ? take(&in.old, old, old_n) : CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = take(&in.new, new, new_n);
	if (rv == CKR_OK)
		rv = session_rv(s, call_PinSet(s->m->link, &in, &out, &r));
	secret_wipe(&in.old);
	secret_wipe(&in.new);
	return rv;
}

/* A label field's text without the blanks that pad it. */
static struct span label_text(const CK_UTF8CHAR *label)
{
	struct span v = { label, 32 };

	while (v.n && v.p[v.n - 1] == ' ')
		v.n--;
	return v;
}

/* To the token in the slot: where it is known to be, then where it is now. */
static CK_RV init_token(struct module *m, CK_SLOT_ID slot, struct TokenInit_in *in)
{
	for (int turn = 0; turn < 2; turn++) {
		struct TokenInit_out out;
		struct place at;
		CK_RV rv = slot_place(m, slot, turn > 0, &at);
		if (rv != CKR_OK)
			return rv;
		if (!at.token)
			continue;
		REPLY r = { .epoch = at.epoch };
		in->token = at.token;
		err e = call_TokenInit(m->link, in, &out, &r);
		if (e.code != E_SESSION_GONE && e.code != E_NO_TOKEN)
			return module_rv(m, e);
	}
	return CKR_TOKEN_NOT_PRESENT;
}

CK_RV C_InitToken(CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG n, CK_UTF8CHAR *label)
{
	struct TokenInit_in in = { 0 };
	ENTER(m);

	if (!m)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!pin || !label)
		return CKR_ARGUMENTS_BAD;
	in.label = label_text(label);
	CK_RV rv = take(&in.pin, pin, n);
	if (rv == CKR_OK)
		rv = init_token(m, slot, &in);
	secret_wipe(&in.pin);
	return rv;
}
