/* The linker puts these in place of what the broker calls: child processes, timers, the clock, chance, the
 * log. */
#include "config.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "broker-desk.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "tokend/broker.h"
#include "tokend/cache.h"
#include "tokend/ledger.h"
#include "tokend/object.h"
#include "tokend/token.h"
#include "wire/events.h"
#include "wire/frame.h"
#include "wire/jobs.h"

enum { FAKES = 64, TIMERS = 512, FIRST_PID = 0x60000000, TURNS_MAX = 100000, BEGIN_MS = 1000000 };

void need(bool fine)
{
	if (!fine)
		abort();
}

/* --- children ------------------------------------------------------------------------------------ */
static struct fake fakes[FAKES];
static int theirs = -1, last_pid = FIRST_PID;

int __real_socketpair(int domain, int type, int protocol, int pair[2]);
int __wrap_socketpair(int domain, int type, int protocol, int pair[2]);
int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attr, char *const argv[], char *const env[]);
int __real_kill(pid_t pid, int sig);
int __wrap_kill(pid_t pid, int sig);
int __wrap_sd_event_add_child(sd_event *e, sd_event_source **s, pid_t pid, int options,
                              sd_event_child_handler_t fn, void *data);

/* child.c is the only one who makes pairs; the child's end is wanted before it is closed there. */
int __wrap_socketpair(int domain, int type, int protocol, int pair[2])
{
	int rc = __real_socketpair(domain, type, protocol, pair);

	need(rc == 0 && theirs < 0);
	theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, 3);
	return rc;
}

int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attr, char *const argv[], char *const env[])
{
	struct fake *f = fakes;

	(void)path, (void)actions, (void)attr, (void)env;
	while (f < fakes + FAKES && f->part)
		f++;
	if (f == fakes + FAKES) {		/* as where the system has no process left */
		close(theirs);
		theirs = -1;
		return EAGAIN;
	}
	*f = (struct fake){ .fd = theirs, .pid = *pid = ++last_pid,
	                    .part = strcmp(argv[1], "worker") == 0 ? "worker" : "monitor" };
	theirs = -1;
	return 0;
}

void fake_ends(struct fake *f)
{
	close(f->fd);
	*f = (struct fake){ .fd = -1 };
}

int __wrap_kill(pid_t pid, int sig)
{
	if (pid <= FIRST_PID)
		return __real_kill(pid, sig);
	for (struct fake *f = fakes; f < fakes + FAKES; f++)
		if (f->part && f->pid == pid)
			fake_ends(f);
	return 0;
}

int __wrap_sd_event_add_child(sd_event *e, sd_event_source **s, pid_t pid, int options,
                              sd_event_child_handler_t fn, void *data)
{
	(void)e, (void)s, (void)pid, (void)options, (void)fn, (void)data;
	return 0;
}

struct fake *fake_of(const char *part, unsigned n)
{
	unsigned count = 0;

	for (struct fake *f = fakes; f < fakes + FAKES; f++)
		count += f->part && strcmp(f->part, part) == 0;
	n = count ? n % count : 0;
	for (struct fake *f = fakes; f < fakes + FAKES; f++)
		if (f->part && strcmp(f->part, part) == 0 && n-- == 0)
			return f;
	return NULL;
}

/* What the broker orders is whole, whatever it was told. */
static void job_fits(const struct frame *f)
{
	struct cur c = cur_of(f->body);

	switch (f->what) {
#define IN(type, name)
#define OUT(type, name)
#define END
#define JOB(no, x) case no: { struct x##_in in; x##_get_in(&c, &in); break; }
#include "wire/jobs.def"
#undef JOB
	default:
		abort();
	}
	need(cur_done(&c));
}

static bool fake_hears(struct fake *w)
{
	static uint8_t in[2 * FRAME_MAX];
	struct frame f;
	ssize_t n = recv(w->fd, in, sizeof in, MSG_DONTWAIT);

	if (n < 0)
		return false;
	if (n == 0) {
		fake_ends(w);
		return true;
	}
	need(frame_size((struct span){ in, (size_t)n }) == (size_t)n);	/* a second one would be too soon */
	need(ok(frame_open((struct span){ in, (size_t)n }, &f)) && (w->dirty || !w->job));
	job_fits(&f);
	w->job = f.what;
	return true;
}

void desk_settle(void)
{
	bool more = true;

	for (unsigned turns = 0; more; turns++) {
		need(turns < TURNS_MAX);
		more = sd_event_run(broker.event, 0) > 0;
		for (struct fake *f = fakes; f < fakes + FAKES; f++)
			if (f->part)
				more = fake_hears(f) || more;
	}
}

/* --- time ---------------------------------------------------------------------------------------- */
static struct timer {
	sd_event_source      **source;
	sd_event_time_handler_t fn;
	void                  *data;
	uint64_t               due, turn;
} timers[TIMERS];
static uint64_t now = BEGIN_MS, turn;

uint64_t __wrap_broker_now(void);
void __wrap_broker_after(sd_event_source **source, uint64_t ms, sd_event_time_handler_t fn, void *data);
void __wrap_broker_cancel(sd_event_source **source);

uint64_t __wrap_broker_now(void)
{
	return now;
}

