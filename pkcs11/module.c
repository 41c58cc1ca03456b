/* C_Initialize to C_Finalize, fork, and the lock. */
#include "config.h"
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "module.h"
#include "size.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t  watch = PTHREAD_ONCE_INIT;
static struct module  *now;		/* NULL: not initialised */
static struct module  *older;		/* of parent processes: kept where a leak checker sees it */
static pid_t           owner;		/* of `now` */

void tables_lock(void)   { pthread_mutex_lock(&lock); }
void tables_unlock(void) { pthread_mutex_unlock(&lock); }

bool tables_wait(pthread_cond_t *change, const struct timespec *until)
{
	return pthread_cond_timedwait(change, &lock, until) == 0;
}

/* --- fork ------------------------------------------------------------------------------------- */

/* In the child. The parent's connection is closed here and lives on there: nothing is sent, and
 * nothing freed that another thread of the parent may have been changing. */
static void forget(void)
{
	owner = 0;
	if (!now)
		return;
	link_forget(now->link);
	now->older = older;
	older = now;
	now = NULL;
}

static void in_child(void)
{
	forget();
	tables_unlock();
}

/* Registered once a process: only the lock is taken, so that the child's tables are whole. */
static void watch_forks(void)
{
	if (pthread_atfork(tables_lock, tables_unlock, in_child) != 0)
		return;			/* the pid tells as well, a little later */
}

/* For a child whose fork went round pthread_atfork (clone). */
static void check_owner(void)
{
	pid_t of = __atomic_load_n(&owner, __ATOMIC_ACQUIRE);

	if (of && of != getpid()) {
		pthread_mutex_init(&lock, NULL);	/* a thread that is not here may hold it */
		forget();
	}
}

/* --- references ------------------------------------------------------------------------------- */

static void module_free(struct module *m)
{
	for (size_t i = 0; i < SLOTS; i++)
		free(m->mechs[i].row);
	link_free(m->link);
	pthread_cond_destroy(&m->ended);
	free(m);
}

static struct module *module_new(void)
{
	struct module *m = calloc(1, sizeof *m);
	pthread_condattr_t attr;

	if (!m)
		return NULL;
	m->link = link_new(NULL);
	if (!m->link) {
		free(m);
		return NULL;
	}
	m->refs = 1;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&m->ended, &attr);
	pthread_condattr_destroy(&attr);
	return m;
}

struct module *module_enter(void)
{
	check_owner();
	tables_lock();
	struct module *m = now;
	if (m)
		m->refs++;
	tables_unlock();
	return m;
}

void module_leave(struct module **at)
{
	struct module *m = *at;

	if (!m)
		return;
	tables_lock();
	bool last = --m->refs == 0;
	tables_unlock();
	if (last)
		module_free(m);
}

CK_RV module_rv(const struct module *m, err e)
{
	tables_lock();
	bool ending = m->ending;
	tables_unlock();
	return ending && !ok(e) ? CKR_CRYPTOKI_NOT_INITIALIZED : err_ckr(e);
}

/* --- what programs call ----------------------------------------------------------------------- */

/* Mutexes of the program's own are all there or none; the system's are used either way. */
static bool args_good(const CK_C_INITIALIZE_ARGS *a)
{
	int mutexes = !!a->CreateMutex + !!a->DestroyMutex + !!a->LockMutex + !!a->UnlockMutex;

	return !a->pReserved && (mutexes == 0 || mutexes == 4);
}

/* Waits for nothing: the first call that needs the broker connects. */
CK_RV C_Initialize(void *args)
{
	if (args && !args_good(args))
		return CKR_ARGUMENTS_BAD;
	check_owner();
	pthread_once(&watch, watch_forks);
	struct module *m = module_new();
	if (!m)
		return CKR_HOST_MEMORY;
	tables_lock();
	bool first = !now;
	if (first) {
		now = m;
		__atomic_store_n(&owner, getpid(), __ATOMIC_RELEASE);
		slot_reset();
	}
	tables_unlock();
	if (!first)
		module_free(m);
	return first ? CKR_OK : CKR_CRYPTOKI_ALREADY_INITIALIZED;
}

/* Calls of other threads under way return at once; the last of them frees. */
CK_RV C_Finalize(void *reserved)
{
	ENTER(m);

	if (!m)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (reserved)
		return CKR_ARGUMENTS_BAD;
	tables_lock();
	bool mine = now == m;
	if (mine) {
		now = NULL;
		m->ending = true;
		m->refs--;
		session_unlist_all(m);
		pthread_cond_broadcast(&m->ended);
	}
	tables_unlock();
	if (!mine)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	link_close(m->link);
	return CKR_OK;
}

static CK_RV get_info(CK_INFO *info, CK_VERSION version)
{
	ENTER(m);

	if (!m)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!info)
		return CKR_ARGUMENTS_BAD;
	*info = (CK_INFO){ .cryptokiVersion = version, .libraryVersion = { 0, 1 } };
	size_pad(info->manufacturerID, sizeof info->manufacturerID, span_str("bsre-token"));
	size_pad(info->libraryDescription, sizeof info->libraryDescription,
		 span_str("BSrE USB tokens"));
	return CKR_OK;
}

CK_RV C_GetInfo(CK_INFO *info)
{
	return get_info(info, (CK_VERSION){ 2, 40 });
}

/* The same through the 3.0 interface. */
CK_RV C_GetInfo_3(CK_INFO *info)
{
	return get_info(info, (CK_VERSION){ 3, 0 });
}
