/* pin unblock: a new PIN by the PUK, where the old one is blocked or forgotten. */
#include "config.h"
#include "ask.h"
#include "say.h"
#include "token.h"
#include "ways.h"

err cmd_pin_unblock(struct cli *c)
{
	struct TokenInfo_in ask = { .token = c->token.id };
	struct TokenInfo_out info = { 0 };
	struct PinUnblock_out out = { 0 };
	SECRET puk = { 0 };
	SECRET pin = { 0 };
	REPLY r = { 0 };
	REPLY ri = { 0 };
	uint32_t last;

	TRY(call_TokenInfo(c->link, &ask, &info, &ri));
	TRY(token_puk_tries(c, &last));
	TRY(ask_secret(c, ASK_PUK, &puk));
	TRY(ask_new_secret(c, ASK_NEW_PIN, info.pin_min, info.pin_max, &pin));
	if (secret_eq(&puk, &pin))
		return say_fail(FAIL(PIN_INVALID), _("the PIN and the PUK must not be the same"));
	struct PinUnblock_in in = { .token = c->token.id, .last = last, .puk = puk, .pin = pin };
	err e = call_PinUnblock(c->link, &in, &out, &r);
	secret_wipe(&in.puk);
	secret_wipe(&in.pin);
	TRY(ways(c, e, WAY_OF_UNBLOCK));
	json_object_set_new(c->result, "serial", json_string(c->token.serial));
	json_object_set_new(c->result, "unblocked", json_true());
	say_note(_("Token '%s' has a new PIN and all tries again."), c->token.label);
	return OK;
}
