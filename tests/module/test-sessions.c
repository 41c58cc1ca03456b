/* The module as programs use it: sessions, objects, and the lengths of results. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "client.h"

/* --- sessions ----------------------------------------------------------------------------------- */

static void handles_are_never_used_twice(void **state)
{
	CK_SESSION_HANDLE h = open_session(1), next;

	(void)state;
	fine(m->C_CloseSession(h));
	same(m->C_CloseSession(h), CKR_SESSION_HANDLE_INVALID);
	for (int i = 0; i < 300; i++) {
		next = open_session(1);
		assert_true(next > h);
		fine(m->C_CloseSession(next));
		h = next;
	}
	h = open_session(1);
	next = open_session(1);
	fine(m->C_CloseAllSessions(1));
	same(alive(h), CKR_SESSION_HANDLE_INVALID);
	same(alive(next), CKR_SESSION_HANDLE_INVALID);
	same(m->C_OpenSession(1, 0, NULL, NULL, &h), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
}

static void removal_kills_sessions_for_ever(void **state)
{
	CK_SESSION_HANDLE h = open_session(1);

	(void)state;
	fine(alive(h));
	fake_order(&fake, "pull A1");
	fake_order(&fake, "plug A1");
	same(alive(h), CKR_SESSION_HANDLE_INVALID);
	same(alive(h), CKR_SESSION_HANDLE_INVALID);
	fine(alive(open_session(1)));
}

static void a_call_in_flight_says_device_removed(void **state)
{
	struct flight f;

	(void)state;
	launch(&f);
	fine(alive(f.h));		/* nobody waits for the slow one */
	fake_order(&fake, "pull A1");
	pthread_join(f.thread, NULL);
	same(f.rv, CKR_DEVICE_REMOVED);
	same(alive(f.h), CKR_SESSION_HANDLE_INVALID);
}

static void a_daemon_that_dies_is_a_token_pulled(void **state)
{
	CK_SESSION_HANDLE idle = open_session(1);
	struct flight f;

	(void)state;
	launch(&f);
	fake_kill(&fake);
	pthread_join(f.thread, NULL);
	same(f.rv, CKR_DEVICE_REMOVED);
	fake = fake_start(path);
	fake_order(&fake, "plug A1");
	same(alive(f.h), CKR_SESSION_HANDLE_INVALID);
	double start = seconds();
	CK_SESSION_HANDLE h = open_session(1);
	assert_true(seconds() - start < 0.5);
	same(alive(idle), CKR_SESSION_HANDLE_INVALID);	/* its number may be h's at the broker */
	fine(alive(h));
}

static void finalize_ends_calls_under_way(void **state)
{
	struct flight f;

	(void)state;
	launch(&f);
	fine(m->C_Finalize(NULL));
	pthread_join(f.thread, NULL);
	same(f.rv, CKR_CRYPTOKI_NOT_INITIALIZED);
	fine(m->C_Initialize(NULL));
	same(alive(f.h), CKR_SESSION_HANDLE_INVALID);
	fine(alive(open_session(1)));
}

static void logging_in(void **state)
{
	CK_SESSION_HANDLE h = open_session(1);
	CK_UTF8CHAR longer[100] = { '1' };

	(void)state;
	same(m->C_Login(h, CKU_USER, NULL, 0), CKR_FUNCTION_CANCELED);
	same(m->C_Login(h, CKU_USER, NULL, 4), CKR_ARGUMENTS_BAD);
	same(m->C_Login(h, 77, pin, 6), CKR_USER_TYPE_INVALID);
	same(m->C_Login(h, CKU_USER, pin, 5), CKR_PIN_INCORRECT);
	same(m->C_Login(h, CKU_USER, longer, sizeof longer), CKR_PIN_LEN_RANGE);
	fine(m->C_LoginUser(h, CKU_USER, pin, 6, NULL, 0));
	same(m->C_Login(h, CKU_USER, pin, 6), CKR_USER_ALREADY_LOGGED_IN);
	fine(m->C_Logout(h));
	same(m->C_Logout(h), CKR_USER_NOT_LOGGED_IN);
	same(m->C_LoginUser(h, CKU_USER, pin, 6, longer, 3), CKR_USER_TYPE_INVALID);
	same(m->C_SeedRandom(h, pin, 6), CKR_RANDOM_NO_RNG);
	same(m->C_GenerateRandom(h, longer, 6), CKR_RANDOM_NO_RNG);
	same(m->C_CancelFunction(h), CKR_FUNCTION_NOT_PARALLEL);
}

/* --- secrets ---------------------------------------------------------------------------------- */

enum { PIN_N = 8, MASK = 0x55 };
static const CK_BYTE masked[PIN_N] = "\x62\x66\x6c\x64\x60\x6d\x67\x61";	/* 73915824 */

static size_t copies_between(const CK_BYTE *p, const CK_BYTE *end)
{
	size_t n = 0;

	for (; p + PIN_N <= end; p++) {
		size_t i = 0;
		while (i < PIN_N && (p[i] ^ MASK) == masked[i])
			i++;
		n += i == PIN_N;
	}
	return n;
}

/* How many copies of the PIN this process's writable memory holds. */
static size_t copies(void)
{
	unsigned long from, to;
	char line[512], mode[8];
	FILE *f = fopen("/proc/self/maps", "r");
	size_t n = 0;

	while (fgets(line, sizeof line, f))
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && mode[0] == 'r' && mode[1] == 'w')
			n += copies_between((const CK_BYTE *)from, (const CK_BYTE *)to);
	fclose(f);
	return n;
}

