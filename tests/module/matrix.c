/* Every function x every pointer NULL x every state: an error, never a crash. Made from functions.def;
 * prints how many calls there were. With --daemon it asks the token service of the environment (and
 * leaves out the calls whose arguments are all good), else a broker of canned tokens. */
#include "config.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fake.h"
#include "host.h"

enum kind {
	K_SESSION, K_SLOT, K_OBJECT, K_USER, K_TYPE, K_FLAGS, K_FLAG, K_SIZE, K_LENGTH, K_BYTES, K_PIN,
	K_TEXT, K_ATTRS, K_MECH, K_PARAM, K_REVISION, K_INIT, K_ANY, K_NIL, K_NOTIFY, K_INFO, K_MANY
};
enum state { NOT_INIT, NO_DAEMON, NO_SESSION, OPEN, LOGGED_IN, RUNNING, STATES };
static const char *const state_names[] = {
	"not initialised", "no daemon", "no session", "session", "logged in", "operations running",
};

#undef KIND
#define KIND(kind, type, name) K_##kind
#define KINDS(...) { __VA_ARGS__ }, sizeof (unsigned char[]){ __VA_ARGS__ }
#define IS_REAL      0
#define IS_VERSIONED 0
#define IS_REFUSED   1
#define FN3 FN
#define FN(name, how, args) { #name, offsetof(CK_FUNCTION_LIST_3_0, name), IS_##how, KINDS args },
static const struct function {
	const char   *name;
	size_t        at;
	bool          refused;
	unsigned char kind[9];
	size_t        n;
} functions[] = {
#include "pkcs11/functions.def"
};
#undef FN
#undef FN3
enum { FUNCTIONS = sizeof functions / sizeof functions[0], ALL = -1, NONE = -2 };

static CK_FUNCTION_LIST_3_0 *m;
static CK_SESSION_HANDLE session;
static char there[128], nowhere[128];
static CK_UTF8CHAR pin[16] = "123456";
static bool real;
static unsigned long calls, wrong;

/* --- states ----------------------------------------------------------------------------------- */

static void begin_operations(void)
{
	CK_MECHANISM sign = { CKM_RSA_PKCS, NULL, 0 }, digest = { CKM_SHA256, NULL, 0 };
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"label", 5 };
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE private = { CKA_CLASS, &class, sizeof class };
	CK_OBJECT_HANDLE key = FAKE_PRIVATE;
	CK_ULONG n;

	if (real && m->C_FindObjectsInit(session, &private, 1) == CKR_OK) {
		m->C_FindObjects(session, &key, 1, &n);
		m->C_FindObjectsFinal(session);
	}
	m->C_DigestInit(session, &digest);
	m->C_SignInit(session, &sign, key);
	m->C_VerifyInit(session, &sign, key);
	m->C_EncryptInit(session, &sign, key);
	m->C_DecryptInit(session, &sign, key);
	m->C_SignRecoverInit(session, &sign, key);
	m->C_VerifyRecoverInit(session, &sign, key);
	m->C_FindObjectsInit(session, &label, 1);
}

static bool enter(enum state state)
{
	CK_ULONG n;

	m->C_Finalize(NULL);
	session = 0;
	if (state == NOT_INIT)
		return true;
	setenv("BSRE_TOKEND_SOCKET", state == NO_DAEMON ? nowhere : there, 1);
	if (m->C_Initialize(NULL) != CKR_OK)
		return false;
	if (state == NO_DAEMON)
		return true;
	if (m->C_GetSlotList(CK_TRUE, NULL, &n) != CKR_OK || n != 1)
		return false;
	if (state >= OPEN && m->C_OpenSession(1, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
					      &session) != CKR_OK)
		return false;
	if (state >= LOGGED_IN && m->C_Login(session, CKU_USER, pin, strlen((char *)pin)) != CKR_OK)
		return false;
	if (state == RUNNING)
		begin_operations();
	return true;
}

/* --- calls ------------------------------------------------------------------------------------ */

