/* The slot table. It is the module's, since programs break when slots vanish or change numbers:
 * slot 1 always exists, up to 16, never fewer in a process, whatever the daemon does meanwhile. */
#include "config.h"
#include <stdlib.h>
#include <time.h>
#include "module.h"
#include "size.h"

enum { SERIAL_MAX = 64, WAIT_FIRST = 250, WAIT_LAST = 4000 };	/* milliseconds */

static struct slot {
	uint8_t      serial[SERIAL_MAX];	/* of the token that it holds or last held */
	size_t       serial_n;
	struct place at, told;			/* now; as C_WaitForSlotEvent's caller knows it */
} table[SLOTS];
static unsigned used = 1, shown = 1;	/* slots that exist; that C_GetSlotList gives */
static struct {				/* the newest TokenList that was applied */
	uint32_t epoch;
	uint64_t generation;
} heard;

/* --- tokens into slots ------------------------------------------------------------------------ */

void slot_reset(void)
{
	heard.epoch = 0;
	heard.generation = 0;
	for (size_t i = 0; i < SLOTS; i++)
		table[i].at = table[i].told = (struct place){ 0 };
}

static struct span serial_of(const struct slot *s)
{
	return (struct span){ s->serial, s->serial_n };
}

/* The next token of a TokenList; false at its end. */
static bool next_token(struct cur *c, struct TokenRec_in *t)
{
	if (!cur_left(c))
		return false;
	TokenRec_get_in(c, t);
	return !c->bad;
}

static bool in_list(struct cur list, uint32_t token)
{
	struct TokenRec_in t;

	while (next_token(&list, &t))
		if (t.token == token)
			return true;
	return false;
}

static bool in_table(uint32_t token)
{
	for (size_t i = 0; i < used; i++)
		if (table[i].at.token == token)
			return true;
	return false;
}

/* The slot for a token that has none: its last one, else the lowest empty one; NULL: all full. */
static struct slot *place_for(struct span serial)
{
	struct slot *empty = NULL;

	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *s = &table[i];
		if (s->at.token)
			continue;
		if (s->serial_n && span_eq(serial_of(s), serial))
			return s;
		if (!empty)
			empty = s;
	}
	return empty;
}

static void put_in(struct slot *s, const struct TokenRec_in *t, uint32_t epoch)
{
	struct buf b = BUF(s->serial);

	buf_put(&b, span_first(t->serial, SERIAL_MAX));
	s->serial_n = b.n;
	s->at = (struct place){ epoch, t->token };
	if ((size_t)(s - table) >= used)
		used = (unsigned)(s - table) + 1;
}

/* Brings the table to what the broker says. The lock is held. */
static void apply(struct cur list, uint32_t epoch)
{
	struct TokenRec_in t;

	for (size_t i = 0; i < used; i++)
		if (table[i].at.epoch != epoch || !in_list(list, table[i].at.token))
			table[i].at = (struct place){ 0 };
	while (next_token(&list, &t)) {
		struct span serial = span_first(t.serial, SERIAL_MAX);
		struct slot *s = t.token && !in_table(t.token) ? place_for(serial) : NULL;
		if (s)
			put_in(s, &t, epoch);
	}
}

/* What slots hold when the program first looks is no event. The lock is held. */
static void meet(struct module *m)
{
	for (size_t i = 0; !m->met && i < SLOTS; i++)
		table[i].told = table[i].at;
	m->met = true;
}

/* An answer that another thread's newer one has overtaken changes nothing. The lock is held. */
static bool newest(uint32_t epoch, uint64_t generation)
{
	if (epoch < heard.epoch || (epoch == heard.epoch && generation < heard.generation))
		return false;
	heard.epoch = epoch;
	heard.generation = generation;
	return true;
}