static void no_copy_of_a_pin_stays(void **state)
{
	CK_SESSION_HANDLE h = open_session(1);
	CK_UTF8CHAR typed[PIN_N], first[6];

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip();
#endif
	if (getenv("ASAN_OPTIONS") || getenv("TSAN_OPTIONS"))
		skip();			/* their shadows are endless */
	memcpy(first, pin, 6);
	for (size_t i = 0; i < PIN_N; i++)
		typed[i] = masked[i] ^ MASK;
	same(copies(), 1);
	same(m->C_Login(h, CKU_USER, typed, PIN_N), CKR_PIN_INCORRECT);
	same(m->C_SetPIN(h, first, 6, typed, PIN_N), CKR_FUNCTION_NOT_SUPPORTED);
	same(m->C_InitPIN(h, typed, PIN_N), CKR_FUNCTION_NOT_SUPPORTED);
	same(m->C_LoginUser(h, CKU_SO, typed, PIN_N, NULL, 0), CKR_PIN_INCORRECT);
	same(copies(), 1);		/* the caller's */
	explicit_bzero(typed, sizeof typed);
	same(copies(), 0);
}

/* --- objects ------------------------------------------------------------------------------------ */

static void searches_that_cannot_match_stay_here(void **state)
{
	static const CK_OBJECT_CLASS none[] = { 0x0B, CKO_HW_FEATURE, 0xCE534351, 0xCE534353, 0xCE534354 };
	CK_SESSION_HANDLE h = open_session(1);
	CK_OBJECT_HANDLE found[9];
	CK_ULONG n;

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		CK_OBJECT_CLASS class = none[i];
		CK_ATTRIBUTE a = { CKA_CLASS, &class, sizeof class };
		fine(m->C_FindObjectsInit(h, &a, 1));
		fine(m->C_FindObjects(h, found, 9, &n));
		same(n, 0);
		fine(m->C_FindObjectsFinal(h));
	}
	same(count(Find_ID), 0);
	fine(m->C_FindObjectsInit(h, NULL, 0));
	same(m->C_FindObjectsInit(h, NULL, 0), CKR_OPERATION_ACTIVE);
	fine(m->C_FindObjects(h, found, 1, &n));
	same(n, 1);
	fine(m->C_FindObjects(h, found, 9, &n));
	same(n, 1);
	fine(m->C_FindObjects(h, found, 9, &n));
	same(n, 0);
	fine(m->C_FindObjectsFinal(h));
	same(m->C_FindObjectsFinal(h), CKR_OPERATION_NOT_INITIALIZED);
	same(m->C_FindObjects(h, found, 9, &n), CKR_OPERATION_NOT_INITIALIZED);
	same(count(Find_ID), 1);
	fine(m->C_FindObjectsInit(h, NULL, 0));
	fine(m->C_SessionCancel(h, CKF_FIND_OBJECTS));
	same(m->C_FindObjectsFinal(h), CKR_OPERATION_NOT_INITIALIZED);
}

static void templates_are_looked_at(void **state)
{
	CK_SESSION_HANDLE h = open_session(1);
	CK_ATTRIBUTE inner = { CKA_LABEL, pin, 6 };
	CK_ATTRIBUTE array = { CKA_WRAP_TEMPLATE, &inner, sizeof inner };
	CK_ATTRIBUTE empty = { CKA_LABEL, NULL, 5 };
	CK_ATTRIBUTE huge = { CKA_VALUE, pin, 70000 };
	CK_ATTRIBUTE lost = { CKA_VALUE, pin, CK_UNAVAILABLE_INFORMATION };

	(void)state;
	same(m->C_FindObjectsInit(h, &array, 1), CKR_ATTRIBUTE_TYPE_INVALID);
	same(m->C_FindObjectsInit(h, &empty, 1), CKR_ATTRIBUTE_VALUE_INVALID);
	same(m->C_FindObjectsInit(h, &huge, 1), CKR_DEVICE_MEMORY);
	same(m->C_FindObjectsInit(h, &lost, 1), CKR_ATTRIBUTE_VALUE_INVALID);
	same(m->C_FindObjectsInit(h, NULL, 1), CKR_ARGUMENTS_BAD);
}

