/* The module in programs that fork, have threads, and end badly. */
#include "config.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include "client.h"

/* --- processes and threads ---------------------------------------------------------------------- */

/* What the child's function gives, as the exit status of a forked process. */
static int in_child(int (*what)(CK_SESSION_HANDLE), CK_SESSION_HANDLE h)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(20);
		_exit(what(h));
	}
	waitpid(pid, &status, 0);
	return status;
}

static int child_begins_anew(CK_SESSION_HANDLE h)
{
	CK_SESSION_HANDLE own;

	if (alive(h) != CKR_CRYPTOKI_NOT_INITIALIZED || m->C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED)
		return 1;
	if (m->C_Initialize(NULL) != CKR_OK || alive(h) != CKR_SESSION_HANDLE_INVALID)
		return 2;
	if (m->C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL, &own) != CKR_OK || alive(own) != CKR_OK)
		return 3;
	return m->C_Finalize(NULL) == CKR_OK ? 0 : 4;
}

static int child_only_leaves(CK_SESSION_HANDLE h)
{
	(void)h;
	return 0;
}

static void forks(void **state)
{
	CK_SESSION_HANDLE h = open_session(1);
	struct flight f;
	struct waiting w;

	(void)state;
	fine(m->C_Login(h, CKU_USER, pin, 6));
	same(in_child(child_begins_anew, h), 0);
	same(in_child(child_only_leaves, h), 0);
	fine(alive(h));
	launch(&f);			/* another thread in a call, one waiting */
	wait_in_thread(&w);
	same(in_child(child_begins_anew, h), 0);
	fine(alive(h));
	fine(sign_init(h, FAKE_PRIVATE));
	fine(m->C_Finalize(NULL));
	pthread_join(f.thread, NULL);
	pthread_join(w.thread, NULL);
	same(in_child(child_begins_anew, h), 0);
	fine(m->C_Initialize(NULL));
}

/* The parent's end is the end of its connection, whatever children still live. */
static void a_child_does_not_keep_the_connection(void **state)
{
	CK_SESSION_HANDLE h = open_session(1);
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	fine(alive(h));
	int before = descriptors();
	pid_t pid = fork();
	if (pid == 0) {
		int n = descriptors();
		if (write(pipes[1], &n, sizeof n) < 0)
			_exit(1);
		_exit(0);
	}
	int inside = 0;
	assert_int_equal(read(pipes[0], &inside, sizeof inside), sizeof inside);
	waitpid(pid, NULL, 0);
	assert_true(inside < before);	/* valgrind has one less itself */
	close(pipes[0]);
	close(pipes[1]);
	fine(alive(h));
}

enum { THREADS = 8, TURNS = 150 };
static int crowd_wrong;

static void *crowd(void *arg)
{
	CK_BYTE data[32] = { 0 }, out[256];

	(void)arg;
	for (int i = 0; i < TURNS; i++) {
		CK_SESSION_HANDLE h = open_session(1);
		CK_ULONG n = sizeof out;
		CK_SLOT_INFO info;
		CK_RV rv = m->C_GetSlotInfo(1, &info) | sign_init(h, FAKE_PRIVATE) |
			   m->C_SignUpdate(h, data, 32) | m->C_SignFinal(h, out, &n) | alive(h) |
			   m->C_CloseSession(h);
		if (rv != CKR_OK)
			__atomic_fetch_add(&crowd_wrong, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void many_threads(void **state)
{
	pthread_t t[THREADS];

	(void)state;
	crowd_wrong = 0;
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, crowd, NULL);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	same(crowd_wrong, 0);
}

/* Anything, at any moment, on shared handles, while others finalize: no crash is all that is asked. */
static void *vandal(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	CK_BYTE data[100] = { 0 }, out[256];
	CK_OBJECT_HANDLE found[4];
	CK_MECHANISM mech = { CKM_RSA_PKCS, NULL, 0 };

	for (int i = 0; i < 3000; i++) {
		CK_SESSION_HANDLE h = (CK_SESSION_HANDLE)(rand_r(&seed) % 40) + *(CK_SESSION_HANDLE *)data;
		CK_ULONG n = (CK_ULONG)rand_r(&seed) % 256;
		CK_SESSION_HANDLE new = 0;
		switch (rand_r(&seed) % 14) {
		case 0: m->C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL, &new); break;
		case 1: m->C_CloseSession(h); break;
		case 2: m->C_DecryptInit(h, &mech, FAKE_PRIVATE); break;
		case 3: m->C_Decrypt(h, data, 32, out, &n); break;
		case 4: m->C_FindObjectsInit(h, NULL, 0); break;
		case 5: m->C_FindObjects(h, found, 4, &n); break;
		case 6: m->C_FindObjectsFinal(h); break;
		case 7: m->C_SignUpdate(h, data, 100); break;
		case 8: m->C_SignInit(h, &mech, FAKE_PRIVATE); break;
		case 9: m->C_SignFinal(h, out, &n); break;
		case 10: m->C_GetMechanismList(1, NULL, &n); break;
		case 11: if (i % 40 == 0) { m->C_Finalize(NULL); m->C_Initialize(NULL); } break;
		case 12: m->C_GetSlotList(CK_TRUE, NULL, &n); break;
		default: m->C_SessionCancel(h, CKF_SIGN | CKF_DECRYPT); break;
		}
		if (new)
			*(CK_SESSION_HANDLE *)data = new > 20 ? new - 20 : 0;
	}
	return NULL;
}

static void vandals(void **state)
{
	pthread_t t[4];

	(void)state;
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, vandal, (void *)(i + 1));
	for (size_t i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	m->C_Finalize(NULL);
	fine(m->C_Initialize(NULL));
}

static bool killing;
static unsigned long signed_well;

static void *stubborn(void *arg)
{
	CK_BYTE data[32] = { 0 }, out[256];

	(void)arg;
	while (__atomic_load_n(&killing, __ATOMIC_RELAXED)) {
		CK_SESSION_HANDLE h = 0;
		CK_ULONG n = sizeof out;
		if (m->C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL, &h) != CKR_OK)
			continue;
		while (__atomic_load_n(&killing, __ATOMIC_RELAXED) &&
		       sign_init(h, FAKE_PRIVATE) == CKR_OK &&
		       m->C_Sign(h, data, 32, out, &n) == CKR_OK)
			__atomic_fetch_add(&signed_well, 1, __ATOMIC_RELAXED);
		if (m->C_CloseSession(h) == CKR_OK)
			continue;		/* a session that was lost says so or closes: both are right */
	}
	return NULL;
}

