/* init: erases the token and gives it its label, PIN and PUK. */
#include "config.h"
#include <stdio.h>
#include "ask.h"
#include "object.h"
#include "overview.h"
#include "print.h"
#include "say.h"
#include "steady.h"
#include "token.h"
#include "ways.h"
#include "lib/utf8.h"
#include "wire/records.h"

enum { LABEL_MOST = 32 };		/* bytes of CK_TOKEN_INFO.label */

/* The label given, or the one that the token has. */
static err choose_label(struct cli *c, char *out, size_t size)
{
	const char *label = c->args.opt[OPT_label];

	if (!label)
		label = c->token.label;
	if (!label[0])
		return say_fail(FAIL(USAGE), _("--label is needed: the name that people will see"));
	if (strlen(label) > LABEL_MOST || utf8_count(span_str(label)) == SIZE_MAX)
		return say_fail(FAIL(USAGE), _("the label must be UTF-8 of at most %d "
				"bytes"), LABEL_MOST);
	if (!label[strspn(label, " ")])
		return say_fail(FAIL(USAGE), _("the label must be more than blanks"));
	snprintf(out, size, "%s", label);
	if (strcmp(say_clean(label), label) != 0)
		return say_fail(FAIL(USAGE), _("the label holds control characters"));
	return OK;
}

/* Says what will be gone, and asks for the serial number. */
static err consent(struct cli *c)
{
	KEYS keys = { .n = 0 };
	CERTS certs = { .n = 0 };

	if (given(c, OPT_yes))
		return OK;
	if (ok(token_session(c)) && ok(keys_load(c, &keys)) && ok(certs_load(c, &certs)))
		say_note(_("Token '%s' (serial %s) will be erased: %zu keys, %zu certificates, "
				"its PIN and its PUK."),
			 c->token.label, c->token.serial, keys.n, certs.n);
	else
		say_note(_("Token '%s' (serial %s) will be erased: all keys and certificates, "
				"its PIN and its PUK."),
			 c->token.label, c->token.serial);
	say_note(_("Nothing can bring them back."));
	return ask_word(c, c->token.serial, _("Type the serial number to erase this token:"));
}

/* --resume never erases a token that is in use. Where every secret is the factory's, an initialisation may have
 * ended before it could leave its mark. */
static err check_resume(struct cli *c)
{
	uint32_t flags;

	if (!given(c, OPT_resume))
		return OK;
	TRY(overview_state(c, c->token.id, &flags));
	if (flags & TOKEN_INIT_BEGUN || (flags & TOKEN_FACTORY) == TOKEN_FACTORY)
		return OK;
	return say_fail(FAIL(ACTION_PROHIBITED), _("there is nothing to resume: no initialisation of this token was "
			"interrupted; 'bsre-token init' without --resume erases it"));
}

/* What begins it anew whatever the token has come to: --resume would want the mark of what was begun. */
static void say_again(struct cli *c, const char *label)
{
	char quoted[4 * LABEL_MOST + 1];
	struct buf b = BUF(quoted);

	for (const char *s = label; *s; s++)
		if (*s == '\'')
			buf_str(&b, "'\\''");
		else
			buf_put(&b, (struct span){ (const uint8_t *)s, 1 });
	buf_be(&b, 0, 1);
	say_next(_("bsre-token init --label '%s' --token %s"), quoted, c->token.serial);
}

static err leave_session(struct cli *c)
{
	struct SessionClose_in in = { .session = c->token.session };
	struct SessionClose_out out = { 0 };
	REPLY r = { 0 };

	if (!c->token.session)
		return OK;
	c->token.session = 0;
	return call_SessionClose(c->link, &in, &out, &r);
}

/* A management key in hex, from a file; empty where none is given. */
static err management_key(struct cli *c, struct secret *out)
{
	SECRET hex = { 0 };
	struct buf b = { .p = out->b, .cap = sizeof out->b };

	if (!given(c, OPT_management_key_file))
		return OK;
	TRY(ask_from_file(c->args.opt[OPT_management_key_file], &hex));
	for (unsigned i = 0; i + 1 < hex.n; i += 2) {
		uint8_t v = 0;

		for (unsigned k = 0; k < 2; k++) {
			const uint8_t ch = hex.b[i + k];
			int digit = ch >= '0' && ch <= '9' ? ch - '0' :
				    ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 :
				    ch >= 'A' && ch <= 'F' ? ch - 'A' + 10 : -1;

			if (digit < 0)
				b.bad = true;
			v = (uint8_t)(v << 4 | (digit & 0xF));
		}
		buf_be(&b, v, 1);
		wipe(&v, 1);
	}
	if (b.bad || hex.n % 2)
		return say_fail(FAIL(ARGUMENTS), _("the management key must be written in "
				"hexadecimal digits, two for a byte"));
	out->n = (uint8_t)b.n;
	return OK;
}

static err erase(struct cli *c, const char *label, const struct secret *pin, const struct secret *puk)
{
	struct TokenErase_in in = { .token = c->token.id, .pin = *pin, .puk = *puk,
				    .label = span_str(label),
				    .flags = given(c, OPT_resume) ? INIT_RESUME : 0 };
	struct TokenErase_out out = { 0 };
	REPLY r = { 0 };
	err e = management_key(c, &in.management);

	if (ok(e)) {
		progress_begin(c, _("Initialising the token"));
		steady_begin();
		e = call_TokenErase(c->link, &in, &out, &r);
		steady_end();
		progress_end();
	}
	secret_wipe(&in.pin);
	secret_wipe(&in.puk);
	secret_wipe(&in.management);
	if (ok(e) && out.remains.n)
		say_warn(_("this could not be erased and stays on the token: "
				"%s"), say_span(out.remains));
	return e;
}

/* Has the service know the PUK's tries from now on, which it does not read by itself from a token of ours. */
static void read_tries(struct cli *c)
{
	struct TriesRead_in in = { .token = c->token.id };
	struct TriesRead_out out = { 0 };
	REPLY r = { 0 };

	if (!ok(call_TriesRead(c->link, &in, &out, &r)))
		say_forget();		/* the token is initialised all the same */
}

err cmd_init(struct cli *c)
{
	SECRET pin = { 0 };
	SECRET puk = { 0 };
	struct TokenInfo_in in = { .token = c->token.id };
	struct TokenInfo_out info = { 0 };
	REPLY r = { 0 };
	char label[LABEL_MOST + 1];

	TRY(check_resume(c));
	TRY(choose_label(c, label, sizeof label));
	TRY(call_TokenInfo(c->link, &in, &info, &r));
	TRY(consent(c));
	TRY(leave_session(c));
	TRY(ask_new_secret(c, ASK_NEW_PIN, info.pin_min, info.pin_max, &pin));
	TRY(ask_new_secret(c, ASK_NEW_PUK, info.pin_min, info.pin_max, &puk));
	if (secret_eq(&pin, &puk))
		return say_fail(FAIL(PIN_INVALID), _("the PIN and the PUK must not be the same"));
	err e = erase(c, label, &pin, &puk);
	if (!ok(e)) {
		say_again(c, label);
		return ways(c, e, WAY_OF_INIT);
	}
	read_tries(c);
	json_object_set_new(c->result, "serial", json_string(c->token.serial));
	json_object_set_new(c->result, "label", json_string(label));
	say_note(_("Token '%s' (serial %s) is initialised. Keep the PUK apart from the token."), label,
		 c->token.serial);
	say_note(_("next: %s"), "bsre-token key generate --slot 9a --label ...");
	return OK;
}
