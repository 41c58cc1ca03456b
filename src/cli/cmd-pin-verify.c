/* pin verify: proves the PIN and nothing else; the one place that may spend the last try. */
#include "config.h"
#include "ask.h"
#include "say.h"
#include "token.h"

/* The last try: only a person at the terminal, who types that they mean it. */
static err consent(struct cli *c)
{
	say_warn(_("only one try is left for the PIN of token '%s'; if it is wrong the PIN is blocked"),
		 c->token.label);
	return ask_person(_("LAST TRY"), _("Type LAST TRY to spend it:"));
}

err cmd_pin_verify(struct cli *c)
{
	struct TokenInfo_in ask = { .token = c->token.id };
	struct TokenInfo_out info = { 0 };
	struct PinVerify_out out = { 0 };
	SECRET pin = { 0 };
	REPLY r = { 0 };
	REPLY ri = { 0 };

	TRY(call_TokenInfo(c->link, &ask, &info, &ri));
	if (info.pin_tries == 0)
		return FAIL(PIN_BLOCKED);
	if (info.pin_tries == 1)
		TRY(consent(c));
	TRY(ask_secret(c, ASK_PIN, &pin));
	struct PinVerify_in in = { .token = c->token.id, .last = info.pin_tries == 1, .pin = pin };
	err e = call_PinVerify(c->link, &in, &out, &r);
	secret_wipe(&in.pin);
	TRY(e);
	json_object_set_new(c->result, "serial", json_string(c->token.serial));
	json_object_set_new(c->result, "verified", json_true());
	say_note(_("The PIN of token '%s' is correct."), c->token.label);
	return OK;
}