/* kill -9 at any moment of eight threads that sign: the next call works, soon. */
static void a_service_killed_again_and_again(void **state)
{
	enum { KILLS = 100 };
	pthread_t t[THREADS];
	double worst = 0;

	(void)state;
	__atomic_store_n(&killing, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, stubborn, NULL);
	for (int i = 0; i < KILLS; i++) {
		usleep((useconds_t)(i * 37 % 20) * 1000);
		fake_kill(&fake);
		fake = fake_start(path);
		fake_order(&fake, "plug A1");
		double start = seconds();
		fine(alive(open_session(1)));
		if (seconds() - start > worst)
			worst = seconds() - start;
	}
	__atomic_store_n(&killing, false, __ATOMIC_RELAXED);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	print_message("%d kills, %lu signatures, slowest next call %.0f ms\n", KILLS, signed_well, worst * 1e3);
	assert_true(signed_well > 0);
	assert_true(worst < 0.5);
}

static void nothing_leaks(void **state)
{
	(void)state;
	fine(alive(open_session(1)));
	int before = descriptors();
	for (int i = 0; i < 50; i++) {
		fine(m->C_Finalize(NULL));
		fine(m->C_Initialize(NULL));
		fine(alive(open_session(1)));
	}
	same(descriptors(), before);
}

/* --- the end of the process -------------------------------------------------------------------- */

static void *unload;			/* of host_load, in children that unload the module */
static int late;			/* what static destructors do */

/* poppler: NSS_Shutdown from a static destructor, after every atexit handler. */
__attribute__((destructor)) static void leave_late(void)
{
	CK_ULONG n;

	if (!late)
		return;
	CK_RV rv = m->C_GetSlotList(CK_TRUE, NULL, &n) | m->C_CloseAllSessions(1) | m->C_Finalize(NULL);
	if (rv != CKR_OK || m->C_CloseAllSessions(1) != CKR_CRYPTOKI_NOT_INITIALIZED)
		_exit(9);
}

static int child_finalizes_in_a_destructor(CK_SESSION_HANDLE h)
{
	(void)h;
	if (m->C_Initialize(NULL) != CKR_OK)
		return 1;
	open_session(1);
	late = 1;
	exit(0);
}

static int child_never_finalizes(CK_SESSION_HANDLE h)
{
	struct flight f;
	struct waiting w;

	(void)h;
	if (m->C_Initialize(NULL) != CKR_OK)
		return 1;
	launch(&f);
	wait_in_thread(&w);
	exit(0);			/* with both still in their calls */
}

static int child_unloads(CK_SESSION_HANDLE h)
{
	struct waiting w;

	(void)h;
	if (m->C_Initialize(NULL) != CKR_OK)
		return 1;
	wait_in_thread(&w);
	for (int i = 0; i < 100; i++)
		if (dlclose(unload) != 0 || host_load(&unload) != m)
			return 2;
	dlclose(unload);
	m->C_Finalize(NULL);		/* a thread of ours is in there: it must still be mapped */
	pthread_join(w.thread, NULL);
	return w.rv == CKR_CRYPTOKI_NOT_INITIALIZED ? 0 : 3;
}

static void ends_of_processes(void **state)
{
	(void)state;
	same(in_child(child_finalizes_in_a_destructor, 0), 0);
	same(in_child(child_never_finalizes, 0), 0);
	host_load(&unload);
	same(in_child(child_unloads, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(forks),
		WITH(a_child_does_not_keep_the_connection),
		WITH(many_threads),
		WITH(vandals),
		WITH(a_service_killed_again_and_again),
		WITH(nothing_leaks),
		WITH(ends_of_processes),
	};

	prepare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
