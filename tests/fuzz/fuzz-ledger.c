/* Hostile or torn files as a ledger: the daemon takes up the chain, whatever it finds, and what it writes
 * then is read back by `history` without a break that was not there before, and no break heals. Input: months,
 * each a byte of name, a byte of manner, two of length, content; or the ledger's head as it is, or as the months
 * so far want it. */
#include "config.h"
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "cli/history.h"
#include "cli/say.h"
#include "lib/head.h"
#include "lib/log.h"
#include "tokend/broker.h"
#include "tokend/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);

enum { AS_IT_STANDS, CHAINED, HEADED, MANNERS, MONTHS = 5 };

static const char *const names[] = {
	"2026-10.jsonl", "2026-11.jsonl", "2026-12.jsonl", "2099-01.jsonl", "0000-00.jsonl",	/* months */
	"2026-9.jsonl", "2026-1x.jsonl", "+026-11.jsonl", "2026-11.jsonl.",	/* none */
	"head", "head.new",
};
enum { NAMES = sizeof names / sizeof names[0] };
static char folder[] = "/tmp/fuzz-ledger-XXXXXX";
static FILE *nowhere;

static void need(bool fine)
{
	if (!fine)
		abort();
}

/* 22 November 2026, 20:00 UTC, for ever */
int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	if (id != CLOCK_REALTIME)
		return __real_clock_gettime(id, t);
	*t = (struct timespec){ 1795377600, 0 };
	return 0;
}

int __wrap_fdatasync(int fd)
{
	(void)fd;
	return 0;
}

int __wrap_fsync(int fd)
{
	(void)fd;
	return 0;
}

static void path_of(const char *name, char path[300])
{
	snprintf(path, 300, "%s/%s", folder, name);
}

/* --- the files ----------------------------------------------------------------------------------- */
static char last[65];
static long ended;			/* where the last line did, in its file */

static void put_line(FILE *f, const char *line, int n)
{
	static char whole[70000];
	uint8_t md[32];
	int size = snprintf(whole, sizeof whole, "{\"previous\":\"%s\"%.*s}\n", last, n, line);

	need(size > 0 && size < (int)sizeof whole && EVP_Digest(whole, (size_t)size, md, NULL, EVP_sha256(), NULL));
	for (size_t i = 0; i < sizeof md; i++)
		snprintf(last + 2 * i, 3, "%02x", md[i]);
	fwrite(whole, 1, (size_t)size, f);
}

/* Each line as the rest of an object that continues the chain; what has no end of line is torn. */
static void put_chained(FILE *f, struct span content)
{
	static char text[65536];
	struct buf b = BUF(text);

	buf_put(&b, span_first(content, sizeof text - 1));
	text[b.n] = '\0';
	char *at = text;
	for (char *end; (end = memchr(at, '\n', b.n - (size_t)(at - text))); at = end + 1)
		put_line(f, at, (int)(end - at));
	ended = ftell(f);
	fwrite(at, 1, b.n - (size_t)(at - text), f);
}

/* As it would be if the file's last line were the ledger's. */
static void put_head(const char *name)
{
	struct head h = head_empty();
	char text[HEAD_TEXT], at[300];

	if (strcmp(last, h.hash) != 0) {
		snprintf(h.month, sizeof h.month, "%.7s", name);
		h.bytes = (unsigned long long)ended;
		memcpy(h.hash, last, sizeof h.hash);
	}
	path_of("head", at);
	FILE *f = fopen(at, "w");
	need(f);
	fwrite(text, 1, head_print(&h, text), f);
	fclose(f);
}

static void put_month(struct cur *c)
{
	char path[300];

	const char *name = names[cur_u8(c) % NAMES];
	unsigned manner = cur_u8(c) % MANNERS;
	struct span content = cur_counted(c, 2);

	path_of(name, path);
	FILE *f = fopen(path, "w");
	need(f);
	if (manner != AS_IT_STANDS)
		put_chained(f, content);
	else if (content.n)
		fwrite(content.p, 1, content.n, f);
	fclose(f);
	if (manner == HEADED)
		put_head(name);
}

static void clear(void)
{
	char path[300];

	for (size_t i = 0; i < NAMES; i++) {
		path_of(names[i], path);
		unlink(path);
	}
}

static void leave(void)
{
	clear();
	rmdir(folder);
}

static void begin(void)
{
	static bool begun;

	if (begun)
		return;
	need(mkdtemp(folder) && sd_event_new(&broker.event) >= 0);
	atexit(leave);
	log_level((enum log_level)0);
	say_quiet(true);
	need((nowhere = fopen("/dev/null", "w")));
	begun = true;
}

/* --- written and read ---------------------------------------------------------------------------- */
static void read_all(struct history *h)
{
	err e = history_read(folder, h);

	say_forget();
	need(ok(e) || e.code == E_NOT_FOUND);
	need(h->n == json_array_size(h->lines) + h->unreadable);
	json_decref(h->lines);
}

static void write_some(unsigned n)
{
	while (n--)
		ledger_note(&(struct note){ .what = "login", .mech = MECH_NONE, .result = FAIL(PIN_WRONG) });
	ledger_close();
}

static void show(bool whole)
{
	struct cli c = { .result = json_object() };
	FILE *own = stdout;

	c.args.opt[OPT_ledger] = folder;
	c.args.opt[OPT_json] = whole ? "" : NULL;
	stdout = nowhere;		/* what it prints is not looked at */
	err e = cmd_history(&c);
	stdout = own;
	say_forget();
	need(ok(e) || e.code == E_DATA_INVALID);
	json_decref(c.result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cur c = cur_of((struct span){ data, n });
	struct history before, after;

	begin();
	snprintf(last, sizeof last, "%064d", 0);
	for (unsigned i = 0; i < MONTHS && cur_left(&c); i++)
		put_month(&c);
	need(ok(ledger_open(folder)));		/* heals */
	read_all(&before);
	write_some(2);
	need(ok(ledger_open(folder)));
	write_some(1);
	read_all(&after);
	need(after.n == before.n + 3 && after.unreadable == before.unreadable);
	need(!before.broken[0] == !after.broken[0]);
	show(false);
	show(true);
	clear();
	return 0;
}
