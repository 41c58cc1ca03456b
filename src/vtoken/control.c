/* Orders over the control socket: a line in, a line "ok ..." or "error ..." out. */
#include "config.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "token.h"

static const char blanks[] = " \t\r";

enum { WORDS = 512, ANSWER = 2 * REPLY_MAX + 64 };

struct answer { char text[ANSWER]; size_t n; };
typedef void (*order)(struct token *, char *const *args, size_t n, struct answer *);
/* line: the argument is the rest of the line, blanks and all, as a file's name is. */
struct row { const char *name; order run; bool line; const char *usage, *brief; };

static bool is(const char *s, const char *word)
{
	return span_eq(span_str(s), span_str(word));
}

/* Appends to the answer, which stays one line; what does not fit is left out. */
static void __attribute__((format(printf, 2, 3))) say(struct answer *a, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(a->text + a->n, sizeof a->text - a->n, format, ap);
	va_end(ap);
	if (n > 0)
		a->n += (size_t)n < sizeof a->text - a->n ? (size_t)n : sizeof a->text - a->n - 1;
}

static const char playing[] = "a transcript is played: there is no card behind it";

static void order_unplug(struct token *t, char *const *args, size_t n, struct answer *a)
{
	(void)args, (void)n;
	token_unplug(t);
	say(a, "ok");
}

static void order_plug(struct token *t, char *const *args, size_t n, struct answer *a)
{
	(void)args, (void)n;
	token_plug(t);
	say(a, "ok");
}

static void order_reset(struct token *t, char *const *args, size_t n, struct answer *a)
{
	(void)args, (void)n;
	card_reset(&t->card);
	say(a, "ok");
}

static void order_count(struct token *t, char *const *args, size_t n, struct answer *a)
{
	if (n > 1 || (n == 1 && !is(args[0], "reset"))) {
		say(a, "error usage: count [reset]");
		return;
	}
	say(a, "ok %llu", (unsigned long long)t->count);
	if (n == 1)
		t->count = 0;
}

static void order_trace(struct token *t, char *const *args, size_t n, struct answer *a)
{
	if (n != 1)
		say(a, "error usage: trace FILE|off");
	else if (!ok(trace_to(&t->trace, is(args[0], "off") ? NULL : args[0], now_us())))
		say(a, "error the file cannot be opened");
	else
		say(a, "ok");
}

static void order_swap(struct token *t, char *const *args, size_t n, struct answer *a)
{
	const char *why = "there is no such file";

	if (n != 1)
		say(a, "error usage: swap STATEFILE");
	else if (t->replay.text)
		say(a, "error %s", playing);
	else if (ok(token_swap(t, args[0], &why)))
		say(a, "ok %u", (unsigned)t->state->serial);
	else
		say(a, "error %s: %s", args[0], why);
}

/* Hex digits, in as many words as one likes. */
static bool read_hex(char *const *args, size_t n, struct buf *b)
{
	for (size_t i = 0; i < n; i++) {
		const char *at = args[i];
		unsigned byte;
		int used = 0;
		for (; sscanf(at, "%2x%n", &byte, &used) == 1 && used == 2; at += used)
			buf_be(b, byte, 1);
		if (*at)
			return false;
	}
	return !b->bad && b->n > 1;
}

static void order_foreign(struct token *t, char *const *args, size_t n, struct answer *a)
{
	uint8_t in[LINE_LENGTH / 2], out[REPLY_MAX];
	struct buf command = BUF(in), reply = BUF(out);

	if (!read_hex(args, n, &command))
		say(a, "error usage: foreign HEX...");
	else if (t->replay.text)
		say(a, "error %s", playing);
	else if (!ok(token_foreign(t, buf_span(&command), &reply)))
		say(a, "error the token is unplugged or at work");
	else
		say(a, "ok ");
	for (size_t i = 0; i < reply.n; i++)
		say(a, "%02X", reply.p[i]);
	wipe(in, sizeof in);
}

static void order_no_extended(struct token *t, char *const *args, size_t n, struct answer *a)
{
	if (n > 1 || (n == 1 && !is(args[0], "off"))) {
		say(a, "error usage: no-extended [off]");
		return;
	}
	t->card.no_extended = n == 0;
	say(a, "ok");
}

static void order_timing(struct token *t, char *const *args, size_t n, struct answer *a)
{
	uint64_t seed = 1;
	bool good = n == 1 || (n == 2 && faults_number(args[1], 10, UINT64_MAX, &seed));

	say(a, good && timing_set(&t->timing, args[0], seed) ? "ok"
		: "error usage: timing none|A|B|C|D [SEED]");
}

static void order_model(struct token *t, char *const *args, size_t n, struct answer *a)
{
	if (n != 1 || !(is(args[0], "plain") || is(args[0], "yubico"))) {
		say(a, "error usage: model plain|yubico");
		return;
	}
	t->card.model = is(args[0], "plain") ? MODEL_PLAIN : MODEL_YUBICO;
	say(a, "ok");
}

static void order_atr(struct token *t, char *const *args, size_t n, struct answer *a)
{
	say(a, n == 1 && token_atr(t, args[0]) ? "ok" : "error usage: atr t1|t0|HEX");
}

static void order_faults(struct token *t, char *const *args, size_t n, struct answer *a)
{
	if (n != 1 || !is(args[0], "clear")) {
		say(a, "error usage: faults clear");
		return;
	}
	faults_clear(&t->faults);
	say(a, "ok");
}

