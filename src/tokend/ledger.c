/* The ledger's lines: JSON objects, chained. */
#include "config.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "broker.h"
#include "job.h"
#include "ledger.h"
#include "lib/head.h"
#include "lib/log.h"
#include "object.h"
#include "peer.h"

enum { PATH_BYTES = 4096, LINE_MAX_BYTES = 4096, HASH_HEX = HEAD_HASH, SYNC_DELAY_MS = 200,
       REFUSALS_LISTED = 30, REFUSALS_EVERY_MS = 60000 };

static struct {
	int              folder, fd;		/* -1: there is no ledger */
	char             month[8];		/* of the open file: "2026-11" */
	char             last[HASH_HEX + 1];	/* of the line written last; zeros before the first */
	off_t            end;			/* of that line in the open file */
	bool             held;			/* no other service writes it */
	bool             ahead;			/* of its head */
	bool             closing;
	bool             failed;		/* said so already */
	uint64_t         missing;		/* entries that could not be written */
	sd_event_source *sync;
} ledger = { .folder = -1, .fd = -1 };

/* --- the chain ----------------------------------------------------------------------------------- */
static void hash_line(struct span line, char out[HASH_HEX + 1])
{
	uint8_t md[32] = { 0 };

	if (EVP_Digest(line.p, line.n, md, NULL, EVP_sha256(), NULL) != 1)
		log_line(LOG_ERROR, "ledger: no SHA-256");
	for (size_t i = 0; i < sizeof md; i++)
		snprintf(out + 2 * i, 3, "%02x", md[i]);
}

/* "2026-11.jsonl": the reader (src/cli/history.c) takes no other name for a month either. */
static bool month_of(const char *name, char month[8])
{
	static const char form[] = "dddd-dd.jsonl";

	if (strlen(name) != sizeof form - 1)
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd' ? name[i] < '0' || name[i] > '9' : name[i] != form[i])
			return false;
	snprintf(month, 8, "%.7s", name);
	return true;
}

