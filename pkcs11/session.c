/* Sessions: the module's own handles, which are never used twice, over the broker's numbers. */
#include "config.h"
#include <stdlib.h>
#include "module.h"

static CK_SESSION_HANDLE last_handle;	/* for the life of the process */

/* --- the table -------------------------------------------------------------------------------- */

static struct session **find(struct module *m, CK_SESSION_HANDLE h)
{
	struct session **s = &m->session[h % BUCKETS];

	while (*s && (*s)->handle != h)
		s = &(*s)->next;
	return s;
}

static void session_free(struct session *s)
{
	for (size_t i = 0; i < OP_KINDS; i++)
		op_clear(&s->op[i]);
	free(s->found);
	free(s);
}

/* The lock is held. */
static void unlist(struct session **at)
{
	struct session *s = *at;

	*at = s->next;
	s->listed = false;
	if (--s->refs == 0)
		session_free(s);
}

bool session_unlist(struct session *s)
{
	tables_lock();
	bool mine = s->listed;
	if (mine)
		unlist(find(s->m, s->handle));
	tables_unlock();
	return mine;
}

void session_unlist_all(struct module *m)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (m->session[i])
			unlist(&m->session[i]);
}

CK_RV session_hold(CK_SESSION_HANDLE h, struct session **out)
{
	ENTER(m);
	struct session *s;

	if (!m)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	tables_lock();
	s = *find(m, h);
	if (s) {
		s->refs++;
		m->refs++;
	}
	tables_unlock();
	*out = s;
	return s ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
}

void session_drop(struct session **at)
{
	struct session *s = *at;

	if (!s)
		return;
	struct module *m = s->m;
	tables_lock();
	if (--s->refs == 0)
		session_free(s);
	tables_unlock();
	module_leave(&m);
}

CK_RV session_rv(struct session *s, err e)
{
	if (e.code == E_SESSION_GONE || e.code == E_NO_DAEMON || e.code == E_TOKEN_GONE)
		session_unlist(s);
	return module_rv(s->m, e);
}

/* Makes s a session of the table, with one reference by the table, and gives its handle: from then on
 * another thread may end it. */
static bool list(struct module *m, struct session *s, CK_SESSION_HANDLE *h)
{
	tables_lock();
	bool good = !m->ending;
	if (good) {
		*h = s->handle = ++last_handle;
		s->listed = true;
		s->refs = 1;
		s->next = m->session[s->handle % BUCKETS];
		m->session[s->handle % BUCKETS] = s;
	}
	tables_unlock();
	return good;
}

/* --- opening and closing ---------------------------------------------------------------------- */

/* Asks for a session with the token in a slot: where it is known to be, then where it is now. */
static CK_RV open_at(struct module *m, struct session *s, CK_FLAGS flags)
{
	for (int turn = 0; turn < 2; turn++) {
		struct place at;
		CK_RV rv = slot_place(m, s->slot, turn > 0, &at);
		if (rv != CKR_OK)
			return rv;
		if (!at.token)
			continue;
		REPLY r = { .epoch = at.epoch };
		struct SessionOpen_in in = {
			.token = at.token, .flags = (uint32_t)(flags & CKF_RW_SESSION),
		};
		struct SessionOpen_out out;
		err e = call_SessionOpen(m->link, &in, &out, &r);
		s->id = out.session;
		s->epoch = r.epoch;
		if (!slot_gone(e))
			return module_rv(m, e);
	}
	return CKR_TOKEN_NOT_PRESENT;
}

CK_RV C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
		    CK_SESSION_HANDLE *h)
{
	ENTER(m);

	(void)application, (void)notify;	/* nothing is ever notified */
	if (!m)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!h)
		return CKR_ARGUMENTS_BAD;
	if (!(flags & CKF_SERIAL_SESSION))
		return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
	struct session *s = calloc(1, sizeof *s);
	if (!s)
		return CKR_HOST_MEMORY;
	s->m = m;
	s->slot = slot;
	CK_RV rv = open_at(m, s, flags);
	if (rv == CKR_OK && !list(m, s, h))
		rv = CKR_CRYPTOKI_NOT_INITIALIZED;
	if (rv != CKR_OK)
		free(s);
	return rv;
}

