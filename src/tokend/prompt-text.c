/* The sentences of a PIN dialog. */
#include "config.h"
#include <libintl.h>
#include <stdio.h>
#include "lib/utf8.h"
#include "prompt.h"

#define _(text) gettext(text)
#define N_(text) text

/* Bytes of a name and of a path, as Assuan counts them. With the longest sentence before them all lines fit one of
 * Assuan's, whatever stands on a card: else a long name would push out who asks and how many tries are left. */
enum { NAME_BYTES = 80, PATH_BYTES = 140, CLEAN_ROOM = 256 };

static const char dots[] = "\xE2\x80\xA6";
enum { DOTS = sizeof dots - 1 };

/* How much of a text Assuan lets through as `most` bytes: it writes a percent sign in three. */
static size_t fitting(const char *text, size_t most)
{
	struct cur c = cur_of(span_str(text));
	size_t cost = 0, fits = 0;

	while (cur_left(&c)) {
		const uint8_t *from = c.p;

		(void)utf8_next(&c);
		cost += *from == '%' ? 3 : (size_t)(c.p - from);
		if (cost > most)
			break;
		fits = (size_t)(c.p - (const uint8_t *)text);
	}
	return fits;
}

/* Text from outside, cleaned, and cut at its end, which dots tell. */
static void put_name(struct buf *b, struct span s)
{
	char text[CLEAN_ROOM];

	text_clean(s, text, sizeof text);
	if (fitting(text, NAME_BYTES) == strlen(text)) {
		buf_str(b, text);
		return;
	}
	buf_put(b, (struct span){ (uint8_t *)text, fitting(text, NAME_BYTES - DOTS) });
	buf_str(b, dots);
}

/* The end of a path tells more than its front; that it is an end, the dots tell. */
static void put_path(struct buf *b, struct span s)
{
	char text[CLEAN_ROOM];
	bool cut = false;

	for (;; cut = true) {
		if (s.n <= PATH_BYTES) {
			text_clean(s, text, sizeof text);
			if (fitting(text, PATH_BYTES - (cut ? DOTS : 0)) == strlen(text))
				break;
		}
		do
			s = (struct span){ s.p + 1, s.n - 1 };
		while (s.n && (*s.p & 0xC0) == 0x80);		/* the rest of a character */
	}
	buf_str(b, cut ? dots : "");
	buf_str(b, text);
}

static struct span base(struct span path)
{
	size_t at = path.n;

	while (at && path.p[at - 1] != '/')
		at--;
	return (struct span){ path.p + at, path.n - at };
}

static const char *const purposes[PURPOSES] = {
	[PURPOSE_LOGIN]   = N_("%s wants to log in to your token. It can then use the keys that do not ask each time."),
	[PURPOSE_SIGN]    = N_("%s wants to sign with your key."),
	[PURPOSE_DECRYPT] = N_("%s wants to decrypt with your key."),
	[PURPOSE_DERIVE]  = N_("%s wants to agree on a secret with your key."),
	[PURPOSE_WRITE]   = N_("%s wants to change what is on your token."),
};

/* A line "What: text", where there is a text. */
static void line(struct buf *b, const char *what, struct span s, void (*put)(struct buf *, struct span))
{
	if (!s.n)
		return;
	buf_str(b, "\n");
	buf_str(b, what);
	buf_str(b, " ");
	put(b, s);
}

static void lines(struct buf *b, const struct PromptAsk_in *ask)
{
	char text[64];

	line(b, _("Key:"), ask->key, put_name);
	line(b, _("Certificate:"), ask->holder, put_name);
	line(b, _("Token:"), ask->token, put_name);
	line(b, _("Serial:"), ask->serial, put_name);
	line(b, _("Program:"), ask->program, put_path);
	line(b, _("Sandbox:"), ask->sandbox, put_name);
	snprintf(text, sizeof text, "%u", ask->pid);
	line(b, _("Process:"), span_str(text), put_name);
	if (ask->tries == 255)
		return;
	snprintf(text, sizeof text, "%u", ask->tries);
	line(b, _("Tries left:"), span_str(text), put_name);
}

void prompt_text(const struct PromptAsk_in *ask, char *out, size_t size)
{
	struct buf b = { (uint8_t *)out, 0, size - 1, false };
	char program[NAME_BYTES + 1], first[512];
	struct buf its = { (uint8_t *)program, 0, NAME_BYTES, false };
	struct span who = base(ask->program);

	put_name(&its, who.n ? who : span_str(_("A program that is gone")));
	program[its.n] = '\0';
	snprintf(first, sizeof first, _(purposes[ask->purpose < PURPOSES ? ask->purpose : PURPOSE_LOGIN]), program);
	buf_str(&b, first);
	lines(&b, ask);
	out[b.n] = '\0';
}

void prompt_last(const struct PromptAsk_in *ask, char *out, size_t size)
{
	struct buf b = { (uint8_t *)out, 0, size - 1, false };
	char first[512];

	snprintf(first, sizeof first, _("Only ONE try is left. One more wrong PIN and the token's PIN is blocked until "
	         "somebody with the PUK unblocks it. To spend the last try, type %s."), prompt_word());
	buf_str(&b, first);
	lines(&b, ask);
	out[b.n] = '\0';
}

void prompt_not_the_word(char *out, size_t size)
{
	snprintf(out, size, _("That was not %s. The last try was not spent, and the PIN is not asked for. "
	         "The program is told that you refused."), prompt_word());
}

const char *prompt_error(const struct PromptAsk_in *ask)
{
	static const char *const texts[TROUBLES] = {
		[TROUBLE_NONE]     = "",
		[TROUBLE_WRONG]    = N_("That PIN was not correct."),
		[TROUBLE_REPEATED] = N_("That PIN was wrong before; it was not sent to the token again."),
		[TROUBLE_LENGTH]   = N_("That PIN is too short or too long for this token; it was not sent to "
					"the token."),
	};
	const char *text = texts[ask->trouble < TROUBLES ? ask->trouble : TROUBLE_NONE];

	return *text ? _(text) : "";
}

const char *prompt_word(void)       { return _("LAST TRY"); }
const char *prompt_title(void)      { return _("Token PIN"); }
const char *prompt_ok(void)         { return _("_OK"); }
const char *prompt_cancel(void)     { return _("_Cancel"); }
const char *prompt_field(void)      { return _("Token PIN:"); }
const char *prompt_word_field(void) { return _("Word:"); }
