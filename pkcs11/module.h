/* What the module's files share: one initialisation, its sessions, the one lock.
 *
 * The lock guards every table here and is never held while anything is waited for. What a thread
 * uses is kept alive by references, so C_Finalize and C_CloseSession never wait for other threads. */
#ifndef BSRE_PKCS11_MODULE_H
#define BSRE_PKCS11_MODULE_H
#include <pthread.h>
#include <time.h>
#include "lib/err.h"
#include "pkcs11-3.h"
#include "wire/link.h"
#include "wire/records.h"

enum { SLOTS = 16, BUCKETS = 64 };

/* A token's mechanisms, as MechList had them: the same for as long as the token is there. */
struct mechs { uint32_t epoch, token; size_t n; struct MechRec_in *row; };

/* What one C_Initialize began and C_Finalize ended. */
struct module {
	struct module  *older;		/* in a child of fork: what it must not touch (see forget) */
	unsigned        refs;		/* one until C_Finalize, one for each call under way */
	bool            ending;
	bool            listed;		/* C_GetSlotList was called */
	bool            met;		/* what slots hold at the start has been seen: no event */
	struct link    *link;
	pthread_cond_t  ended;		/* wakes C_WaitForSlotEvent */
	struct session *session[BUCKETS];
	struct mechs    mechs[SLOTS];
};

/* An operation as the module sees it: enough for lengths. */
struct op {
	bool        live;
	bool        parts;		/* begun in parts: C_Sign is too late */
	bool        streamed;		/* the data are at the broker; only the result is wanted ... */
	size_t      asked_n;		/* ... and these they were, where a PIN was wanted first */
	uint64_t    asked;
	uint32_t    most;		/* the longest result */
	uint8_t    *kept;		/* a result that the caller had no room for */
	size_t      kept_n;
	uint8_t    *held;		/* small parts that were not sent yet */
	size_t      held_n;
};

struct session {
	struct session   *next;
	struct module    *m;
	CK_SESSION_HANDLE handle;
	unsigned          refs;
	bool              listed;
	CK_SLOT_ID        slot;
	uint32_t          id, epoch;	/* the broker's number, and on which connection */
	struct op         op[OP_KINDS];
	bool              finding;
	uint32_t         *found;	/* what C_FindObjects still gives: found[at] .. found[found_n - 1] */
	size_t            found_n, found_at;
};

/* C_GetInfo as the 3.0 list has it. */
CK_RV C_GetInfo_3(CK_INFO *info);

/* Did NSS load us in this process (Firefox, Chromium, LibreOffice, poppler)? */
bool module_in_nss(void);

void tables_lock(void);
void tables_unlock(void);
/* Waits with the lock given up; false: it is later than `until`. */
bool tables_wait(pthread_cond_t *change, const struct timespec *until);

/* The initialisation that is in force, held; NULL: none, or it was made by our parent process. */
struct module *module_enter(void);
void           module_leave(struct module **m);
#define ENTER(m) __attribute__((cleanup(module_leave))) struct module *m = module_enter()

/* Finds a session and holds it and its module. CKR_CRYPTOKI_NOT_INITIALIZED,
 * CKR_SESSION_HANDLE_INVALID. */
CK_RV session_hold(CK_SESSION_HANDLE h, struct session **s);
void  session_drop(struct session **s);
#define HOLD(s, h) \
	__attribute__((cleanup(session_drop))) struct session *s = NULL; \
	do { CK_RV rv_ = session_hold((h), &s); if (rv_ != CKR_OK) return rv_; } while (0)

/* What the caller gets for e; a session that e says is lost is invalid from here on. */
CK_RV session_rv(struct session *s, err e);

/* Takes a session off the table. False: another thread did. */
bool session_unlist(struct session *s);

/* At C_Finalize: all of them. The lock is held. */
void session_unlist_all(struct module *m);

/* Ends an operation, at the broker too. False: it is being carried out and goes on. */
bool op_cancel(struct session *s, enum op_kind kind);
/* Forgets what the module knows of an operation. The lock is held. */
void op_clear(struct op *op);

/* Slots have no tokens until they are asked for again. The lock is held. */
void slot_reset(void);

/* Where a token is: its number at the broker, and on which connection. token 0: the slot is empty. */
struct place { uint32_t epoch, token; };

/* What is known of a slot; asks the broker for the tokens that there are where `fresh`.
 * CKR_SLOT_ID_INVALID. */
CK_RV slot_place(struct module *m, CK_SLOT_ID id, bool fresh, struct place *at);

/* Is e no more than that the token is not there (any more)? */
bool slot_gone(err e);

/* What a function whose caller's own C_Initialize ended gets. */
CK_RV module_rv(const struct module *m, err e);
#endif
