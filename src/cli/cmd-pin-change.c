/* pin change: a new PIN for the old. */
#include "config.h"
#include "ask.h"
#include "say.h"
#include "token.h"

err cmd_pin_change(struct cli *c)
{
	struct TokenInfo_in ask = { .token = c->token.id };
	struct TokenInfo_out info = { 0 };
	struct PinChange_out out = { 0 };
	SECRET old = { 0 };
	SECRET new = { 0 };
	REPLY r = { 0 };
	REPLY ri = { 0 };
	uint32_t last;

	TRY(call_TokenInfo(c->link, &ask, &info, &ri));
	TRY(token_tries_last(c, &last));
	TRY(ask_secret(c, ASK_PIN, &old));
	TRY(ask_new_secret(c, ASK_NEW_PIN, info.pin_min, info.pin_max, &new));
	if (secret_eq(&old, &new))
		return say_fail(FAIL(PIN_INVALID), _("the new PIN is the old one; nothing was "
				"changed"));
	struct PinChange_in in = { .token = c->token.id, .which = CKU_USER, .last = last, .old = old, .new = new };
	err e = call_PinChange(c->link, &in, &out, &r);
	secret_wipe(&in.old);
	secret_wipe(&in.new);
	TRY(e);
	json_object_set_new(c->result, "serial", json_string(c->token.serial));
	json_object_set_new(c->result, "changed", json_true());
	say_note(_("The PIN of token '%s' was changed."), c->token.label);
	return OK;
}