/* Asks for the tokens that there are. No broker: there are none. */
static err refresh(struct module *m)
{
	REPLY r = { 0 };
	struct TokenList_in in = { 0 };
	struct TokenList_out out;
	uint32_t before = link_epoch(m->link);
	err e = call_TokenList(m->link, &in, &out, &r);

	tables_lock();
	if (!m->ending) {
		if (ok(e) && newest(r.epoch, out.generation))
			apply(cur_of(out.list), r.epoch);
		else if (!ok(e) && link_epoch(m->link) == before)
			apply(cur_of(SPAN_NONE), 0);
		meet(m);
	}
	tables_unlock();
	return e;
}

CK_RV slot_place(struct module *m, CK_SLOT_ID id, bool fresh, struct place *at)
{
	if (fresh) {
		err e = refresh(m);
		if (!ok(e) && module_rv(m, e) == CKR_CRYPTOKI_NOT_INITIALIZED)
			return CKR_CRYPTOKI_NOT_INITIALIZED;
	}
	tables_lock();
	bool there = id >= 1 && id <= used;
	if (there)
		*at = table[id - 1].at;
	tables_unlock();
	return there ? CKR_OK : CKR_SLOT_ID_INVALID;
}

bool slot_gone(err e)
{
	switch (e.code) {
	case E_NO_DAEMON: case E_WRONG_VERSION: case E_BAD_FRAME: case E_SESSION_GONE:
	case E_NO_TOKEN: case E_TOKEN_GONE: case E_NO_READERS: case E_NOT_FOUND:
		return true;
	default:
		return false;
	}
}

/* --- lists and infos -------------------------------------------------------------------------- */

/* Writes the ids of the slots shown to `list` (NULL: counts them). The lock is held. */
static CK_ULONG list_slots(CK_BBOOL present, CK_SLOT_ID *list)
{
	CK_ULONG n = 0;

	for (CK_SLOT_ID i = 0; i < shown; i++)
		if (!present || table[i].at.token) {
			if (list)
				list[n] = i + 1;
			n++;
		}
	return n;
}

/* New slots are shown where the program asks how many there are, so that the list which it then makes
 * room for does not grow (NSS); and at its first call, whatever it asks. */
CK_RV C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *n)
{
	ENTER(m);
	CK_RV rv;

	if (!m)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!n)
		return CKR_ARGUMENTS_BAD;
	err e = refresh(m);
	if (!ok(e) && module_rv(m, e) == CKR_CRYPTOKI_NOT_INITIALIZED)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	tables_lock();
	if (!list || !m->listed)
		shown = used;
	m->listed = true;
	if (size_fits(list, n, list_slots(present, NULL), &rv)) {
		*n = list_slots(present, list);
		rv = CKR_OK;
	}
	tables_unlock();
	return rv;
}

/* What the broker knows of the token in a slot: asked of the one that was there, then of the one that
 * is there now. CKR_TOKEN_NOT_PRESENT. */
static CK_RV token_info(struct module *m, CK_SLOT_ID id, struct TokenInfo_out *out, struct reply *r)
{
	for (int turn = 0; turn < 2; turn++) {
		struct place at;
		CK_RV rv = slot_place(m, id, turn > 0, &at);
		if (rv != CKR_OK)
			return rv;
		if (!at.token)
			continue;
		struct TokenInfo_in in = { .token = at.token };
		reply_drop(r);
		r->epoch = at.epoch;
		err e = call_TokenInfo(m->link, &in, out, r);
		if (!slot_gone(e))
			return module_rv(m, e);
	}
	return CKR_TOKEN_NOT_PRESENT;
}

CK_RV C_GetSlotInfo(CK_SLOT_ID id, CK_SLOT_INFO *info)
{
	char text[] = "BSrE token slot 00";
	struct span name = { (uint8_t *)text, sizeof text - 1 };
	struct TokenInfo_out out;
	REPLY r = { 0 };
	ENTER(m);

	if (!m)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!info)
		return CKR_ARGUMENTS_BAD;
	CK_RV rv = token_info(m, id, &out, &r);
	if (rv == CKR_SLOT_ID_INVALID || rv == CKR_CRYPTOKI_NOT_INITIALIZED)
		return rv;
	*info = (CK_SLOT_INFO){ .flags = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT };
	text[name.n - 2] = (char)('0' + id / 10);
	text[name.n - 1] = (char)('0' + id % 10);
	if (rv == CKR_OK) {
		info->flags |= CKF_TOKEN_PRESENT;
		if (out.reader.n)
			name = out.reader;
	}
	size_pad(info->slotDescription, sizeof info->slotDescription, name);
	size_pad(info->manufacturerID, sizeof info->manufacturerID, span_str("bsre-token"));
	return CKR_OK;
}

