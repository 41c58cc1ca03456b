/* The module as programs use it: initialising, slots, tokens that come and go, waiting for them. */
#include "config.h"
#include <string.h>
#include "client.h"

/* --- initialising ------------------------------------------------------------------------------- */

static CK_RV nothing(void *p) { (void)p; return CKR_OK; }
static CK_RV nothing_at(void **p) { (void)p; return CKR_OK; }

static void arguments_of_initialize(void **state)
{
	CK_C_INITIALIZE_ARGS all = {
		nothing_at, nothing, nothing, nothing, 0, NULL,
	}, some = { .LockMutex = nothing }, none = { .flags = 0 };

	(void)state;
	for (CK_FLAGS f = 0; f < 4; f++) {
		all.flags = none.flags = f;
		fine(m->C_Initialize(&all));
		same(m->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
		fine(m->C_Finalize(NULL));
		same(m->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
		fine(m->C_Initialize(&none));
		fine(m->C_Finalize(NULL));
	}
	same(m->C_Initialize(&some), CKR_ARGUMENTS_BAD);
	none.pReserved = &none;
	same(m->C_Initialize(&none), CKR_ARGUMENTS_BAD);
}

static void initialize_is_quick(void **state)
{
	double start = seconds();

	(void)state;
	for (int i = 0; i < 100; i++) {
		fine(m->C_Initialize(NULL));
		fine(m->C_Finalize(NULL));
	}
	double each = (seconds() - start) / 100;
	print_message("C_Initialize and C_Finalize: %.0f us\n", each * 1e6);
	assert_true(each < 0.001);
}

static void versions(void **state)
{
	CK_FUNCTION_LIST_PTR two;
	CK_INTERFACE *found, list[4];
	CK_INFO info;
	CK_ULONG n = 0;

	(void)state;
	fine(m->C_GetFunctionList(&two));
	same(two->version.minor, 40);
	fine(two->C_GetInfo(&info));
	same(info.cryptokiVersion.major, 2);
	fine(m->C_GetInfo(&info));
	same(info.cryptokiVersion.major, 3);
	assert_memory_equal(info.manufacturerID, "bsre-token                      ", 32);
	fine(m->C_GetInterfaceList(NULL, &n));
	same(n, 2);
	n = 1;
	same(m->C_GetInterfaceList(list, &n), CKR_BUFFER_TOO_SMALL);
	fine(m->C_GetInterfaceList(list, &n));
	fine(m->C_GetInterface(NULL, NULL, &found, 0));
	assert_ptr_equal(found->pFunctionList, m);
	same(m->C_GetInterface((CK_UTF8CHAR *)"Vendor NSS", NULL, &found, 0), CKR_ARGUMENTS_BAD);
	CK_VERSION v = { 3, 2 };
	same(m->C_GetInterface(NULL, &v, &found, 0), CKR_ARGUMENTS_BAD);
	same(m->C_GetInterface(NULL, NULL, &found, CKF_INTERFACE_FORK_SAFE), CKR_ARGUMENTS_BAD);
}

/* --- slots -------------------------------------------------------------------------------------- */

static void no_daemon_is_a_slot_without_a_token(void **state)
{
	CK_SLOT_INFO info;
	CK_TOKEN_INFO token;
	CK_SESSION_HANDLE h;
	CK_SLOT_ID id;
	CK_ULONG n = 1;

	(void)state;
	fine(m->C_Initialize(NULL));
	same(slots(CK_FALSE), 1);
	same(slots(CK_TRUE), 0);
	fine(m->C_GetSlotList(CK_FALSE, &id, &n));
	same(id, 1);
	fine(m->C_GetSlotInfo(1, &info));
	same(info.flags, CKF_REMOVABLE_DEVICE | CKF_HW_SLOT);
	assert_memory_equal(info.slotDescription, "BSrE token slot 01  ", 20);
	same(m->C_GetTokenInfo(1, &token), CKR_TOKEN_NOT_PRESENT);
	same(m->C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL, &h), CKR_TOKEN_NOT_PRESENT);
	same(m->C_GetMechanismList(1, NULL, &n), CKR_TOKEN_NOT_PRESENT);
	fine(m->C_CloseAllSessions(1));
	same(m->C_GetSlotInfo(2, &info), CKR_SLOT_ID_INVALID);
	same(m->C_CloseAllSessions(0), CKR_SLOT_ID_INVALID);
	same(m->C_WaitForSlotEvent(CKF_DONT_BLOCK, &id, NULL), CKR_NO_EVENT);
	fine(m->C_Finalize(NULL));
}

static void token_info_is_padded_and_cut(void **state)
{
	CK_TOKEN_INFO t;
	CK_SLOT_INFO s;

	(void)state;
	fine(m->C_GetSlotInfo(1, &s));
	same(s.flags, CKF_REMOVABLE_DEVICE | CKF_HW_SLOT | CKF_TOKEN_PRESENT);
	fine(m->C_GetTokenInfo(1, &t));
	assert_memory_equal(t.label, "Ini label yang panjangnya 31 by\xC3\xA9", 31);
	same(t.label[31], ' ');		/* the letter's two bytes do not fit */
	assert_memory_equal(t.serialNumber, "A1              ", 16);
	same(t.firmwareVersion.major, 5);
	same(t.firmwareVersion.minor, 4);
	same(t.ulSessionCount, 1);
	same(t.ulMaxSessionCount, 256);
	same(t.ulFreePublicMemory, CK_UNAVAILABLE_INFORMATION);
	assert_false(t.flags & CKF_RNG);
}

static void slots_never_shrink_and_tokens_return_to_theirs(void **state)
{
	CK_SLOT_ID list[16];
	CK_ULONG n = 16;

	(void)state;
	same(slots(CK_TRUE), 1);
	fake_order(&fake, "plug B2");
	CK_ULONG before = slots(CK_FALSE);
	same(slots(CK_TRUE), 2);
	fine(m->C_GetSlotList(CK_TRUE, list, &n));
	CK_SLOT_ID a = serial_in(list[0], "A1") ? list[0] : list[1], b = list[0] + list[1] - a;
	assert_true(serial_in(b, "B2"));
	fake_order(&fake, "pull A1");
	fake_order(&fake, "pull B2");
	same(slots(CK_FALSE), before);
	same(slots(CK_TRUE), 0);
	fake_order(&fake, "plug B2");	/* the other way round: each to where it was */
	fake_order(&fake, "plug A1");
	same(slots(CK_TRUE), 2);
	assert_true(serial_in(a, "A1"));
	assert_true(serial_in(b, "B2"));
	fake_kill(&fake);		/* and across daemons */
	same(slots(CK_FALSE), before);
	same(slots(CK_TRUE), 0);
	fake = fake_start(path);
	fake_order(&fake, "plug B2");
	same(slots(CK_TRUE), 1);
	assert_true(serial_in(b, "B2"));
}

static void growth_shows_where_it_is_asked_for(void **state)
{
	char order[16];
	CK_SLOT_ID list[64];
	CK_ULONG n = 64, before = slots(CK_FALSE);

	(void)state;
	for (int i = 0; i < 18; i++) {
		snprintf(order, sizeof order, "plug N%d", i);
		fake_order(&fake, order);
	}
	fine(m->C_GetSlotList(CK_FALSE, list, &n));
	same(n, before);
	same(slots(CK_FALSE), 16);
	n = 15;
	same(m->C_GetSlotList(CK_FALSE, list, &n), CKR_BUFFER_TOO_SMALL);
	same(n, 16);
	fine(m->C_GetSlotList(CK_FALSE, list, &n));
	for (CK_SLOT_ID i = 0; i < 16; i++)
		same(list[i], i + 1);
}

static void mechanisms_come_from_memory(void **state)
{
	CK_MECHANISM_TYPE list[8];
	CK_MECHANISM_INFO info;
	CK_ULONG n = 0;

	(void)state;
	fine(m->C_GetMechanismList(1, NULL, &n));
	same(n, 3);
	n = 1;
	same(m->C_GetMechanismList(1, list, &n), CKR_BUFFER_TOO_SMALL);
	fine(m->C_GetMechanismList(1, list, &n));
	for (int i = 0; i < 70; i++)
		fine(m->C_GetMechanismInfo(1, CKM_RSA_PKCS, &info));
	same(info.ulMaxKeySize, 4096);
	same(m->C_GetMechanismInfo(1, CKM_DES3_CBC, &info), CKR_MECHANISM_INVALID);
	same(count(MechList_ID), 1);
}

/* NSS is known by what it asks for, and cannot sign in parts with a key that wants its PIN each time. */
static void nss_is_not_offered_to_sign_in_parts(void **state)
{
	CK_MECHANISM_INFO info;
	CK_INTERFACE *found;

	(void)state;
	fine(m->C_GetMechanismInfo(1, CKM_SHA256_RSA_PKCS_PSS, &info));
	same(info.flags, CKF_SIGN | CKF_HW);
	same(m->C_GetInterface((CK_UTF8CHAR *)"Vendor NSS FIPS Interface", NULL, &found, 0), CKR_ARGUMENTS_BAD);
	fine(m->C_GetMechanismInfo(1, CKM_SHA256_RSA_PKCS_PSS, &info));
	same(info.flags, CKF_HW);
	fine(m->C_GetMechanismInfo(1, CKM_RSA_PKCS, &info));
	same(info.flags, CKF_SIGN | CKF_HW);
}

/* --- waiting for slots -------------------------------------------------------------------------- */

static void events(void **state)
{
	struct waiting w;
	CK_SLOT_ID slot = 0;

	(void)state;
	same(slots(CK_TRUE), 1);
	same(m->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
	wait_in_thread(&w);
	fine(alive(open_session(1)));
	fake_order(&fake, "pull A1");
	pthread_join(w.thread, NULL);
	fine(w.rv);
	assert_false(serial_in(w.slot, "A1"));
	same(m->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
	fake_order(&fake, "plug A1");
	fine(m->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL));
	assert_true(serial_in(slot, "A1"));
	fake_order(&fake, "pull A1");
	fake_order(&fake, "plug A1");	/* out and in again between two looks is one event */
	fine(m->C_WaitForSlotEvent(0, &slot, NULL));
	same(m->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
}

static void finalize_ends_waiting(void **state)
{
	struct waiting w[4];

	(void)state;
	for (int daemon = 1; daemon >= 0; daemon--) {
		for (int i = 0; i < 4; i++)
			wait_in_thread(&w[i]);
		double start = seconds();
		fine(m->C_Finalize(NULL));
		for (int i = 0; i < 4; i++) {
			pthread_join(w[i].thread, NULL);
			same(w[i].rv, CKR_CRYPTOKI_NOT_INITIALIZED);
		}
		assert_true(seconds() - start < 0.2);
		fake_kill(&fake);
		fine(m->C_Initialize(NULL));
	}
}

static void a_daemon_that_comes_is_noticed(void **state)
{
	struct waiting w;

	(void)state;
	same(slots(CK_TRUE), 1);
	fake_kill(&fake);
	wait_in_thread(&w);		/* the token is gone with it */
	pthread_join(w.thread, NULL);
	fine(w.rv);
	wait_in_thread(&w);
	fake = fake_start(path);
	fake_order(&fake, "plug A1");
	pthread_join(w.thread, NULL);
	fine(w.rv);
	assert_true(serial_in(w.slot, "A1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALONE(arguments_of_initialize),
		ALONE(initialize_is_quick),
		WITH(versions),
		ALONE(no_daemon_is_a_slot_without_a_token),
		WITH(token_info_is_padded_and_cut),
		WITH(slots_never_shrink_and_tokens_return_to_theirs),
		WITH(growth_shows_where_it_is_asked_for),
		WITH(mechanisms_come_from_memory),
		WITH(nss_is_not_offered_to_sign_in_parts),
		WITH(events),
		WITH(finalize_ends_waiting),
		WITH(a_daemon_that_comes_is_noticed),
	};

	prepare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
