/* key destroy: a private key is made unusable for ever. */
#include "config.h"
#include "ask.h"
#include "describe.h"
#include "print.h"
#include "say.h"
#include "token.h"

static err consent(struct cli *c, const struct key *k)
{
	say_warn(_("the %s key '%s' in slot %02x of token '%s' will be destroyed; nothing can "
			"bring it back"),
		 k->alg, k->label, k->slot, c->token.label);
	return ask_yes(c, _("Destroy this key?"));
}

err cmd_key_destroy(struct cli *c)
{
	struct ObjectDestroy_out out = { 0 };
	SECRET pin = { 0 };
	KEYS keys = { .n = 0 };
	const struct key *k;
	uint32_t handle;
	REPLY r = { 0 };

	if (!given(c, OPT_key))
		return say_fail(FAIL(USAGE), _("--key is needed: the key to destroy"));
	TRY(token_session(c));
	TRY(keys_load(c, &keys));
	TRY(key_find(c, &keys, c->args.opt[OPT_key], &k));
	TRY(consent(c, k));
	TRY(token_login(c, &pin));
	TRY(key_private(c, k, &handle));
	struct ObjectDestroy_in in = { .session = c->token.session, .object = handle };
	progress_begin(c, _("Destroying the key"));
	err e = call_ObjectDestroy(c->link, &in, &out, &r);
	progress_end();
	TRY(e);
	json_object_set_new(c->result, "destroyed", key_json(k));
	say_note(_("The key '%s' of token '%s' is destroyed. If it has a certificate, ask the "
			"CA to revoke it."),
		 k->label, c->token.label);
	return OK;
}