static void order_status(struct token *t, char *const *args, size_t n, struct answer *a)
{
	(void)args, (void)n;
	say(a, "ok %s %s %s serial %u timing %s apdus %llu faults %zu",
		t->plugged ? "plugged" : "unplugged", t->card.powered ? "powered" : "unpowered",
		t->busy ? "busy" : "idle", (unsigned)t->state->serial, timing_name(&t->timing),
		(unsigned long long)t->count, t->faults.n);
}

static void order_serial(struct token *t, char *const *args, size_t n, struct answer *a)
{
	(void)args, (void)n;
	say(a, "ok %u", (unsigned)t->state->serial);
}

static void order_stop(struct token *t, char *const *args, size_t n, struct answer *a)
{
	(void)args, (void)n;
	t->stop = true;
	say(a, "ok");
}

static void order_help(struct token *t, char *const *args, size_t n, struct answer *a);

static const struct row rows[] = {
#define ORDER(name, function, line, usage, brief) { name, order_##function, line, usage, brief },
#include "orders.def"
#undef ORDER
};

static void order_help(struct token *t, char *const *args, size_t n, struct answer *a)
{
	(void)t, (void)args, (void)n;
	say(a, "ok");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		say(a, "%s %s%s%s", i ? ";" : "", rows[i].name, *rows[i].usage ? " " : "",
			rows[i].usage);
#define FAULT(name, kind, usage) say(a, "; %s N%s%s", name, *usage ? " " : "", usage);
#include "faults.def"
#undef FAULT
}

static void fault_order(struct token *t, char *const *words, size_t n, struct answer *a)
{
	err e = faults_order(&t->faults, words[0], words + 1, n - 1);

	if (ok(e))
		say(a, "ok");
	else if (e.code == E_NOT_FOUND)
		say(a, "error no such order: %s", words[0]);
	else if (e.code == E_QUOTA)
		say(a, "error too many faults are waiting");
	else if (e.code == E_ACTION_PROHIBITED)
		say(a, "error another fault waits for that APDU");
	else
		say(a, "error usage: %s N %s", words[0], faults_usage(words[0]));
}

/* Splits a line at blanks, in place: at most WORDS - 1; WORDS where there are more. */
static size_t split(char *line, char **words)
{
	size_t n = 0;
	char *save = NULL;

	for (char *w = strtok_r(line, blanks, &save); w; w = strtok_r(NULL, blanks, &save)) {
		if (n == WORDS - 1)
			return WORDS;
		words[n++] = w;
	}
	return n;
}

static const struct row *find(const char *name)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (is(rows[i].name, name))
			return &rows[i];
	return NULL;
}

/* The line without the blanks around it, in place. */
static char *trim(char *line)
{
	line += strspn(line, blanks);
	size_t n = span_str(line).n;

	while (n && strchr(blanks, line[n - 1]))
		n--;
	line[n] = 0;
	return line;
}

static void obey(struct token *t, char *line, struct answer *a)
{
	char *words[WORDS], *rest = trim(line);
	size_t length = strcspn(rest, blanks);
	bool more = rest[length];

	if (!length) {
		say(a, "error no order");
		return;
	}
	rest[length] = 0;
	const char *name = words[0] = rest;
	const struct row *row = find(name);
	rest = more ? trim(rest + length + 1) : rest + length;
	size_t n = row && row->line ? more : split(rest, words + 1);
	if (row && row->line)
		words[1] = rest;
	if (n >= WORDS)
		say(a, "error more than %d words", WORDS - 1);
	else if (row)
		row->run(t, words + 1, n, a);
	else
		fault_order(t, words, n + 1, a);
}

static void control_close(struct control *c)
{
	close(c->fd);
	c->fd = -1;
}

/* The one that has been silent the longest makes room. */
void control_add(struct token *t, int fd)
{
	struct control *at = &t->controls[0];

	for (size_t i = 1; i < CONTROLS && at->fd >= 0; i++)
		if (t->controls[i].fd < 0 || t->controls[i].heard < at->heard)
			at = &t->controls[i];
	if (at->fd >= 0)
		control_close(at);
	at->fd = fd;
	at->n = 0;
	at->heard = now_us();
}

/* Answers each whole line in c->line. Who does not read the answers is not waited for. */
static void take_lines(struct token *t, struct control *c)
{
	char *end;

	while (c->fd >= 0 && (end = memchr(c->line, '\n', c->n))) {
		struct answer a = { .n = 0 };
		size_t used = (size_t)(end - c->line) + 1;
		*end = 0;
		obey(t, c->line, &a);
		say(&a, "\n");
		a.text[a.n - 1] = '\n';
		if (send(c->fd, a.text, a.n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)a.n)
			control_close(c);
		struct buf b = BUF(c->line);
		buf_put(&b, (struct span){ (uint8_t *)c->line + used, c->n - used });
		c->n = b.n;
	}
}

void control_read(struct token *t, struct control *c)
{
	ssize_t n = recv(c->fd, c->line + c->n, sizeof c->line - c->n, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		control_close(c);
		return;
	}
	c->n += (size_t)n;
	c->heard = now_us();
	take_lines(t, c);
	if (c->fd >= 0 && c->n == sizeof c->line)
		control_close(c);		/* a line without an end */
}
