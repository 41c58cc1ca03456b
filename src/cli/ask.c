/* Secrets and consent. */
#include "config.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ask.h"
#include "file.h"
#include "pinrule.h"
#include "say.h"
#include "tty.h"

static const struct { enum option file; const char *prompt, *again, *name; } secrets[] = {
	[ASK_PIN]     = { OPT_pin_file,     N_("Token PIN: "),     NULL, N_("token PIN") },
	[ASK_NEW_PIN] = { OPT_new_pin_file, N_("New token PIN: "), N_("The new token PIN again: "),
			  N_("new token PIN") },
	[ASK_PUK]     = { OPT_puk_file,     N_("PUK: "),           NULL, N_("PUK") },
	[ASK_NEW_PUK] = { OPT_new_puk_file, N_("New PUK: "),       N_("The new PUK again: "), N_("new PUK") },
};

/* The option that names the file: `init` takes its new secrets from --pin-file and --puk-file. */
static enum option file_option(const struct cli *c, enum ask_secret what)
{
	enum option o = secrets[what].file;

	if (what == ASK_NEW_PIN && !(c->args.cmd->options & 1ULL << OPT_new_pin_file))
		o = OPT_pin_file;
	if (what == ASK_NEW_PUK && !(c->args.cmd->options & 1ULL << OPT_new_puk_file))
		o = OPT_puk_file;
	return o;
}

static void warn_if_open(int fd, const char *name)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRGRP | S_IROTH)))
		say_warn(_("%s can be read by others; make it yours alone: chmod 600 "
				"%s"), say_clean(name),
			 say_clean(name));
}

/* Nobody types these in a PIN, but editors leave them in files: sent, they would spend a try. */
static bool odd_bytes(const uint8_t *p, size_t n)
{
	bool odd = n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0;

	for (size_t i = 0; i < n; i++)
		odd |= p[i] <= 0x20 || p[i] == 0x7F;
	return odd;
}

/* Bytes of a one-line file into out; says what is wrong with the file. */
static err one_line(const char *name, const uint8_t *p, size_t n, struct secret *out)
{
	size_t len = 0;

	while (len < n && p[len] != '\n' && p[len] != '\r')
		len++;
	size_t rest = len;
	if (rest < n && p[rest] == '\r')
		rest++;
	if (rest < n && p[rest] == '\n')
		rest++;
	if (rest < n)
		return say_fail(FAIL(PIN_INVALID), _("%s has more than one line; nothing was "
				"sent to the token"),
				say_clean(name));
	if (len == 0)
		return say_fail(FAIL(PIN_INVALID), _("%s is empty; nothing was sent to the token"),
				say_clean(name));
	if (odd_bytes(p, len))
		return say_fail(FAIL(PIN_INVALID), _("%s holds a blank, a control character or a byte order "
				"mark beside the secret; nothing was sent to the token"),
				say_clean(name));
	if (!secret_set(out, (struct span){ p, len }))
		return say_fail(FAIL(PIN_LENGTH), _("%s holds more than %d characters; nothing "
				"was sent to the token"),
				say_clean(name), SECRET_MAX);
	return OK;
}

