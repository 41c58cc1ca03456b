/* Choosing a token and opening it. */
#include "config.h"
#include <stdio.h>
#include "ask.h"
#include "say.h"
#include "token.h"
#include "wire/records.h"

err tokens_get(struct cli *c, struct tokens *out, struct reply *r)
{
	struct TokenList_in in = { 0 };
	struct TokenList_out list = { 0 };

	out->n = 0;
	TRY(call_TokenList(c->link, &in, &list, r));
	struct cur cur = cur_of(list.list);
	while (cur_left(&cur) && out->n < TOKENS_MAX)
		TokenRec_get_in(&cur, &out->t[out->n++]);
	return cur.bad ? FAIL(BAD_FRAME) : OK;
}

err readers_get(struct cli *c, struct readers *out, struct reply *r)
{
	struct ReaderList_in in = { 0 };
	struct ReaderList_out list = { 0 };

	out->n = 0;
	TRY(call_ReaderList(c->link, &in, &list, r));
	struct cur cur = cur_of(list.list);
	while (cur_left(&cur) && out->n < READERS_MAX)
		ReaderRec_get_in(&cur, &out->r[out->n++]);
	return cur.bad ? FAIL(BAD_FRAME) : OK;
}

/* False also where the service does not say. */
static bool service_is_down(struct cli *c)
{
	struct ServiceRead_in in = { 0 };
	struct ServiceRead_out out = { 0 };
	REPLY r = { 0 };

	return ok(call_ServiceRead(c->link, &in, &out, &r)) && out.state == SERVICE_DOWN;
}

err token_none(struct cli *c)
{
	static const struct { enum reader_state state; uint16_t code; } why[] = {
		{ READER_QUARANTINED, E_TOKEN_HUNG }, { READER_EXCLUSIVE, E_TOKEN_BUSY },
		{ READER_UNKNOWN_CARD, E_UNKNOWN_CARD }, { READER_MUTE, E_TOKEN_HUNG },
		{ READER_NO_MODULE, E_MODULE_BAD },
	};
	struct readers readers;
	REPLY r = { 0 };

	TRY(readers_get(c, &readers, &r));
	for (size_t w = 0; w < sizeof why / sizeof why[0]; w++)
		for (size_t i = 0; i < readers.n; i++)
			if (readers.r[i].state == why[w].state) {
				err e = { why[w].code, 0 };
				return say_fail(e, _("%s (reader '%s')"), _(err_text(e)),
						say_span(readers.r[i].name));
			}
	return service_is_down(c) ? FAIL(NO_READERS) : FAIL(NO_TOKEN);
}

/* "1234 'label', 5678 'label'" into out. */
static void name_all(const struct tokens *all, char *out, size_t size)
{
	size_t n = 0;

	out[0] = 0;
	for (size_t i = 0; i < all->n && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s '%s'", i ? ", " : "",
				      say_span(all->t[i].serial), say_span(all->t[i].label));
}

void token_of(struct cli *c, const struct TokenRec_in *t)
{
	c->token.id = t->token;
	text_clean(t->serial, c->token.serial, sizeof c->token.serial);
	text_clean(t->label, c->token.label, sizeof c->token.label);
}

err token_choose(struct cli *c)
{
	const char *name = c->args.opt[OPT_token];
	const struct TokenRec_in *found = NULL;
	struct tokens all;
	size_t labels = 0;
	char names[1024];
	REPLY r = { 0 };

	TRY(tokens_get(c, &all, &r));
	for (size_t i = 0; i < all.n && name; i++) {
		if (span_eq(all.t[i].serial, span_str(name))) {
			token_of(c, &all.t[i]);
			return OK;
		}
		if (span_eq(all.t[i].label, span_str(name))) {
			found = &all.t[i];
			labels++;
		}
	}
	name_all(&all, names, sizeof names);
	if (name && labels > 1)
		return say_fail(FAIL(ARGUMENTS), _("several tokens have the label '%s'; name "
				"one by its serial number: %s"),
				say_clean(name), names);
	if (all.n == 0)
		return token_none(c);
	if (name && !found)
		return say_fail(FAIL(NO_TOKEN), _("there is no token '%s'; plugged in: "
				"%s"), say_clean(name),
				names);
	if (!name && all.n > 1)
		return say_fail(FAIL(ARGUMENTS), _("several tokens are plugged in; name one "
				"with --token: %s"),
				names);
	token_of(c, found ? found : &all.t[0]);
	return OK;
}

err token_session(struct cli *c)
{
	struct SessionOpen_in in = { .token = c->token.id, .flags = CKF_RW_SESSION };
	struct SessionOpen_out out = { 0 };
	REPLY r = { 0 };

	if (c->token.session)
		return OK;
	TRY(call_SessionOpen(c->link, &in, &out, &r));
	c->token.session = out.session;
	return OK;
}

err token_tries(struct cli *c)
{
	struct TokenInfo_in in = { .token = c->token.id };
	struct TokenInfo_out info = { 0 };
	REPLY r = { 0 };

	TRY(call_TokenInfo(c->link, &in, &info, &r));
	if (info.pin_tries == 0)
		return FAIL(PIN_BLOCKED);
	if (info.pin_tries == 1)
		return FAIL(PIN_LAST_TRY);
	if (info.pin_tries == 2)
		say_warn(_("two tries are left for the PIN of token '%s'"), c->token.label);
	return OK;
}

err token_login(struct cli *c, struct secret *pin)
{
	struct Login_out out = { 0 };
	REPLY r = { 0 };

	TRY(token_session(c));
	TRY(token_tries(c));
	TRY(ask_secret(c, ASK_PIN, pin));
	struct Login_in in = { .session = c->token.session, .user = CKU_USER, .given = 1, .pin = *pin };
	err e = call_Login(c->link, &in, &out, &r);
	secret_wipe(&in.pin);
	return e;
}

/* The last try: only a person at the terminal, who types that they mean it; never where a file holds the secret. */
static err consent(struct cli *c, enum option file, uint32_t *last)
{
	if (given(c, file))
		return FAIL(PIN_LAST_TRY);
	TRY(ask_person(_("LAST TRY"), _("Type LAST TRY to spend it:")));
	*last = 1;
	return OK;
}

err token_tries_last(struct cli *c, uint32_t *last)
{
	err e = token_tries(c);

	*last = 0;
	if (e.code != E_PIN_LAST_TRY)
		return e;
	say_warn(_("only one try is left for the PIN of token '%s'; if it is wrong the PIN is blocked"),
		 c->token.label);
	return consent(c, OPT_pin_file, last);
}

err token_puk_tries(struct cli *c, uint32_t *last)
{
	struct TriesRead_in in = { .token = c->token.id };
	struct TriesRead_out out = { 0 };
	REPLY r = { 0 };

	*last = 0;
	TRY(call_TriesRead(c->link, &in, &out, &r));
	if (out.puk_tries == 0)
		return FAIL(PUK_BLOCKED);
	if (out.puk_tries == 255)
		return OK;
	if (out.puk_tries == 1) {
		say_warn(_("only one try is left for the PUK of token '%s'; if it is wrong the token can "
			   "only be erased"), c->token.label);
		return consent(c, OPT_puk_file, last);
	}
	say_note(ngettext("The PUK of token '%s' has %u try left.",
			  "The PUK of token '%s' has %u tries left.", out.puk_tries),
		 c->token.label, out.puk_tries);
	return OK;
}
