/* Tables by libsmartcols, JSON by jansson, and signs of life while the token or this computer works. */
#include "config.h"
#include <libsmartcols.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "lib/utf8.h"
#include "print.h"
#include "say.h"
#include "wrap.h"

enum { COLUMNS_MAX = 16 };

bool print_colours(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && no[0]) && term && strcmp(term, "dumb") != 0;
}

const char *print_bold(const char *text)
{
	static char out[512];

	if (!print_colours())
		return text;
	snprintf(out, sizeof out, "\033[1m%s\033[0m", text);
	return out;
}

static const char *const words[] = {
#define WORD(text) text,
#include "words.def"
#undef WORD
};

/* One of our own words, in the person's language; another as it is. */
static const char *word(const char *text)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i], text) == 0)
			return _(words[i]);
	return text;
}

const char *print_day(const char *time)
{
	static char day[16];
	struct tm tm = { 0 };

	if (!time || !strptime(time, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return "?";
	time_t t = timegm(&tm);
	return localtime_r(&t, &tm) && strftime(day, sizeof day, "%Y-%m-%d", &tm) ? day : "?";
}

/* A member as the table shows it. */
static const char *cell_text(const json_t *row, const struct column *column, char *room, size_t size)
{
	const json_t *v = json_object_get(row, column->key);

	if (json_is_string(v) && column->flags & WORDS)
		return word(json_string_value(v));
	if (json_is_string(v) && column->flags & DAY)
		return print_day(json_string_value(v));
	if (json_is_string(v))
		return json_string_value(v);
	if (json_is_integer(v))
		snprintf(room, size, "%lld", (long long)json_integer_value(v));
	else if (json_is_boolean(v))
		snprintf(room, size, "%s", json_is_true(v) ? _("yes") : _("no"));
	else
		snprintf(room, size, "-");
	return room;
}

static void put_row(struct libscols_table *t, const json_t *row, const struct column *const *columns, size_t n)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	char room[32];

	for (size_t i = 0; i < n && line; i++) {
		const char *colour = columns[i]->paint ? columns[i]->paint(row) : NULL;

		scols_line_set_data(line, i, cell_text(row, columns[i], room, sizeof room));
		if (colour)
			scols_cell_set_color(scols_line_get_cell(line, i), colour);
	}
}

static size_t wide(const char *text)
{
	size_t n = utf8_count(span_str(text));

	return n == SIZE_MAX ? strlen(text) : n;
}

/* The least that a column takes: its heading, and all of its cells where they may not be cut. */
static size_t least(const json_t *rows, const struct column *column)
{
	size_t most = wide(_(column->title));
	char room[32];

	for (size_t i = 0; i < json_array_size(rows) && !(column->flags & CUT); i++) {
		size_t n = wide(cell_text(json_array_get(rows, i), column, room, sizeof room));

		most = n > most ? n : most;
	}
	return most;
}

/* The columns that fit into `width` (0: any), of which `shown` has room for all; gives how many. */
static size_t choose(const json_t *rows, const struct column *columns, size_t n, size_t width,
		     const struct column **shown)
{
	size_t took = 0, kept = 0;
	bool away[COLUMNS_MAX] = { false };

	for (size_t i = 0; i < n; i++)
		took += least(rows, &columns[i]) + (i > 0);
	for (size_t i = n; i-- > 0 && width && took > width;) {
		away[i] = columns[i].flags & EXTRA;
		took -= away[i] ? least(rows, &columns[i]) + 1 : 0;
	}
	for (size_t i = 0; i < n; i++)
		if (!away[i])
			shown[kept++] = &columns[i];
	return kept;
}

void print_table(const json_t *rows, const struct column *columns, size_t all)
{
	struct libscols_table *t = json_array_size(rows) && all <= COLUMNS_MAX ? scols_new_table() : NULL;
	const struct column *shown[COLUMNS_MAX];

	if (!t)
		return;
	fflush(stdout);
	scols_table_enable_colors(t, print_colours());
	size_t n = choose(rows, columns, all, wrap_width(stdout), shown);
	for (size_t i = 0; i < n; i++)
		scols_table_new_column(t, _(shown[i]->title), shown[i]->width,
				       shown[i]->flags & CUT ? SCOLS_FL_TRUNC : 0);
	for (size_t i = 0; i < json_array_size(rows); i++)
		put_row(t, json_array_get(rows, i), shown, n);
	scols_print_table(t);
	scols_unref_table(t);
}

/* As JSON writes any character: \uXXXX, two of them beyond the first 65536 (RFC 8259, 7). */
static void put_escaped(uint32_t u)
{
	if (u >= 0x10000) {
		printf("\\u%04x", 0xD800u | (u - 0x10000) >> 10);
		u = 0xDC00u | (u & 0x3FF);
	}
	printf("\\u%04x", (unsigned)u);
}

/* jansson escapes the controls of ASCII alone. Nothing is lost: a reader gets the text as it was. */
err print_json(const json_t *value)
{
	char *text = json_dumps(value, JSON_INDENT(2));
	struct cur c = cur_of(span_str(text ? text : ""));

	while (cur_left(&c)) {
		const uint8_t *at = c.p;
		uint32_t u = utf8_next(&c);
		if (u != UTF8_BAD && u != '\n' && text_harmful(u))
			put_escaped(u);
		else
			fwrite(at, 1, (size_t)(c.p - at), stdout);
	}
	free(text);
	return !text || putchar('\n') == EOF || ferror(stdout) ? FAIL(FILE) : OK;
}

/* --- progress: a thread that writes a line once a second --------------------------------------- */
static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool on, end;
	char what[160];
} clockwork = { .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER };

