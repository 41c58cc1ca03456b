/* pin unblock: a new PIN by the PUK, where the old one is blocked or forgotten. */
#include "config.h"
#include "ask.h"
#include "say.h"
#include "token.h"

/* How many tries the PUK has left, before one is spent. */
static err puk_tries(struct cli *c)
{
	struct TriesRead_in in = { .token = c->token.id };
	struct TriesRead_out out = { 0 };
	REPLY r = { 0 };

	TRY(call_TriesRead(c->link, &in, &out, &r));
	if (out.puk_tries == 0)
		return FAIL(PUK_BLOCKED);
	if (out.puk_tries == 255)
		return OK;
	if (out.puk_tries == 1) {
		say_warn(_("only one try is left for the PUK of token '%s'; if it is wrong the token can "
			   "only be erased"), c->token.label);
		return ask_person(_("LAST TRY"), _("Type LAST TRY to spend it:"));
	}
	say_note(ngettext("The PUK of token '%s' has %u try left.",
			  "The PUK of token '%s' has %u tries left.", out.puk_tries),
		 c->token.label, out.puk_tries);
	return OK;
}

err cmd_pin_unblock(struct cli *c)
{
	struct TokenInfo_in ask = { .token = c->token.id };
	struct TokenInfo_out info = { 0 };
	struct PinUnblock_out out = { 0 };
	SECRET puk = { 0 };
	SECRET pin = { 0 };
	REPLY r = { 0 };
	REPLY ri = { 0 };

	TRY(call_TokenInfo(c->link, &ask, &info, &ri));
	TRY(puk_tries(c));
	TRY(ask_secret(c, ASK_PUK, &puk));
	TRY(ask_new_secret(c, ASK_NEW_PIN, info.pin_min, info.pin_max, &pin));
	if (secret_eq(&puk, &pin))
		return say_fail(FAIL(PIN_INVALID), _("the PIN and the PUK must not be the same"));
	struct PinUnblock_in in = { .token = c->token.id, .puk = puk, .pin = pin };
	err e = call_PinUnblock(c->link, &in, &out, &r);
	secret_wipe(&in.puk);
	secret_wipe(&in.pin);
	TRY(e);
	json_object_set_new(c->result, "serial", json_string(c->token.serial));
	json_object_set_new(c->result, "unblocked", json_true());
	say_note(_("Token '%s' has a new PIN and all tries again."), c->token.label);
	return OK;
}