CK_RV C_GetTokenInfo(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
	struct TokenInfo_out out;
	REPLY r = { 0 };
	ENTER(m);

	if (!m)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!info)
		return CKR_ARGUMENTS_BAD;
	CK_RV rv = token_info(m, id, &out, &r);
	if (rv != CKR_OK)
		return rv;
	*info = (CK_TOKEN_INFO){
		.flags = out.flags,
		.ulMaxSessionCount = out.session_count, .ulSessionCount = out.sessions,
		.ulMaxRwSessionCount = out.rw_session_count, .ulRwSessionCount = out.rw_sessions,
		.ulMaxPinLen = out.pin_max, .ulMinPinLen = out.pin_min,
		.ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION,
		.ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION,
		.ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION,
		.ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION,
		.firmwareVersion = { (CK_BYTE)(out.firmware >> 16), (CK_BYTE)(out.firmware >> 8) },
	};
	size_pad(info->label, sizeof info->label, out.label);
	size_pad(info->manufacturerID, sizeof info->manufacturerID, out.manufacturer);
	size_pad(info->model, sizeof info->model, out.model);
	size_pad(info->serialNumber, sizeof info->serialNumber, out.serial);
	size_pad(info->utcTime, sizeof info->utcTime, SPAN_NONE);
	return CKR_OK;
}

/* --- C_WaitForSlotEvent ----------------------------------------------------------------------- */

/* The first slot whose token is another than the caller was told of; it is told now. */
static bool next_event(CK_SLOT_ID *id, uint64_t *generation)
{
	bool any = false;

	tables_lock();
	*generation = heard.generation;
	for (size_t i = 0; i < used && !any; i++) {
		struct slot *s = &table[i];
		any = s->at.token != s->told.token || s->at.epoch != s->told.epoch;
		if (any) {
			s->told = s->at;
			*id = i + 1;
		}
	}
	tables_unlock();
	return any;
}

/* Sleeps, but not beyond C_Finalize. */
static void calm(struct module *m, long milliseconds)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += milliseconds / 1000;
	t.tv_nsec += milliseconds % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	tables_lock();
	while (!m->ending && tables_wait(&m->ended, &t))
		;
	tables_unlock();
}

/* One wait for a change: at the broker, or, where there is none, for a while that grows. */
static void wait_change(struct module *m, uint64_t generation, bool connected, long *pause)
{
	REPLY r = { 0 };
	struct WaitEvent_in in = { .generation = generation };
	struct WaitEvent_out out;

	if (connected && ok(call_WaitEvent(m->link, &in, &out, &r)) && out.now != generation) {
		*pause = WAIT_FIRST;
		return;
	}
	calm(m, *pause);
	*pause = *pause * 2 < WAIT_LAST ? *pause * 2 : WAIT_LAST;
}

CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved)
{
	uint64_t generation;
	long pause = WAIT_FIRST;
	ENTER(m);

	if (!m)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!slot || reserved)
		return CKR_ARGUMENTS_BAD;
	for (;;) {
		err e = refresh(m);
		if (module_rv(m, FAIL(NO_DAEMON)) == CKR_CRYPTOKI_NOT_INITIALIZED)
			return CKR_CRYPTOKI_NOT_INITIALIZED;
		if (next_event(slot, &generation))
			return CKR_OK;
		if (flags & CKF_DONT_BLOCK)
			return CKR_NO_EVENT;
		wait_change(m, generation, ok(e), &pause);
	}
}
