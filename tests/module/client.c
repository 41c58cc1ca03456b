/* What the tests of the module do again and again. */
#include "config.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "client.h"

CK_FUNCTION_LIST_3_0 *m;
struct fake fake;
char path[128];
CK_UTF8CHAR pin[7] = "123456";

int up(void **state)
{
	(void)state;
	fake = fake_start(path);
	return (int)(fake_order(&fake, "plug A1") + (long)m->C_Initialize(NULL));
}

int down(void **state)
{
	(void)state;
	m->C_Finalize(NULL);
	fake_kill(&fake);
	return 0;
}

CK_ULONG slots(CK_BBOOL present)
{
	CK_ULONG n = 0;

	fine(m->C_GetSlotList(present, NULL, &n));
	return n;
}

CK_SESSION_HANDLE open_session(CK_SLOT_ID slot)
{
	CK_SESSION_HANDLE h = 0;

	fine(m->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &h));
	return h;
}

CK_RV alive(CK_SESSION_HANDLE h)
{
	CK_SESSION_INFO info;

	return m->C_GetSessionInfo(h, &info);
}

bool serial_in(CK_SLOT_ID slot, const char *serial)
{
	CK_TOKEN_INFO info;

	return m->C_GetTokenInfo(slot, &info) == CKR_OK &&
	       strncmp((char *)info.serialNumber, serial, strlen(serial)) == 0;
}

CK_RV sign_init(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM mech = { CKM_RSA_PKCS, NULL, 0 };

	return m->C_SignInit(h, &mech, key);
}

double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

long count(int call)
{
	char order[32];

	snprintf(order, sizeof order, "count %d", call);
	return fake_order(&fake, order);
}

static void *sign_stuck(void *arg)
{
	struct flight *f = arg;
	CK_BYTE data[32] = { 0 }, out[256];
	CK_ULONG n = sizeof out;

	f->rv = m->C_Sign(f->h, data, sizeof data, out, &n);
	return NULL;
}

void launch(struct flight *f)
{
	f->h = open_session(1);
	fine(sign_init(f->h, FAKE_STUCK));
	pthread_create(&f->thread, NULL, sign_stuck, f);
	for (int i = 0; i < 500 && count(OpFinish_ID) == 0; i++)
		usleep(2000);
}

static void *wait_slot(void *arg)
{
	struct waiting *w = arg;

	w->rv = m->C_WaitForSlotEvent(0, &w->slot, NULL);
	return NULL;
}

void wait_in_thread(struct waiting *w)
{
	*w = (struct waiting){ 0 };
	pthread_create(&w->thread, NULL, wait_slot, w);
	usleep(50000);
}

void prepare(void)
{
	snprintf(path, sizeof path, "%s/socket", host_folder());
	setenv("BSRE_TOKEND_SOCKET", path, 1);
	m = host_load(NULL);
	alarm(100);			/* a call that hangs is a failure */
}
