/* Words for the person: kept, cleaned and written. */
#include "config.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "say.h"
#include "wrap.h"

static char detail[2048], next_step[512];
static bool quiet;

static const struct { uint16_t code; const char *text; } advice[] = {
#define ADVICE(code, text) { E_##code, text },
#include "advice.def"
#undef ADVICE
};

err say_fail(err e, const char *format, ...)
{
	va_list args;

	if (detail[0])
		return e;
	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	return e;
}

const char *say_forget(void)
{
	static char last[sizeof detail];

	snprintf(last, sizeof last, "%s", detail);
	detail[0] = 0;
	return last[0] ? last : NULL;
}

void say_next(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(next_step, sizeof next_step, format, args);
	va_end(args);
}

void say_quiet(bool q) { quiet = q; }

static void line(const char *lead, const char *format, va_list args) PRINTF(2, 0);
static void line(const char *lead, const char *format, va_list args)
{
	char text[4096];
	size_t n = (size_t)snprintf(text, sizeof text, "%s", lead);

	vsnprintf(text + n, sizeof text - n, format, args);
	fflush(stdout);
	wrap(stderr, text, wrap_width(stderr));
	fputc('\n', stderr);
}

void say_note(const char *format, ...)
{
	va_list args;

	if (quiet)
		return;
	va_start(args, format);
	line("", format, args);
	va_end(args);
}

void say_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(_("warning: "), format, args);
	va_end(args);
}

/* What to do after e; NULL where there is nothing to add. */
static const char *next_of(const struct cli *c, err e)
{
	if (next_step[0])
		return next_step;
	for (size_t i = 0; i < sizeof advice / sizeof advice[0]; i++) {
		if (advice[i].code != e.code)
			continue;
		if (!strstr(advice[i].text, "%s"))
			return _(advice[i].text);
		if (!c->token.serial[0])
			return NULL;
		/* a row has at most one %s, held by tests/unit/test-cli.c */
		snprintf(next_step, sizeof next_step, _(advice[i].text), c->token.serial);
		return next_step;
	}
	return NULL;
}

/* The whole sentence of a failure, tries included. */
static void sentence(err e, char *out, size_t size)
{
	int tries = err_tries(e);
	char left[128] = "";

	if (tries > 0)
		snprintf(left, sizeof left,
			 ngettext("; %d try is left", "; %d tries are left", (unsigned)tries), tries);
	else if (tries == 0)
		snprintf(left, sizeof left, "%s", _("; no try is left"));
	else if (e.sw && e.sw != 0x9000)
		snprintf(left, sizeof left, _(" (the token said %04X)"), e.sw);
	snprintf(out, size, "%s%s", detail[0] ? detail : _(err_text(e)), left);
}

static void say_json(struct cli *c, err e, const char *text, const char *next)
{
	json_t *o = json_pack("{s:s, s:i, s:s}", "code", err_name(e), "exit", err_exit(e), "text", text);

	if (err_tries(e) >= 0)
		json_object_set_new(o, "tries", json_integer(err_tries(e)));
	if (c->token.id)
		json_object_set_new(o, "token", json_string(c->token.serial));
	if (next)
		json_object_set_new(o, "next", json_string(next));
	json_object_set_new(c->result, "error", o);
}

void say_end(struct cli *c, err e)
{
	char text[2304], token[512] = "", all[3072];
	const char *words = c->args.cmd ? c->args.cmd->words : NULL;
	const char *next = next_of(c, e);

	sentence(e, text, sizeof text);
	if (c->token.id)
		snprintf(token, sizeof token, _("token '%s' (serial %s): "), c->token.label, c->token.serial);
	snprintf(all, sizeof all, "bsre-token: %s%s%s%s", words ? words : "", words ? ": " : "", token, text);
	fflush(stdout);
	wrap(stderr, all, wrap_width(stderr));
	fputc('\n', stderr);
	if (next)
		fprintf(stderr, _("next: %s\n"), next);
	if (given(c, OPT_json))
		say_json(c, e, text, next);
}

const char *say_span(struct span s)
{
	static char places[4][256];
	static unsigned turn;
	char *out = places[turn++ % 4];

	text_clean(s, out, sizeof places[0]);
	return out;
}

const char *say_clean(const char *s) { return say_span(span_str(s)); }
