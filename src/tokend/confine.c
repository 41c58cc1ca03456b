/* Landlock and seccomp for the processes at the readers. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <openssl/crypto.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "confine.h"
#include "lib/log.h"

/* --- files ----------------------------------------------------------------------------------- */
/* All that the first version knows, and with each later one what it added. */
static uint64_t known_rights(int version)
{
	uint64_t first = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
	uint64_t refer = LANDLOCK_ACCESS_FS_MAKE_SYM << 1, truncate = refer << 1;

	return first | (version >= 2 ? refer : 0) | (version >= 3 ? truncate : 0);
}

/* A ruleset without rules: nothing may be opened. Connecting to a Unix socket is not its matter. */
static int new_ruleset(uint64_t *rights)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = { .handled_access_fs = known_rights((int)version) };

	*rights = attr.handled_access_fs;
	return version < 1 ? -1 : (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
}

static void enforce(int fd)
{
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		log_line(LOG_INFO, "no Landlock: %d", errno);
	if (fd >= 0)
		close(fd);
}

/* An exception for a file, or all that lies below a folder. What is not there needs none. */
static void allow_below(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights,
		.parent_fd = open(path, O_PATH | O_CLOEXEC) };
	struct stat st;

	if (rule.parent_fd < 0)
		return;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
	if (ruleset >= 0 && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		log_line(LOG_INFO, "no Landlock rule for %s: %d", path, errno);
	close(rule.parent_fd);
}

static void close_files(void)
{
	uint64_t rights;

	enforce(new_ruleset(&rights));
}

static void close_most_files(char *const *readable, char *const *writable)
{
	static const char *const system_folders[] = {
		"/usr", "/lib", "/lib64", "/etc", "/opt", "/var/lib", "/run/pcscd",
		"/proc/self", "/sys", "/dev" };
	uint64_t rights;
	int fd = new_ruleset(&rights);

	uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	for (size_t i = 0; i < sizeof system_folders / sizeof system_folders[0]; i++)
		allow_below(fd, system_folders[i], reading);
	for (; *readable; readable++)
		allow_below(fd, *readable, reading);
	for (; *writable; writable++)
		allow_below(fd, *writable, rights);
	enforce(fd);
}

/* --- system calls ---------------------------------------------------------------------------- */
enum { WORKER = CONFINED_WORKER, MONITOR = CONFINED_MONITOR };

static const struct call { int number; unsigned who; } allowed[] = {
#define ALLOW(name, who) { SCMP_SYS(name), who },
#define DEADLY(name)
#define NOT_FOR_MODULES(name)
#include "confine.def"
#undef ALLOW
#undef DEADLY
#undef NOT_FOR_MODULES
};
static const int deadly[] = {
#define ALLOW(name, who)
#define DEADLY(name) SCMP_SYS(name),
#define NOT_FOR_MODULES(name)
#include "confine.def"
#undef ALLOW
#undef DEADLY
#undef NOT_FOR_MODULES
}, not_for_modules[] = {
#define ALLOW(name, who)
#define DEADLY(name)
#define NOT_FOR_MODULES(name) SCMP_SYS(name),
#include "confine.def"
#undef ALLOW
#undef DEADLY
#undef NOT_FOR_MODULES
};

static bool add_lists(scmp_filter_ctx f, enum confined who)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
		if (allowed[i].who & who)
			rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i].number, 0);
	for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
		rc |= seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	return rc == 0;
}

/* Those whose arguments matter: Unix sockets only, memory that is not run, signals to itself alone. */
static bool add_bounded(scmp_filter_ctx f)
{
	struct scmp_arg_cmp unix_only = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_UNIX };
	struct scmp_arg_cmp not_run = { .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC };
	struct scmp_arg_cmp self = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid() };

	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, unix_only) == 0 &&
		seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, not_run) == 0 &&
		seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, not_run) == 0 &&
		seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, self) == 0;
}

static void close_calls(enum confined who)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (!f || !add_lists(f, who) || !add_bounded(f) || seccomp_load(f) != 0)
		log_line(LOG_NOTICE, "no seccomp filter: %d", errno);
	seccomp_release(f);
}

/* Signals to itself alone; threads, and no processes (clone3, whose flags a filter cannot see, is said to be
 * missing, and the C library takes clone). */
static int add_alone(scmp_filter_ctx f)
{
	struct scmp_arg_cmp not_unix = { .arg = 0, .op = SCMP_CMP_NE, .datum_a = AF_UNIX };
	struct scmp_arg_cmp other = { .arg = 0, .op = SCMP_CMP_NE, .datum_a = (scmp_datum_t)getpid() };
	struct scmp_arg_cmp process = { .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD };

	return seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1, not_unix) |
		seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(kill), 1, other) |
		seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 1, other) |
		seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, process) |
		seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/* All but what the lists name, and what reaches other processes and machines. */
static void close_deadly_calls(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int rc = f ? add_alone(f) : -1;

	for (size_t i = 0; f && i < sizeof deadly / sizeof deadly[0]; i++)
		rc |= seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	for (size_t i = 0; f && i < sizeof not_for_modules / sizeof not_for_modules[0]; i++)
		rc |= seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), not_for_modules[i], 0);
	if (rc != 0 || seccomp_load(f) != 0)
		log_line(LOG_NOTICE, "no seccomp filter: %d", errno);
	seccomp_release(f);
}

void confine_module(char *const *readable, char *const *writable)
{
	if (!CONFINEMENT)
		return;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	close_most_files(readable, writable);
	close_deadly_calls();
}

void confine(enum confined who)
{
	/* libcrypto reads its configuration when it is first used: it must not want to later */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	if (!CONFINEMENT)
		return;			/* a sanitizer's runtime does what an intruder would */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	close_files();
	close_calls(who);
}