void __wrap_broker_cancel(sd_event_source **source)
{
	if (!*source)
		return;
	struct timer *t = (struct timer *)(void *)*source;
	need(t >= timers && t < timers + TIMERS && t->source == source);
	*t = (struct timer){ 0 };
	*source = NULL;
}

void __wrap_broker_after(sd_event_source **source, uint64_t ms, sd_event_time_handler_t fn, void *data)
{
	struct timer *t = timers;

	__wrap_broker_cancel(source);
	while (t < timers + TIMERS && t->source)
		t++;
	need(t < timers + TIMERS);
	*t = (struct timer){ source, fn, data, now + ms, ++turn };
	*source = (sd_event_source *)(void *)t;
}

static struct timer *next_timer(void)
{
	struct timer *first = NULL;

	for (struct timer *t = timers; t < timers + TIMERS; t++)
		if (t->source && t->turn && (!first || t->due < first->due ||
				(t->due == first->due && t->turn < first->turn)))
			first = t;
	return first;
}

/* It fires once; who set it may have it cancelled there or later. */
void desk_time(void)
{
	struct timer *t = next_timer();

	if (!t)
		return;
	now = t->due > now ? t->due : now;
	t->turn = 0;
	t->fn(*t->source, now * 1000, t->data);
}

/* --- chance, log, secrets ------------------------------------------------------------------------ */
static unsigned secrets;

struct secret *__real_secret_keep(const struct secret *s);
struct secret *__wrap_secret_keep(const struct secret *s);
void __real_secret_drop(struct secret *kept);
void __wrap_secret_drop(struct secret *kept);
void __wrap_log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

int RAND_bytes(unsigned char *out, int n)
{
	memset(out, 0x5A, (size_t)n);
	return 1;
}

void __wrap_log_line(enum log_level level, const char *format, ...)
{
	static char line[4096];
	va_list args;

	(void)level;
	va_start(args, format);
	need(vsnprintf(line, sizeof line, format, args) >= 0);
	va_end(args);
	if (getenv("FUZZ_LOG"))
		fprintf(stderr, "%s\n", line);
}

struct secret *__wrap_secret_keep(const struct secret *s)
{
	struct secret *kept = __real_secret_keep(s);

	secrets += kept != NULL;
	return kept;
}

void __wrap_secret_drop(struct secret *kept)
{
	secrets -= kept != NULL;
	__real_secret_drop(kept);
}

/* --- the beginning and the end ------------------------------------------------------------------- */
static char folder[] = "/tmp/fuzz-broker-XXXXXX";

static void ledger_empty(bool whole)
{
	DIR *d = opendir(folder);
	char path[sizeof folder + 300];

	for (struct dirent *e; d && (e = readdir(d));) {
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		if (e->d_name[0] != '.' && (whole ? unlink(path) : truncate(path, 0)) < 0)
			abort();
	}
	if (d)
		closedir(d);
	if (whole)
		rmdir(folder);
}

static void leave(void)
{
	ledger_empty(true);
}

void desk_open(void)
{
	for (struct fake *f = fakes; f < fakes + FAKES; f++)
		f->fd = -1;
	log_level(LOG_TRACE);
	need(mkdtemp(folder) && ok(ledger_open(folder)));
	atexit(leave);
	need(sd_event_new(&broker.event) >= 0);
	broker.self = "/proc/self/exe";
}

static void forget_tokens(void)
{
	static uint8_t room[1024];
	struct buf b = BUF(room);
	struct token t = { 0 };

	cache_serials(&b);
	for (struct cur c = cur_of(buf_span(&b)); cur_left(&c);) {
		const char *serial = (const char *)c.p;
		snprintf(t.serial, sizeof t.serial, "%s", serial);
		cur_take(&c, strlen(serial) + 1);
		need(cache_take(&t));
		objects_free(&t);
	}
}

static void forget_readers(void)
{
	while (broker.readers) {
		struct reader *r = broker.readers;
		broker.readers = r->next;
		need(!r->token);
		__wrap_broker_cancel(&r->again);
		free(r);
	}
}

static void pull_all(struct fake *m)
{
	static uint8_t room[FRAME_MAX];

	for (struct reader *r = broker.readers; r; r = r->next) {
		struct buf b = BUF(room);
		struct ReaderGone_in in = { .reader = span_str(r->name) };
		frame_begin(&b, 0, ReaderGone_ID, 0);
		ReaderGone_put_in(&b, &in);
		frame_end(&b, 0);
		need(send(m->fd, b.p, b.n, MSG_NOSIGNAL) == (ssize_t)b.n);
		desk_settle();
	}
}

void desk_close(void)
{
	struct fake *m = fake_of("monitor", 0);

	if (m && m->dirty)
		fake_ends(m);
	desk_settle();
	for (unsigned i = 0; !(m = fake_of("monitor", 0)); i++) {
		need(i < 3 * TIMERS);
		desk_time();
		desk_settle();
	}
	pull_all(m);
	for (unsigned i = 0; next_timer(); i++) {
		need(i < 3 * TIMERS);
		desk_time();
		desk_settle();
	}
	forget_readers();
	forget_tokens();
	for (struct timer *t = timers; t < timers + TIMERS; t++)
		need(!t->source);
	need(!secrets && !fake_of("worker", 0));
	ledger_empty(false);
	now = BEGIN_MS;
	turn = 0;
}
