/* The slots of a module: which of them is a reader's card, and which it has itself. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <winscard.h>
#include "cryptoki.h"

enum { SLOTS_MAX = 64 };

/* The slots with a token; SLOTS_MAX of them at most. */
static err list_slots(CK_FUNCTION_LIST_PTR f, CK_SLOT_ID *out, CK_ULONG *n)
{
	CK_ULONG all = 0;

	CK_RV rv = f->C_GetSlotList(CK_TRUE, NULL, &all);	/* OpenSC looks at its readers here alone */
	*n = SLOTS_MAX;
	if (rv == CKR_OK)
		rv = f->C_GetSlotList(CK_TRUE, out, n);
	if (rv == CKR_OK && *n <= SLOTS_MAX)
		return OK;
	log_line(LOG_ERROR, "module %s: C_GetSlotList answers 0x%lx and %lu slots", cryptoki_used()->name, rv, *n);
	*n = 0;
	return FAIL(MODULE_BAD);
}

static bool describes(CK_FUNCTION_LIST_PTR f, CK_SLOT_ID slot, const char *reader)
{
	CK_SLOT_INFO info = { 0 };

	if (f->C_GetSlotInfo(slot, &info) != CKR_OK)
		return false;
	struct span said = cryptoki_unpad(info.slotDescription, sizeof info.slotDescription);
	return span_eq(said, span_first(span_str(reader), sizeof info.slotDescription));
}

/* A slot's own number in a name that cryptoki_slots made; false: it is a reader of pcscd. */
static bool own_slot(const char *name, CK_SLOT_ID *slot)
{
	size_t n = strlen(cryptoki_used()->name);
	char *end;

	if (strncmp(name, cryptoki_used()->name, n) != 0 || strncmp(name + n, ":0x", 3) != 0)
		return false;
	*slot = strtoul(name + n + 3, &end, 16);
	return !*end;
}

/* The readers of pcscd, each ended by a zero byte, or NULL. */
static char *pcsc_readers(SCARDCONTEXT *context)
{
	DWORD n = SCARD_AUTOALLOCATE;
	char *names = NULL;

	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, context) != SCARD_S_SUCCESS)
		return NULL;
	if (SCardListReaders(*context, NULL, (LPSTR)&names, &n) == SCARD_S_SUCCESS)
		return names;
	SCardReleaseContext(*context);
	return NULL;
}

static bool is_pcsc(CK_FUNCTION_LIST_PTR f, CK_SLOT_ID slot, const char *readers)
{
	for (const char *s = readers; s && *s; s += strlen(s) + 1)
		if (describes(f, slot, s))
			return true;
	return false;
}

/* A slot of hardware, which its module calls like no reader of pcscd: its only one must be ours. */
static bool is_nameless(CK_FUNCTION_LIST_PTR f, CK_SLOT_ID slot)
{
	CK_SLOT_INFO info = { 0 };
	SCARDCONTEXT context;

	if (f->C_GetSlotInfo(slot, &info) != CKR_OK || !(info.flags & CKF_HW_SLOT) ||
	    !(info.flags & CKF_REMOVABLE_DEVICE))
		return false;
	char *readers = pcsc_readers(&context);
	bool named = !readers || is_pcsc(f, slot, readers);
	if (readers) {
		SCardFreeMemory(context, readers);
		SCardReleaseContext(context);
	}
	return !named;
}

/* The slots of a reader's card: those that are called like it; where no slot is called like any reader, the only
 * one that there is. */
err cryptoki_find_slot(struct cryptoki *c)
{
	CK_SLOT_ID all[SLOTS_MAX];
	CK_ULONG n;
	bool found = false;

	if (own_slot(c->name, &c->slot)) {
		c->parts = 1;
		return OK;
	}
	c->pcsc = true;
	TRY(list_slots(c->f, all, &n));
	for (CK_ULONG i = 0; i < n; i++) {
		CK_TOKEN_INFO info;
		if (!describes(c->f, all[i], c->name) || c->f->C_GetTokenInfo(all[i], &info) != CKR_OK)
			continue;
		if (c->parts++ == c->part) {
			c->slot = all[i];
			found = true;
		}
	}
	if (!c->parts && n == 1 && is_nameless(c->f, all[0])) {
		c->slot = all[0];
		c->parts = 1;
		found = c->part == 0;
	}
	return found ? OK : FAIL(UNKNOWN_CARD);
}

err cryptoki_slots(const struct module *m, void (*told)(const char *reader))
{
	CK_SLOT_ID all[SLOTS_MAX];
	SCARDCONTEXT context;
	char name[128];
	CK_ULONG n;

	cryptoki_use(m);
	TRY(cryptoki_load(m, NULL));
	TRY(list_slots(cryptoki_functions(), all, &n));
	char *readers = pcsc_readers(&context);
	for (CK_ULONG i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%s:0x%lx", m->name, all[i]);
		if (!is_pcsc(cryptoki_functions(), all[i], readers))
			told(name);
	}
	if (readers) {
		SCardFreeMemory(context, readers);
		SCardReleaseContext(context);
	}
	return OK;
}
