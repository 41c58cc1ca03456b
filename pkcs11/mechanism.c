/* C_GetMechanismList and C_GetMechanismInfo, answered from the list that the broker gave once for each
 * token: Java asks for about seventy mechanisms when it starts. */
#include "config.h"
#include <stdlib.h>
#include "module.h"
#include "size.h"

enum { MECHS_MAX = 1024 };

/* Takes the list apart into memory of its own; at most MECHS_MAX. */
static err read_list(struct span list, struct mechs *to)
{
	struct cur c = cur_of(list);
	struct MechRec_in row;

	for (to->n = 0; cur_left(&c); to->n++)
		MechRec_get_in(&c, &row);
	if (c.bad || to->n > MECHS_MAX)
		return FAIL(BAD_FRAME);
	to->row = calloc(to->n + 1, sizeof *to->row);
	if (!to->row)
		return FAIL(QUOTA);
	c = cur_of(list);
	for (size_t i = 0; i < to->n; i++)
		MechRec_get_in(&c, &to->row[i]);
	return OK;
}

static err fetch(struct module *m, struct place at, struct mechs *to)
{
	REPLY r = { .epoch = at.epoch };
	struct MechList_in in = { .token = at.token };
	struct MechList_out out;

	*to = (struct mechs){ .epoch = at.epoch, .token = at.token };
	TRY(call_MechList(m->link, &in, &out, &r));
	return read_list(out.list, to);
}

/* Is what is kept for the slot of the token that is there? The lock is held. */
static bool fits(const struct mechs *kept, struct place at)
{
	return kept->row && kept->epoch == at.epoch && kept->token == at.token;
}

/* Makes m->mechs[id - 1] that of the token at `at`. */
static err ensure(struct module *m, CK_SLOT_ID id, struct place at)
{
	struct mechs list, old;

	tables_lock();
	bool have = fits(&m->mechs[id - 1], at);
	tables_unlock();
	if (have)
		return OK;
	TRY(fetch(m, at, &list));
	tables_lock();
	old = m->mechs[id - 1];
	m->mechs[id - 1] = list;
	tables_unlock();
	free(old.row);
	return OK;
}

/* CKR_OK: the lock is held, and m->mechs[id - 1] is that of the token in the slot. */
static CK_RV lock_mechs(struct module *m, CK_SLOT_ID id)
{
	struct place at;

	for (int turn = 0; turn < 2; turn++) {
		CK_RV rv = slot_place(m, id, turn > 0, &at);
		if (rv != CKR_OK)
			return rv;
		err e = at.token ? ensure(m, id, at) : FAIL(NO_TOKEN);
		if (!ok(e) && !slot_gone(e))
			return module_rv(m, e);
		tables_lock();
		if (ok(e) && fits(&m->mechs[id - 1], at))
			return CKR_OK;
		tables_unlock();
	}
	return CKR_TOKEN_NOT_PRESENT;
}

CK_RV C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *n)
{
	ENTER(m);

	if (!m)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!n)
		return CKR_ARGUMENTS_BAD;
	CK_RV rv = lock_mechs(m, slot);
	if (rv != CKR_OK)
		return rv;
	const struct mechs *have = &m->mechs[slot - 1];
	if (size_fits(list, n, have->n, &rv)) {
		for (size_t i = 0; i < have->n; i++)
			list[i] = have->row[i].type;
		*n = have->n;
	}
	tables_unlock();
	return rv;
}

/* Signatures that hash: NSS makes them in parts, and forgets there that a key wants its PIN each time: it
 * goes on to C_SignFinal without the login that it makes before C_Sign. Where it finds that it may not sign
 * with them it hashes by itself. */
static CK_FLAGS flags_for(CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
	if (!module_in_nss())
		return flags;
	switch (type) {
	case CKM_SHA1_RSA_PKCS:
	case CKM_SHA1_RSA_PKCS_PSS:
	case CKM_SHA256_RSA_PKCS ... CKM_SHA512_RSA_PKCS_PSS:
	case CKM_SHA224_RSA_PKCS ... CKM_SHA224_RSA_PKCS_PSS:
	case CKM_ECDSA_SHA1 ... CKM_ECDSA_SHA512:
		return flags & ~(CK_FLAGS)CKF_SIGN;
	default:
		return flags;
	}
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	ENTER(m);

	if (!m)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!info)
		return CKR_ARGUMENTS_BAD;
	CK_RV rv = lock_mechs(m, slot);
	if (rv != CKR_OK)
		return rv;
	const struct mechs *have = &m->mechs[slot - 1];
	rv = CKR_MECHANISM_INVALID;
	for (size_t i = 0; i < have->n; i++)
		if (have->row[i].type == type) {
			*info = (CK_MECHANISM_INFO){
				.ulMinKeySize = have->row[i].smallest,
				.ulMaxKeySize = have->row[i].largest, .flags = flags_for(type, have->row[i].flags),
			};
			rv = CKR_OK;
		}
	tables_unlock();
	return rv;
}