/* What fd holds, as much as fits. */
static err read_secret(const char *name, int fd, uint8_t *room, size_t size, size_t *n)
{
	*n = 0;
	if (isatty(fd))
		return say_fail(FAIL(PIN_NEEDED), _("%s is a terminal and would show what is typed; without the "
				"option the question comes there unseen"), say_clean(name));
	warn_if_open(fd, name);
	while (*n < size) {
		ssize_t k = read(fd, room + *n, size - *n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return say_fail(FAIL(FILE), _("%s cannot be read: %s"), say_clean(name), strerror(errno));
		if (k == 0)
			break;
		*n += (size_t)k;
	}
	return OK;
}

err ask_from_file(const char *name, struct secret *out)
{
	uint8_t room[SECRET_MAX * 4];
	bool close_it;
	size_t n;
	int fd;

	TRY(file_open(name, &fd, &close_it));
	err e = read_secret(name, fd, room, sizeof room, &n);
	if (close_it)
		close(fd);
	if (ok(e))
		e = one_line(name, room, n, out);
	wipe(room, sizeof room);
	return e;
}

/* No terminal: how to do it without one. */
static err no_terminal(enum option file, const char *name)
{
	return say_fail(FAIL(PIN_NEEDED), _("there is no terminal to ask for the %s; give it "
			"with --%s"), name,
			options[file].name);
}

static err typed(enum option file, const char *prompt, const char *name, struct secret *out)
{
	err e = tty_ask(prompt, false, out);

	if (e.code == E_PIN_NEEDED)
		return no_terminal(file, name);
	if (e.code == E_CANCELED)
		return say_fail(e, _("cancelled: no %s was given"), name);
	return e;
}

err ask_secret(struct cli *c, enum ask_secret what, struct secret *out)
{
	enum option file = file_option(c, what);

	if (c->args.opt[file])
		return ask_from_file(c->args.opt[file], out);
	return typed(file, _(secrets[what].prompt), _(secrets[what].name), out);
}

/* A fault of a new secret as a failure, in words. */
static err against_rules(enum pin_fault f, const char *name, unsigned least, unsigned most)
{
	char why[256];
	err e = f == PIN_SHORT || f == PIN_LONG ? FAIL(PIN_LENGTH) : FAIL(PIN_INVALID);

	snprintf(why, sizeof why, _(pin_fault_text(f)), least, most);
	return say_fail(e, _("the %s was not accepted: %s"), name, why);
}

/* Both times at the terminal, up to three rounds. */
static err typed_new(enum ask_secret what, enum option file, unsigned least, unsigned most,
		     struct secret *out)
{
	const char *name = _(secrets[what].name);
	enum pin_fault f = PIN_GOOD;

	for (int round = 0; round < 3; round++) {
		SECRET again = { 0 };
		char why[256];

		TRY(typed(file, _(secrets[what].prompt), name, out));
		f = pin_fault(out, least, most);
		if (f != PIN_GOOD) {
			snprintf(why, sizeof why, _(pin_fault_text(f)), least, most);
			say_warn(_("the %s was not accepted: %s"), name, why);
			continue;
		}
		TRY(typed(file, _(secrets[what].again), name, &again));
		if (secret_eq(out, &again))
			return OK;
		say_warn(_("the two were not the same; try again"));
	}
	if (f != PIN_GOOD)
		return against_rules(f, name, least, most);
	return say_fail(FAIL(CANCELED), _("the two were not the same, three times"));
}

err ask_new_secret(struct cli *c, enum ask_secret what, unsigned least, unsigned most, struct secret *out)
{
	enum option file = file_option(c, what);

	if (least < PIN_LEAST)
		least = PIN_LEAST;
	if (most > PIN_MOST || most == 0)
		most = PIN_MOST;
	if (!c->args.opt[file])
		return typed_new(what, file, least, most, out);
	TRY(ask_from_file(c->args.opt[file], out));
	enum pin_fault f = pin_fault(out, least, most);
	return f == PIN_GOOD ? OK : against_rules(f, _(secrets[what].name), least, most);
}

/* Shows the question and gets the answer into `answer` as text. */
static err answer_to(const char *question, char *answer, size_t size)
{
	struct secret line = { 0 };
	char prompt[1200];

	fflush(stdout);
	snprintf(prompt, sizeof prompt, "%s ", question);
	err e = tty_ask(prompt, true, &line);
	if (e.code == E_PIN_NEEDED)
		return say_fail(FAIL(REFUSED), _("there is no terminal to ask at; with --yes it "
				"goes ahead unasked"));
	if (!ok(e))
		return say_fail(FAIL(REFUSED), _("cancelled; nothing was changed"));
	snprintf(answer, size, "%.*s", line.n, (const char *)line.b);
	return OK;
}

err ask_yes(struct cli *c, const char *format, ...)
{
	char question[1024], both[1100], answer[80];
	va_list args;

	if (given(c, OPT_yes))
		return OK;
	va_start(args, format);
	vsnprintf(question, sizeof question, format, args);
	va_end(args);
	snprintf(both, sizeof both, "%s %s", question, _("[y/N]"));
	TRY(answer_to(both, answer, sizeof answer));
	/* English is understood in every language; the translator adds the words of theirs */
	for (const char *w = _("y|yes"); *w; w += strcspn(w, "|"), w += *w == '|')
		if (strlen(answer) == strcspn(w, "|") && strncasecmp(w, answer, strlen(answer)) == 0)
			return OK;
	if (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0)
		return OK;
	return say_fail(FAIL(REFUSED), _("cancelled; nothing was changed"));
}

err ask_output(struct cli *c, const char *name)
{
	bool there;

	TRY(file_ready(name, &there));
	if (!there || given(c, OPT_yes))
		return OK;
	say_warn(_("there is a file %s already; it will be replaced"), say_clean(name));
	return ask_yes(c, _("Replace this file?"));
}

/* The question, and whether `word` was typed. */
static err word_typed(const char *word, const char *format, va_list args) PRINTF(2, 0);
static err word_typed(const char *word, const char *format, va_list args)
{
	char question[1024], answer[80];

	vsnprintf(question, sizeof question, format, args);
	TRY(answer_to(question, answer, sizeof answer));
	if (strcmp(answer, word) == 0)
		return OK;
	return say_fail(FAIL(REFUSED), _("cancelled: '%s' is not '%s'; nothing was changed"),
			say_clean(answer), word);
}

err ask_word(struct cli *c, const char *word, const char *format, ...)
{
	va_list args;

	if (given(c, OPT_yes))
		return OK;
	va_start(args, format);
	err e = word_typed(word, format, args);
	va_end(args);
	return e;
}

err ask_person(const char *word, const char *format, ...)
{
	va_list args;

	if (!tty_there())
		return say_fail(FAIL(PIN_LAST_TRY), _("only one try is left; only a person at a "
				"terminal may spend it"));
	va_start(args, format);
	err e = word_typed(word, format, args);
	va_end(args);
	return e;
}