static int month_open_as(const char *month, int how)
{
	char name[16];

	snprintf(name, sizeof name, "%s.jsonl", month);
	return openat(ledger.folder, name, how | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
}

static int month_open(const char *month)
{
	return month_open_as(month, O_RDWR | O_CREAT | O_APPEND);
}

/* The newest month before that one ("": of all) that has a file takes its place; "" where there is none. */
static void newest(char month[8])
{
	DIR *d = fdopendir(openat(ledger.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	char one[8], found[8] = "";

	while (d) {
		struct dirent *e = readdir(d);
		if (!e)
			break;
		if (month_of(e->d_name, one) && strcmp(one, found) > 0 && (!month[0] || strcmp(one, month) < 0))
			snprintf(found, sizeof found, "%s", one);
	}
	if (d)
		closedir(d);
	snprintf(month, 8, "%s", found);
}

/* Where the last line that ends before `before` ends; 0: there is none; -1: it cannot be read. */
static off_t line_end(int fd, off_t before)
{
	char part[LINE_MAX_BYTES];

	while (before > 0) {
		size_t n = before < (off_t)sizeof part ? (size_t)before : sizeof part;
		before -= (off_t)n;
		if (pread(fd, part, n, before) != (ssize_t)n)
			return -1;
		while (n && part[n - 1] != '\n')
			n--;
		if (n)
			return before + (off_t)n;
	}
	return 0;
}

static err hash_range(int fd, off_t from, off_t to, char out[HASH_HEX + 1])
{
	size_t n = (size_t)(to - from);
	uint8_t *line = malloc(n);
	bool good = line && pread(fd, line, n, from) == (ssize_t)n;

	if (good)
		hash_line((struct span){ line, n }, out);
	free(line);
	return good ? OK : FAIL(FILE);
}

/* Takes up the chain at the file's last whole line, which ends at *end (0: there is none); what a crash left
 * behind it, of whatever length, is cut off. */
static err take_up(int fd, off_t *at)
{
	struct stat st;

	*at = 0;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return FAIL(FILE);
	off_t end = line_end(fd, st.st_size), begin = end ? line_end(fd, end - 1) : 0;
	if (end < 0 || begin < 0)
		return FAIL(FILE);
	if (end < st.st_size) {
		log_line(LOG_WARNING, "ledger: a torn line of %lld bytes is cut off", (long long)(st.st_size - end));
		if (ftruncate(fd, end) < 0)
			return FAIL(FILE);
	}
	*at = end;
	return end ? hash_range(fd, begin, end, ledger.last) : OK;
}

static void fold_out(void);

/* --- opening ------------------------------------------------------------------------------------- */
static bool make_folders(char *path)
{
	for (char *s = path + 1; (s = strchr(s, '/')); s++) {
		*s = '\0';
		mkdir(path, 0700);
		*s = '/';
	}
	mkdir(path, 0700);
	ledger.folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return ledger.folder >= 0;
}

static bool default_folder(char path[PATH_BYTES])
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n = -1;

	if (state && *state == '/')
		n = snprintf(path, PATH_BYTES, "%s/bsre-token/ledger", state);
	else if (home && *home == '/')
		n = snprintf(path, PATH_BYTES, "%s/.local/state/bsre-token/ledger", home);
	return n > 0 && n < PATH_BYTES;
}

/* Opens the newest month and finds the last line that was written: a crash may have left that month
 * without a whole one, then it is in the month before. */
static err take_up_newest(void)
{
	char month[8] = "";
	off_t end = 0;
	err e = OK;

	for (newest(month); ok(e) && !end && month[0]; newest(month)) {
		int fd = month_open(month);
		e = fd < 0 ? FAIL(FILE) : take_up(fd, &end);
		if (ok(e) && ledger.fd < 0) {
			ledger.fd = fd;
			ledger.end = end;
			snprintf(ledger.month, sizeof ledger.month, "%s", month);
		} else if (fd >= 0) {
			close(fd);
		}
	}
	return e;
}

/* Is the line that the head tells of still where it was? */
static bool head_holds(const struct head *h)
{
	char hash[HASH_HEX + 1] = "";
	struct stat st;

	if (h->bytes == 0)
		return true;
	int fd = month_open_as(h->month, O_RDONLY);
	off_t end = (off_t)h->bytes;
	bool good = fd >= 0 && fstat(fd, &st) == 0 && st.st_size >= end && line_end(fd, end) == end;
	off_t begin = good ? line_end(fd, end - 1) : -1;
	good = good && begin >= 0 && ok(hash_range(fd, begin, end, hash)) && strcmp(hash, h->hash) == 0;
	if (fd >= 0)
		close(fd);
	return good;
}

/* Lines behind the head are those of a moment that a crash cut short. Where the head is not met, or gone, the
 * chain does not go on as if nothing had been: its next line shows the break, for ever. */
static err check_head(void)
{
	struct head h;
	err e = head_read(ledger.folder, &h);
	bool empty = ledger.fd < 0;

	if (e.code == E_NOT_FOUND && empty) {
		h = head_empty();
		return head_write(ledger.folder, &h);
	}
	if (ok(e) && head_holds(&h))
		return OK;
	log_line(LOG_ERROR, "ledger: what stood at its end was changed or cut");
	memset(ledger.last, 'f', HASH_HEX);
	return OK;
}

/* Makes it ours, unless another service has it: two that write would break the chain. */
static err take_hold(void)
{
	if (flock(ledger.folder, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		if (!ledger.failed)
			log_line(LOG_ERROR, "ledger: another bsre-tokend writes it: nothing is recorded by this one");
		ledger.failed = true;
		return FAIL(FILE);
	}
	memset(ledger.last, '0', HASH_HEX);
	TRY(take_up_newest());
	TRY(check_head());
	ledger.held = true;
	return OK;
}

err ledger_open(const char *folder)
{
	char path[PATH_BYTES];
	struct stat st;

	if (folder)
		snprintf(path, sizeof path, "%s", folder);
	if ((!folder && !default_folder(path)) || !make_folders(path) || fstat(ledger.folder, &st) < 0 ||
	    st.st_uid != geteuid() || (st.st_mode & 077)) {
		log_line(LOG_ERROR, "ledger: no folder of our own for it: nothing will be recorded");
		if (ledger.folder >= 0)
			close(ledger.folder);
		ledger.folder = -1;
		return FAIL(FILE);
	}
	return take_hold();
}

/* --- writing ------------------------------------------------------------------------------------- */
static void give_up(const char *what)
{
	if (!ledger.failed)
		log_line(LOG_ERROR, "ledger: %s: errno=%d", what, errno);
	ledger.failed = true;
}

/* A clock that was set back does not: the chain would go on in a file before the one it comes from. */
static bool month_is_open(const char *month)
{
	if (strcmp(month, ledger.month) < 0)
		month = ledger.month;
	if (ledger.fd >= 0 && strcmp(month, ledger.month) == 0)
		return true;
	ledger_sync();
	if (ledger.fd >= 0)
		close(ledger.fd);
	ledger.fd = month_open(month);
	if (ledger.fd >= 0 && fsync(ledger.folder) < 0)		/* the file's name as well */
		give_up("its folder cannot be brought to the disk");
	if (month != ledger.month)
		snprintf(ledger.month, sizeof ledger.month, "%s", month);
	return ledger.fd >= 0;
}

static int sync_now(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s, (void)usec, (void)data;
	broker_cancel(&ledger.sync);
	ledger_sync();
	return 0;
}

/* The head after the lines: it never tells of one that a power cut can take. */
void ledger_sync(void)
{
	struct head h = { .bytes = (unsigned long long)ledger.end };

	if (ledger.fd < 0 || !ledger.ahead)
		return;
	snprintf(h.month, sizeof h.month, "%s", ledger.month);
	snprintf(h.hash, sizeof h.hash, "%s", ledger.last);
	if (fdatasync(ledger.fd) < 0)
		give_up("cannot be brought to the disk");
	else if (!ok(head_write(ledger.folder, &h)))
		give_up("its head cannot be written");
	else
		ledger.ahead = false;
}

void ledger_close(void)
{
	ledger.closing = true;			/* the loop may be over: it takes no timer any more */
	fold_out();
	broker_cancel(&ledger.sync);
	ledger_sync();
	if (ledger.fd >= 0)
		close(ledger.fd);
	if (ledger.folder >= 0)
		close(ledger.folder);
	ledger.fd = ledger.folder = -1;
	ledger.held = ledger.ahead = ledger.closing = false;
	ledger.month[0] = '\0';
}

static bool append(char *line, size_t n)
{
	char hash[HASH_HEX + 1];
	struct stat st;

	line[n++] = '\n';
	if (fstat(ledger.fd, &st) < 0)
		return false;
	ssize_t done = write(ledger.fd, line, n);
	if (done != (ssize_t)n) {
		errno = done < 0 ? errno : ENOSPC;
		give_up("cannot be written");
		if (done > 0 && ftruncate(ledger.fd, st.st_size) < 0)
			give_up("half a line stays");
		return false;
	}
	ledger.failed = false;
	hash_line((struct span){ (uint8_t *)line, n }, hash);
	snprintf(ledger.last, sizeof ledger.last, "%s", hash);
	ledger.end = st.st_size + done;
	ledger.ahead = true;
	if (!ledger.sync && !ledger.closing)
		broker_after(&ledger.sync, SYNC_DELAY_MS, sync_now, NULL);
	return true;
}

static void put(json_t *o, const char *name, const char *value)
{
	/* what is not UTF-8 (a path may be anything) is written as far as it is */
	json_t *s = json_string(value);

	json_object_set_new(o, name, s ? s : json_string("?"));
}

static void put_span(json_t *o, const char *name, struct span s)
{
	json_t *v = json_stringn((const char *)s.p, s.n);

	json_object_set_new(o, name, v ? v : json_string("?"));
}

static void put_hex(json_t *o, const char *name, struct span s)
{
	char text[2 * 32 + 1] = "";

	s = span_first(s, 32);
	for (size_t i = 0; i < s.n; i++)
		snprintf(text + 2 * i, 3, "%02x", s.p[i] & 0xFFu);
	put(o, name, text);
}

static void put_key(json_t *o, const struct note *n)
{
	char slot[12];

	if (n->slot) {
		snprintf(slot, sizeof slot, "%02x", n->slot);
		put(o, "slot", slot);
	}
	if (!n->key)
		return;
	put_span(o, "key", n->key->label);
	put_hex(o, "id", n->key->id);
	const struct object *cert = object_of_slot(n->token, n->key->slot, OBJ_CERT);
	if (cert) {
		struct cur c = cur_of(cert->cert.serial);
		put_hex(o, "certificate", tlv_bytes(&c, 0x02));
	}
}

static bool note_put(const struct note *n)
{
	char line[LINE_MAX_BYTES], when[48], day[24], month[8], mech[32];
	struct timespec t;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	strftime(month, sizeof month, "%Y-%m", &tm);
	if (ledger.folder < 0 || (!ledger.held && !ok(take_hold())) || !month_is_open(month))
		return false;
	strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(when, sizeof when, "%s.%03ldZ", day, t.tv_nsec / 1000000);
	json_t *o = json_object();
	put(o, "time", when);
	put(o, "what", n->what);
	put(o, "result", err_name(n->result));
	if (n->program) {
		put(o, "program", n->program);
		if (n->sandbox && *n->sandbox)
			put(o, "sandbox", n->sandbox);
		json_object_set_new(o, "pid", json_integer(n->pid));
	}
	if (n->token)
		put(o, "token", n->token->serial);
	put_key(o, n);
	if (n->mech != MECH_NONE) {
		snprintf(mech, sizeof mech, "0x%08llx", (unsigned long long)n->mech);
		put(o, "mechanism", mech);
	}
	if (n->reason.n)
		put_span(o, "reason", n->reason);
	if (n->times)
		json_object_set_new(o, "times", json_integer((json_int_t)n->times));
	put(o, "previous", ledger.last);
	size_t size = json_dumpb(o, line, sizeof line - 1, JSON_COMPACT);
	json_decref(o);
	return size && size < sizeof line && append(line, size);
}

/* What was left out while the disk was full is told as soon as a line can be written again. */
static void note_write(const struct note *n)
{
	struct note gap = { .what = "missing", .mech = MECH_NONE, .result = FAIL(FILE), .times = ledger.missing };

	if (ledger.missing && note_put(&gap))
		ledger.missing = 0;
	if (ledger.missing || !note_put(n))
		ledger.missing++;
}

/* --- refusals ------------------------------------------------------------------------------------ */
/* What costs a program nothing must not fill the disk: of refusals thirty are listed, and one more for each
 * minute; the others are counted. What a card has said to a PIN is always listed: tries bound it. */
static struct {
	unsigned         listed;		/* one less for each minute since */
	uint64_t         since;
	uint64_t         counted;
	sd_event_source *timer;
} refusals;

static void fold_out(void)
{
	struct note n = { .what = "refusals", .mech = MECH_NONE, .result = FAIL(REFUSED), .times = refusals.counted };

	broker_cancel(&refusals.timer);
	refusals.counted = 0;
	if (n.times)
		note_write(&n);
}

static int fold_over(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s, (void)usec, (void)data;
	fold_out();
	return 0;
}

static bool is_listed(err result)
{
	uint64_t now = broker_now(), minutes = (now - refusals.since) / REFUSALS_EVERY_MS;

	if (ok(result) || result.code == E_PIN_WRONG || result.code == E_PIN_BLOCKED ||
	    result.code == E_PUK_WRONG || result.code == E_PUK_BLOCKED)
		return true;
	refusals.listed = minutes < refusals.listed ? refusals.listed - (unsigned)minutes : 0;
	refusals.since = refusals.listed ? refusals.since + minutes * REFUSALS_EVERY_MS : now;
	return refusals.listed < REFUSALS_LISTED && ++refusals.listed;
}

void ledger_note(const struct note *n)
{
	if (is_listed(n->result)) {
		note_write(n);
		return;
	}
	refusals.counted++;
	if (!refusals.timer)
		broker_after(&refusals.timer, REFUSALS_EVERY_MS, fold_over, NULL);
}

void ledger_job(const char *what, const struct job *j, err result)
{
	struct object *key = j->slot && !j->token->gone ? object_of_slot(j->token, j->slot, OBJ_PRIVATE) : NULL;

	ledger_note(&(struct note){
		.what = what, .program = j->pid ? j->program : NULL, .sandbox = j->sandbox, .pid = j->pid,
		.token = j->token, .key = key, .slot = j->slot, .mech = j->mech, .result = result,
		.reason = j->call == CardKeyDestroy_ID ? j->last : SPAN_NONE,
	});
}
