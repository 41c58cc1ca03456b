/* Where secrets are wiped and kept: locked arenas of fixed places. */
#include "config.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "secret.h"

enum { KEPT = 256, ARENAS = 16 };

/* Made one after the other as they are needed: the first fits into the 64 KiB that may be locked where
 * nobody raised that limit. */
static struct arena {
	struct secret place[KEPT];
	bool          used[KEPT];
} *arenas[ARENAS];

void wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

void secret_wipe(struct secret *s)
{
	wipe(s, sizeof *s);
}

/* memfd_secret where the kernel has it switched on, else anonymous memory. */
static void *map_secret(size_t n)
{
	void *p = MAP_FAILED;
#ifdef SYS_memfd_secret
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

	if (fd >= 0) {
		if (ftruncate(fd, (off_t)n) == 0)
			p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
#endif
	if (p == MAP_FAILED)
		p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p;
}

static struct arena *arena_open(void)
{
	void *p = map_secret(sizeof(struct arena));

	if (p == MAP_FAILED)
		return NULL;
	mlock(p, sizeof(struct arena));		/* RLIMIT_MEMLOCK may forbid it: still not dumped */
	madvise(p, sizeof(struct arena), MADV_DONTDUMP);
	madvise(p, sizeof(struct arena), MADV_WIPEONFORK);
	return p;
}

static struct secret *take_place(struct arena *a)
{
	for (size_t i = 0; i < KEPT; i++)
		if (!a->used[i]) {
			a->used[i] = true;
			return &a->place[i];
		}
	return NULL;
}

struct secret *secret_keep(const struct secret *s)
{
	struct secret *kept = NULL;

	for (size_t i = 0; i < ARENAS && !kept; i++) {
		if (!arenas[i])
			arenas[i] = arena_open();
		if (!arenas[i])
			return NULL;
		kept = take_place(arenas[i]);
	}
	if (kept)
		*kept = *s;
	return kept;
}

void secret_drop(struct secret *kept)
{
	if (!kept)
		return;
	secret_wipe(kept);
	for (size_t i = 0; i < ARENAS && arenas[i]; i++)
		if (kept >= arenas[i]->place && kept < arenas[i]->place + KEPT)
			arenas[i]->used[kept - arenas[i]->place] = false;
}

void secret_harden(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}