/* Closed here whatever the broker says: a session that it lost is closed there already. */
CK_RV C_CloseSession(CK_SESSION_HANDLE h)
{
	HOLD(s, h);
	REPLY r = { .epoch = s->epoch };
	struct SessionClose_in in = { .session = s->id };
	struct SessionClose_out out;

	if (!session_unlist(s))
		return CKR_SESSION_HANDLE_INVALID;
	err e = call_SessionClose(s->m->link, &in, &out, &r);
	return e.code == E_NO_DAEMON ? CKR_OK : module_rv(s->m, e);
}

/* Takes all sessions of a slot off the table. */
static void unlist_slot(struct module *m, CK_SLOT_ID slot)
{
	tables_lock();
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct session **at = &m->session[i]; *at;)
			if ((*at)->slot == slot)
				unlist(at);
			else
				at = &(*at)->next;
	tables_unlock();
}

CK_RV C_CloseAllSessions(CK_SLOT_ID slot)
{
	ENTER(m);
	struct place at;

	if (!m)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	CK_RV rv = slot_place(m, slot, false, &at);
	if (rv != CKR_OK)
		return rv;
	unlist_slot(m, slot);
	if (!at.token)
		return CKR_OK;
	REPLY r = { .epoch = at.epoch };
	struct SessionCloseAll_in in = { .token = at.token };
	struct SessionCloseAll_out out;
	err e = call_SessionCloseAll(m->link, &in, &out, &r);
	return slot_gone(e) ? CKR_OK : module_rv(m, e);
}

/* --- the rest --------------------------------------------------------------------------------- */

/* The broker is asked each time: NSS and Java see by this call alone that a token was pulled out. */
CK_RV C_GetSessionInfo(CK_SESSION_HANDLE h, CK_SESSION_INFO *info)
{
	HOLD(s, h);
	REPLY r = { .epoch = s->epoch };
	struct SessionInfo_in in = { .session = s->id };
	struct SessionInfo_out out;

	if (!info)
		return CKR_ARGUMENTS_BAD;
	err e = call_SessionInfo(s->m->link, &in, &out, &r);
	if (ok(e))
		*info = (CK_SESSION_INFO){
			.slotID = s->slot, .state = out.state, .flags = out.flags | CKF_SERIAL_SESSION,
		};
	return session_rv(s, e);
}

/* No CKF_RNG: the token's random numbers are for the token. */
CK_RV C_SeedRandom(CK_SESSION_HANDLE h, CK_BYTE *seed, CK_ULONG n)
{
	HOLD(s, h);

	return n && !seed ? CKR_ARGUMENTS_BAD : CKR_RANDOM_NO_RNG;
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE h, CK_BYTE *out, CK_ULONG n)
{
	HOLD(s, h);

	return n && !out ? CKR_ARGUMENTS_BAD : CKR_RANDOM_NO_RNG;
}

/* PKCS#11 2.40, 5.15: left from times when functions ran in parallel. */
CK_RV C_GetFunctionStatus(CK_SESSION_HANDLE h)
{
	HOLD(s, h);

	return CKR_FUNCTION_NOT_PARALLEL;
}

CK_RV C_CancelFunction(CK_SESSION_HANDLE h)
{
	HOLD(s, h);

	return CKR_FUNCTION_NOT_PARALLEL;
}

/* PKCS#11 3.0, 5.6.8: ends what runs; what does not run needs no end, and what is at the card has none but
 * its own. */
CK_RV C_SessionCancel(CK_SESSION_HANDLE h, CK_FLAGS flags)
{
	static const struct { CK_FLAGS flag; enum op_kind kind; } kinds[] = {
		{ CKF_ENCRYPT, OP_ENCRYPT }, { CKF_DECRYPT, OP_DECRYPT }, { CKF_DIGEST, OP_DIGEST },
		{ CKF_SIGN, OP_SIGN }, { CKF_SIGN_RECOVER, OP_SIGN_RECOVER },
		{ CKF_VERIFY, OP_VERIFY }, { CKF_VERIFY_RECOVER, OP_VERIFY_RECOVER },
	};
	HOLD(s, h);
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if ((flags & kinds[i].flag) && !op_cancel(s, kinds[i].kind))
			rv = CKR_OPERATION_CANCEL_FAILED;
	if (flags & CKF_FIND_OBJECTS) {
		tables_lock();
		s->finding = false;
		tables_unlock();
	}
	return rv;
}
