/* The sentences of a PIN dialog. */
#include "config.h"
#include <libintl.h>
#include <stdio.h>
#include "prompt.h"

#define _(text) gettext(text)
#define N_(text) text

enum { NAME_BYTES = 100, PATH_BYTES = 200 };

/* The end of a path tells more than its front; that it is an end, the dots tell. */
static struct span tail(struct span s, struct buf *room)
{
	static const char dots[] = "\xE2\x80\xA6";
	size_t most = room->cap - (sizeof dots - 1);

	if (s.n <= room->cap)
		return s;
	buf_str(room, dots);
	buf_put(room, (struct span){ s.p + s.n - most, most });
	return buf_span(room);
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
static void line(struct buf *b, const char *what, struct span s)
{
	char text[PATH_BYTES + 1];

	if (!s.n)
		return;
	text_clean(s, text, sizeof text);
	buf_str(b, "\n");
	buf_str(b, what);
	buf_str(b, " ");
	buf_str(b, text);
}

static void lines(struct buf *b, const struct PromptAsk_in *ask)
{
	uint8_t room[PATH_BYTES - 40];
	struct buf path = BUF(room);
	char text[64];

	line(b, _("Key:"), span_first(ask->key, NAME_BYTES));
	line(b, _("Certificate:"), span_first(ask->holder, NAME_BYTES));
	line(b, _("Token:"), span_first(ask->token, NAME_BYTES));
	line(b, _("Serial:"), span_first(ask->serial, NAME_BYTES));
	line(b, _("Program:"), tail(ask->program, &path));
	snprintf(text, sizeof text, "%u", ask->pid);
	line(b, _("Process:"), span_str(text));
	if (ask->tries == 255)
		return;
	snprintf(text, sizeof text, "%u", ask->tries);
	line(b, _("Tries left:"), span_str(text));
}

void prompt_text(const struct PromptAsk_in *ask, char *out, size_t size)
{
	struct buf b = { (uint8_t *)out, 0, size - 1, false };
	char program[NAME_BYTES + 1], first[512];
	struct span who = base(ask->program);

	text_clean(who.n ? who : span_str(_("A program that is gone")), program, sizeof program);
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