static void *tick(void *nothing)
{
	struct timespec next;

	clock_gettime(CLOCK_REALTIME, &next);
	pthread_mutex_lock(&clockwork.lock);
	for (unsigned s = 0; !clockwork.end; s++) {
		fputc('\r', stderr);
		fprintf(stderr, _("%s ... %u s "), clockwork.what, s);
		fflush(stderr);
		next.tv_sec++;
		while (!clockwork.end &&
		       pthread_cond_timedwait(&clockwork.ended, &clockwork.lock, &next) == 0)
			;
	}
	fputs("\r\033[K", stderr);
	pthread_mutex_unlock(&clockwork.lock);
	return nothing;
}

void progress_begin(const struct cli *c, const char *what)
{
	if (given(c, OPT_quiet) || !isatty(STDERR_FILENO))
		return;
	fflush(stdout);
	snprintf(clockwork.what, sizeof clockwork.what, "%s", what);
	clockwork.end = false;
	clockwork.on = pthread_create(&clockwork.thread, NULL, tick, NULL) == 0;
}

void progress_end(void)
{
	if (!clockwork.on)
		return;
	pthread_mutex_lock(&clockwork.lock);
	clockwork.end = true;
	pthread_cond_signal(&clockwork.ended);
	pthread_mutex_unlock(&clockwork.lock);
	pthread_join(clockwork.thread, NULL);
	clockwork.on = false;
}

/* --- how much of a file is done ---------------------------------------------------------------- */
static struct { char name[160]; off_t all; time_t last; bool wanted, shown; } share;

static time_t seconds(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

void share_begin(const struct cli *c, const char *name, off_t all)
{
	share.wanted = !given(c, OPT_quiet) && all > 0 && isatty(STDERR_FILENO);
	share.shown = false;
	share.all = all;
	share.last = seconds() + 1;		/* done at once: nothing shows */
	snprintf(share.name, sizeof share.name, "%s", say_clean(name));
}

void share_at(off_t done)
{
	time_t now = share.wanted ? seconds() : 0;

	if (!share.wanted || now <= share.last)
		return;
	share.last = now;
	share.shown = true;
	fprintf(stderr, "\r%s %d %% ", share.name, done < share.all ? (int)(done * 100 / share.all) : 100);
	fflush(stderr);
}

void share_end(void)
{
	if (share.shown)
		fputs("\r\033[K", stderr);
	share.wanted = share.shown = false;
}