/* A good argument of each kind. */
static unsigned long good(enum kind kind, size_t i)
{
	static unsigned char room[9][4096];
	static CK_C_INITIALIZE_ARGS init = { .flags = CKF_OS_LOCKING_OK };
	static CK_ATTRIBUTE attrs[8];
	static CK_MECHANISM mech;
	static CK_VERSION three;
	static CK_ULONG length[9];
	static char label[5] = { 'l', 'a', 'b', 'e', 'l' };

	mech = (CK_MECHANISM){ CKM_RSA_PKCS, NULL, 0 };
	three = (CK_VERSION){ 3, 0 };
	for (size_t j = 0; j < sizeof attrs / sizeof attrs[0]; j++)
		attrs[j] = (CK_ATTRIBUTE){ CKA_LABEL, label, sizeof label };
	length[i] = sizeof room[i];
	switch (kind) {
	case K_SESSION:  return session;
	case K_SLOT:     return 1;
	case K_OBJECT:   return FAKE_PRIVATE;
	case K_USER:     return CKU_USER;
	case K_TYPE:     return CKM_RSA_PKCS;
	case K_FLAGS:    return CKF_SERIAL_SESSION | CKF_DONT_BLOCK;
	case K_FLAG:     return CK_FALSE;
	case K_SIZE:     return 6;
	case K_LENGTH:   return (unsigned long)&length[i];
	case K_PIN:      return (unsigned long)pin;
	case K_TEXT:     return (unsigned long)"PKCS 11";
	case K_ATTRS:    return (unsigned long)attrs;
	case K_MECH:     return (unsigned long)&mech;
	case K_REVISION: return (unsigned long)&three;
	case K_INIT:     return (unsigned long)&init;
	case K_ANY: case K_NIL: case K_NOTIFY: return 0;
	default:         return (unsigned long)memset(room[i], '0', sizeof room[i]);
	}
}

static bool pointer(enum kind kind)
{
	return kind >= K_LENGTH;
}

static CK_RV call(const struct function *f, int null)
{
	unsigned long a[9] = { 0 };
	CK_RV (*fn)(unsigned long, unsigned long, unsigned long, unsigned long, unsigned long,
		    unsigned long, unsigned long, unsigned long, unsigned long);

	*(void **)&fn = *(void **)((char *)m + f->at);
	for (size_t i = 0; i < f->n; i++) {
		bool gone = null == (int)i || (null == ALL && pointer(f->kind[i]));
		a[i] = !gone ? good(f->kind[i], i) : f->kind[i] == K_NIL ? 1 : 0;
	}
	calls++;
	return fn(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]);
}

/* --- what is right ---------------------------------------------------------------------------- */

static bool before_initialize(const struct function *f)
{
	return strcmp(f->name, "C_Initialize") == 0 || strcmp(f->name, "C_GetFunctionList") == 0 ||
	       strncmp(f->name, "C_GetInterface", 14) == 0;
}

/* May the call succeed for all that this argument is NULL? */
static bool may_be_null(enum kind kind, enum state state)
{
	switch (kind) {
	case K_MANY: case K_PIN: case K_TEXT: case K_REVISION: case K_INIT: case K_ANY: case K_NOTIFY:
		return true;
	case K_MECH:			/* ends what runs (3.0) */
		return state == RUNNING;
	default:
		return false;
	}
}

static bool right(const struct function *f, enum state state, int null, CK_RV rv)
{
	if (f->refused)
		return rv == CKR_FUNCTION_NOT_SUPPORTED;
	if (state == NOT_INIT && !before_initialize(f))
		return rv == CKR_CRYPTOKI_NOT_INITIALIZED;
	if (null == NONE)
		return true;
	if (null != ALL)
		return rv != CKR_OK || may_be_null(f->kind[null], state);
	for (size_t i = 0; i < f->n; i++)
		if (pointer(f->kind[i]) && !may_be_null(f->kind[i], state) && f->kind[i] != K_NIL)
			return rv != CKR_OK;
	return true;
}

static void one(const struct function *f, enum state state, int null)
{
	if (!enter(state)) {
		printf("cannot enter the state '%s'\n", state_names[state]);
		exit(1);
	}
	CK_RV rv = call(f, null);
	if (right(f, state, null, rv))
		return;
	wrong++;
	printf("%s, %s, argument %d NULL: %#lx\n", state_names[state], f->name, null + 1, rv);
}

int main(int argc, char **argv)
{
	struct fake fake = { 0 };

	real = argc > 1 && strcmp(argv[1], "--daemon") == 0;
	if (real) {
		snprintf(there, sizeof there, "%s", getenv("BSRE_TOKEND_SOCKET"));
		snprintf((char *)pin, sizeof pin, "%s", getenv("P11_PIN"));
	} else {
		snprintf(there, sizeof there, "%s/socket", host_folder());
		fake = fake_start(there);
		fake_order(&fake, "plug 1");
	}
	snprintf(nowhere, sizeof nowhere, "%s/none", host_folder());
	alarm(100);
	m = host_load(NULL);
	for (enum state state = NOT_INIT; state < STATES; state++)
		for (size_t i = 0; i < FUNCTIONS; i++) {
			const struct function *f = &functions[i];
			if (!real)
				one(f, state, NONE);
			one(f, state, ALL);
			for (int j = 0; j < (int)f->n; j++)
				if (pointer(f->kind[j]))
					one(f, state, j);
		}
	m->C_Finalize(NULL);
	fake_kill(&fake);
	printf("%d functions, %d states, %lu calls, 0 crashes, %lu wrong answers\n", (int)FUNCTIONS,
	       (int)STATES, calls, wrong);
	return wrong != 0;
}
