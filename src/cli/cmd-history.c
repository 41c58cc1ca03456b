/* history: what the ledger says was done with tokens, by which program, and how it ended. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "history.h"
#include "print.h"
#include "say.h"

enum { SHOWN = 30 };			/* newest entries that are shown where --last says nothing */

static const char *result_colour(const json_t *row)
{
	const char *s = json_string_value(json_object_get(row, "result"));

	return s && strcmp(s, "OK") != 0 ? "red" : NULL;
}

static const struct column columns[] = {
	{ "when",     N_("TIME"),    0,    0, NULL },
	{ "what",     N_("WHAT"),    0,    WORDS, NULL },
	{ "result",   N_("RESULT"),  0,    0, result_colour },
	{ "token",    N_("TOKEN"),   0,    0, NULL },
	{ "key",      N_("KEY"),     0.2,  CUT,  NULL },
	{ "program",  N_("PROGRAM"), 0.3,  CUT,  NULL },
	{ "reason",   N_("REASON"),  0.2,  CUT,  NULL },	/* the last: only where one was given */
};

/* "2026-11-22T19:39:26.123Z" as the person's own time; as it stands where it is none. */
static void set_when(json_t *row)
{
	const char *utc = json_string_value(json_object_get(row, "time"));
	struct tm tm = { 0 };
	char text[40];

	if (!utc || !strptime(utc, "%Y-%m-%dT%H:%M:%S", &tm)) {
		json_object_set_new(row, "when", json_string(utc ? say_clean(utc) : "?"));
		return;
	}
	time_t t = timegm(&tm);
	if (localtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm))
		json_object_set_new(row, "when", json_string(text));
}

static bool has_reasons(const json_t *rows)
{
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (json_object_get(json_array_get(rows, i), "reason"))
			return true;
	return false;
}

/* The texts came from programs and tokens: cleaned before they are shown. */
static void make_fit(json_t *row)
{
	static const char *const texts[] = { "what", "result", "token", "key", "program", "reason" };
	char text[120];

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		const char *s = json_string_value(json_object_get(row, texts[i]));

		if (s)
			json_object_set_new(row, texts[i], json_string(say_clean(s)));
	}
	json_int_t times = json_integer_value(json_object_get(row, "times"));
	const char *what = json_string_value(json_object_get(row, "what"));
	if (times > 0 && what) {
		snprintf(text, sizeof text, "%.80s (%" JSON_INTEGER_FORMAT ")", what, times);
		json_object_set_new(row, "what", json_string(text));
	}
	set_when(row);
}

/* The newest `most` lines of the token (NULL: any), oldest of them first. */
static json_t *choose(const json_t *lines, const char *token, size_t most)
{
	json_t *out = json_array();

	for (size_t i = json_array_size(lines); i-- > 0 && json_array_size(out) < most;) {
		json_t *row = json_array_get(lines, i);
		const char *of = json_string_value(json_object_get(row, "token"));

		if (!token || (of && strcmp(of, token) == 0))
			json_array_insert(out, 0, row);
	}
	return out;
}

/* --last N; 0: it is no number. */
static size_t last_given(const struct cli *c)
{
	char *end;
	unsigned long n;

	if (!given(c, OPT_last))
		return given(c, OPT_json) ? SIZE_MAX : SHOWN;
	n = strtoul(c->args.opt[OPT_last], &end, 10);
	return *end || c->args.opt[OPT_last][0] == '-' ? 0 : n;
}

/* How many entries the service says that it could not write. */
static size_t missing(const json_t *lines)
{
	size_t n = 0, i;
	json_t *row;

	json_array_foreach(lines, i, row) {
		const char *what = json_string_value(json_object_get(row, "what"));
		json_int_t times = json_integer_value(json_object_get(row, "times"));

		if (what && strcmp(what, "missing") == 0 && times > 0)
			n += (size_t)times;
	}
	return n;
}

static void show(struct cli *c, const struct history *h, size_t most)
{
	size_t gone = missing(h->lines);
	json_object_set_new(c->result, "count", json_integer((json_int_t)h->n));
	json_object_set_new(c->result, "missing", json_integer((json_int_t)gone));
	if (gone)
		say_warn(ngettext("%zu entry is missing: it could not be written, as on a full disk",
				  "%zu entries are missing: they could not be written, as on a full disk", gone), gone);
	if (given(c, OPT_verify)) {
		json_object_set_new(c->result, "intact", json_boolean(!h->broken[0]));
		if (!h->broken[0] && !gone)
			say_note(_("%zu entries, and the record is whole."), h->n);
		return;
	}
	json_t *rows = choose(h->lines, c->args.opt[OPT_token], most);

	json_object_set(c->result, "entries", rows);
	json_object_set_new(c->result, "intact", json_boolean(!h->broken[0]));
	if (!given(c, OPT_json)) {
		for (size_t i = 0; i < json_array_size(rows); i++)
			make_fit(json_array_get(rows, i));
		print_table(rows, columns, sizeof columns / sizeof columns[0] - !has_reasons(rows));
		say_note(_("%zu of %zu entries."), json_array_size(rows), h->n);
	}
	json_decref(rows);
}

err cmd_history(struct cli *c)
{
	size_t most = last_given(c);
	struct history h;

	if (most == 0)
		return say_fail(FAIL(USAGE), _("--last must be a number above 0"));
	err e = history_read(c->args.opt[OPT_ledger], &h);
	if (ok(e))
		show(c, &h, most);
	json_decref(h.lines);
	if (ok(e) && h.broken[0])
		e = say_fail(FAIL(DATA_INVALID), _("the history was changed or cut: the chain "
				"of its lines breaks at %s"),
			     h.broken);
	return e;
}
