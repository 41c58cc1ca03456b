/* Where secrets are wiped and kept: one locked arena of fixed places. */
#include "config.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "secret.h"

enum { KEPT = 256 };

static struct arena {
	struct secret place[KEPT];
	bool          used[KEPT];
} *arena;

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

static bool arena_open(void)
{
	if (arena)
		return true;
	void *p = map_secret(sizeof *arena);
	if (p == MAP_FAILED)
		return false;
	mlock(p, sizeof *arena);		/* RLIMIT_MEMLOCK may forbid it: still not dumped */
	madvise(p, sizeof *arena, MADV_DONTDUMP);
	madvise(p, sizeof *arena, MADV_WIPEONFORK);
	arena = p;
	return true;
}

struct secret *secret_keep(const struct secret *s)
{
	if (!arena_open())
		return NULL;
	for (size_t i = 0; i < KEPT; i++)
		if (!arena->used[i]) {
			arena->used[i] = true;
			arena->place[i] = *s;
			return &arena->place[i];
		}
	return NULL;
}

void secret_drop(struct secret *kept)
{
	if (!kept)
		return;
	secret_wipe(kept);
	arena->used[kept - arena->place] = false;
}

void secret_harden(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}
