/* Old and new asked for, compared, and sent. */
#include "config.h"
#include "pinchange.h"
#include "say.h"
#include "token.h"
#include "ways.h"

err pin_change(struct cli *c, const struct pin_change *what)
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
	TRY(what->tries(c, &last));
	TRY(ask_secret(c, what->old, &old));
	TRY(ask_new_secret(c, what->new, info.pin_min, info.pin_max, &new));
	if (secret_eq(&old, &new))
		return say_fail(FAIL(PIN_INVALID), "%s", _(what->same));
	struct PinChange_in in = { .token = c->token.id, .which = what->which, .last = last, .old = old, .new = new };
	err e = call_PinChange(c->link, &in, &out, &r);
	secret_wipe(&in.old);
	secret_wipe(&in.new);
	TRY(what->which == CKU_SO ? ways(c, e, WAY_OF_PUK) : e);
	json_object_set_new(c->result, "serial", json_string(c->token.serial));
	json_object_set_new(c->result, "changed", json_true());
	say_note(_(what->done), c->token.label);
	return OK;
}
