/* pin verify: proves the PIN and nothing else. */
#include "config.h"
#include "ask.h"
#include "say.h"
#include "token.h"

err cmd_pin_verify(struct cli *c)
{
	struct PinVerify_out out = { 0 };
	SECRET pin = { 0 };
	REPLY r = { 0 };
	uint32_t last;

	TRY(token_tries_last(c, &last));
	TRY(ask_secret(c, ASK_PIN, &pin));
	struct PinVerify_in in = { .token = c->token.id, .last = last, .pin = pin };
	err e = call_PinVerify(c->link, &in, &out, &r);
	secret_wipe(&in.pin);
	TRY(e);
	json_object_set_new(c->result, "serial", json_string(c->token.serial));
	json_object_set_new(c->result, "verified", json_true());
	say_note(_("The PIN of token '%s' is correct."), c->token.label);
	return OK;
}