static void attributes(void **state)
{
	CK_SESSION_HANDLE h = open_session(1);
	CK_OBJECT_CLASS class = 0;
	char label[10], small[3], id[4];
	CK_ATTRIBUTE a[] = {
		{ CKA_CLASS, &class, sizeof class }, { CKA_LABEL, NULL, 0 }, { CKA_LABEL, small, 3 },
		{ CKA_LABEL, label, sizeof label }, { CKA_PRIVATE_EXPONENT, NULL, 0 },
		{ CKA_MODULUS, label, 5 }, { CKA_ID, id, 4 }, { CKA_ID, NULL, 0 },
	};

	(void)state;
	same(m->C_GetAttributeValue(h, FAKE_CERT, a, 8), CKR_BUFFER_TOO_SMALL);
	same(class, CKO_CERTIFICATE);
	same(a[1].ulValueLen, 5);
	same(a[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	same(a[3].ulValueLen, 5);
	assert_memory_equal(label, "label", 5);
	same(a[4].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	same(a[5].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	same(a[6].ulValueLen, 0);
	same(a[7].ulValueLen, 0);
	same(m->C_GetAttributeValue(h, FAKE_CERT, a + 4, 1), CKR_ATTRIBUTE_SENSITIVE);
	same(m->C_GetAttributeValue(h, FAKE_CERT, a + 5, 1), CKR_ATTRIBUTE_TYPE_INVALID);
	same(m->C_GetAttributeValue(h, 0, a, 1), CKR_OBJECT_HANDLE_INVALID);
	same(m->C_GetAttributeValue(h, 1UL << 32 | 1, a, 1), CKR_OBJECT_HANDLE_INVALID);
	fine(m->C_GetAttributeValue(h, FAKE_CERT, NULL, 0));
}

/* --- operations --------------------------------------------------------------------------------- */

static void lengths_of_a_signature(void **state)
{
	CK_SESSION_HANDLE h = open_session(1);
	CK_BYTE data[32] = { 0 }, out[300];
	CK_ULONG n = 0;

	(void)state;
	same(m->C_Sign(h, data, 32, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	fine(sign_init(h, FAKE_PRIVATE));
	fine(m->C_Sign(h, data, 32, NULL, &n));
	same(n, 256);
	n = 255;
	same(m->C_Sign(h, data, 32, out, &n), CKR_BUFFER_TOO_SMALL);
	same(n, 256);
	same(count(OpFinish_ID), 0);
	n = sizeof out;
	fine(m->C_Sign(h, data, 32, out, &n));
	same(n, 256);
	same(out[255], 0xAB);
	same(m->C_Sign(h, data, 32, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	fine(sign_init(h, FAKE_PRIVATE));
	same(sign_init(h, FAKE_PRIVATE), CKR_OPERATION_ACTIVE);
	same(m->C_Sign(h, NULL, 32, out, &n), CKR_ARGUMENTS_BAD);
	fine(sign_init(h, FAKE_PRIVATE));
	fine(m->C_SessionCancel(h, CKF_SIGN));
	fine(sign_init(h, FAKE_PRIVATE));
	fine(m->C_SignInit(h, NULL, 0));
	same(m->C_SignUpdate(h, data, 32), CKR_OPERATION_NOT_INITIALIZED);
}

/* GnuTLS logs in after CKR_USER_NOT_LOGGED_IN and signs without another C_SignInit. */
static void a_login_in_between(void **state)
{
	CK_SESSION_HANDLE h = open_session(1);
	CK_BYTE data[32] = { 0 }, out[256];
	CK_ULONG n = sizeof out;

	(void)state;
	fine(sign_init(h, FAKE_ALWAYS));
	same(m->C_Sign(h, data, 32, out, &n), CKR_USER_NOT_LOGGED_IN);
	fine(m->C_Sign(h, data, 32, NULL, &n));
	fine(m->C_Login(h, CKU_CONTEXT_SPECIFIC, pin, 6));
	fine(m->C_Sign(h, data, 32, out, &n));
	same(n, 256);
}

static void a_plaintext_waits_for_its_buffer(void **state)
{
	CK_SESSION_HANDLE h = open_session(1);
	CK_MECHANISM mech = { CKM_RSA_PKCS, NULL, 0 };
	CK_BYTE data[256] = { 0 }, out[256];
	CK_ULONG n = 0;

	(void)state;
	fine(m->C_DecryptInit(h, &mech, FAKE_PRIVATE));
	fine(m->C_Decrypt(h, data, 256, NULL, &n));
	same(n, 256);
	n = 4;
	same(m->C_Decrypt(h, data, 256, out, &n), CKR_BUFFER_TOO_SMALL);
	same(n, 5);
	same(m->C_DecryptInit(h, &mech, FAKE_PRIVATE), CKR_OPERATION_ACTIVE);
	fine(m->C_Decrypt(h, data, 256, NULL, &n));
	same(n, 5);
	fine(m->C_Decrypt(h, data, 256, out, &n));
	assert_memory_equal(out, "plain", 5);
	same(count(OpFinish_ID), 1);
	same(m->C_Decrypt(h, data, 256, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	fine(m->C_DecryptInit(h, &mech, FAKE_PRIVATE));
	n = 5;				/* exactly, though less than the longest */
	fine(m->C_Decrypt(h, data, 256, out, &n));
}

/* The broker's digest is the length and a sum over all bytes in order. */
static void data_arrive_whole_and_in_order(void **state)
{
	CK_SESSION_HANDLE h = open_session(1);
	CK_MECHANISM mech = { CKM_SHA256, NULL, 0 };
	static CK_BYTE data[1000000];
	CK_BYTE one[16], parts[16];
	CK_ULONG n = 16;

	(void)state;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (CK_BYTE)(i * 7 + i / 251);
	fine(m->C_DigestInit(h, &mech));
	fine(m->C_Digest(h, data, sizeof data, one, &n));
	same(one[5] << 16 | one[6] << 8 | one[7], sizeof data);
	fine(m->C_DigestInit(h, &mech));
	for (size_t at = 0, step = 1; at < sizeof data; at += step, step = step * 3 % 99991) {
		if (step > sizeof data - at)
			step = sizeof data - at;
		fine(m->C_DigestUpdate(h, data + at, step));
	}
	same(m->C_Digest(h, data, 1, parts, &n), CKR_OPERATION_ACTIVE);
	n = 3;
	same(m->C_DigestFinal(h, parts, &n), CKR_BUFFER_TOO_SMALL);
	fine(m->C_DigestFinal(h, parts, &n));
	assert_memory_equal(one, parts, 16);
}

static void verifying(void **state)
{
	CK_SESSION_HANDLE h = open_session(1);
	CK_MECHANISM mech = { CKM_RSA_PKCS, NULL, 0 };
	static CK_BYTE sig[5000];

	(void)state;
	fine(m->C_VerifyInit(h, &mech, FAKE_PUBLIC));
	same(m->C_Verify(h, sig, 32, sig, 256), CKR_SIGNATURE_INVALID);
	fine(m->C_VerifyInit(h, &mech, FAKE_PUBLIC));
	same(m->C_Verify(h, sig, 32, sig, sizeof sig), CKR_SIGNATURE_LEN_RANGE);
	fine(m->C_VerifyInit(h, &mech, FAKE_PUBLIC));
	fine(m->C_VerifyUpdate(h, sig, 32));
	same(m->C_VerifyFinal(h, sig, 256), CKR_SIGNATURE_INVALID);
	mech.mechanism = CKM_RSA_PKCS_PSS;
	same(m->C_SignInit(h, &mech, FAKE_PRIVATE), CKR_MECHANISM_PARAM_INVALID);
	CK_RSA_PKCS_PSS_PARAMS pss = { CKM_SHA256, CKG_MGF1_SHA256, 32 };
	mech.pParameter = &pss;
	mech.ulParameterLen = sizeof pss;
	fine(m->C_SignInit(h, &mech, FAKE_PRIVATE));
	mech.mechanism = CKM_RSA_PKCS_OAEP;
	same(m->C_DecryptInit(h, &mech, FAKE_PRIVATE), CKR_MECHANISM_PARAM_INVALID);
	CK_RSA_PKCS_OAEP_PARAMS oaep = { CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 3 };
	mech.pParameter = &oaep;
	mech.ulParameterLen = sizeof oaep;
	same(m->C_DecryptInit(h, &mech, FAKE_PRIVATE), CKR_MECHANISM_PARAM_INVALID);
	oaep.ulSourceDataLen = 0;
	fine(m->C_DecryptInit(h, &mech, FAKE_PRIVATE));
	same(m->C_Decrypt(h, sig, 70000, sig, &mech.ulParameterLen), CKR_ENCRYPTED_DATA_LEN_RANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(handles_are_never_used_twice),
		WITH(removal_kills_sessions_for_ever),
		WITH(a_call_in_flight_says_device_removed),
		WITH(a_daemon_that_dies_is_a_token_pulled),
		WITH(finalize_ends_calls_under_way),
		WITH(logging_in),
		WITH(no_copy_of_a_pin_stays),
		WITH(searches_that_cannot_match_stay_here),
		WITH(templates_are_looked_at),
		WITH(attributes),
		WITH(lengths_of_a_signature),
		WITH(a_login_in_between),
		WITH(a_plaintext_waits_for_its_buffer),
		WITH(data_arrive_whole_and_in_order),
		WITH(verifying),
	};

	prepare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
