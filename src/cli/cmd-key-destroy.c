/* key destroy: a private key is made unusable for ever. */
#include "config.h"
#include "ask.h"
#include "describe.h"
#include "print.h"
#include "say.h"
#include "token.h"
#include "ways.h"
#include "lib/utf8.h"

enum { REASON_MOST = 200 };		/* bytes: KeyDestroy of calls.def */

/* Whose certificate the key has, cleaned; "": it has none. */
static err find_holder(struct cli *c, const struct keys *keys, const struct key *k, char *holder, size_t size)
{
	CERTS certs = { .n = 0 };

	holder[0] = 0;
	TRY(certs_load(c, &certs));
	for (size_t i = 0; i < certs.n; i++)
		if (certs.c[i].x && key_of_cert(keys, certs.c[i].x) == k)
			cert_holder(certs.c[i].x, holder, size);
	return OK;
}

static err consent(struct cli *c, const struct key *k, const char *holder)
{
	say_warn(_("the %s key '%s' in slot %02x of token '%s' will be destroyed; nothing can "
			"bring it back"),
		 k->alg, k->label, k->slot, c->token.label);
	if (holder[0])
		say_warn(_("its certificate, of '%s', stays on the token, and no program can sign with it any more"),
			 holder);
	else
		say_note(_("The key has no certificate."));
	return ask_yes(c, _("Destroy this key?"));
}

static void tell(const struct cli *c, const struct key *k, const char *holder)
{
	say_note(_("The key '%s' of token '%s' is destroyed."), k->label, c->token.label);
	if (holder[0])
		say_note(_("Its certificate, of '%s', stays on the token: ask the CA to revoke it; 'bsre-token cert "
			   "delete %02x' deletes it."), holder, k->slot);
}

static err check_reason(const char *reason)
{
	if (!reason || !reason[0])
		return say_fail(FAIL(USAGE), _("--reason is needed: why the key is destroyed; "
				"the history keeps it"));
	if (strlen(reason) > REASON_MOST || utf8_count(span_str(reason)) == SIZE_MAX)
		return say_fail(FAIL(USAGE), _("the reason must be UTF-8 of at most %d "
				"bytes"), REASON_MOST);
	return OK;
}

err cmd_key_destroy(struct cli *c)
{
	struct KeyDestroy_out out = { 0 };
	SECRET pin = { 0 };
	KEYS keys = { .n = 0 };
	const struct key *k;
	const char *reason = c->args.opt[OPT_reason];
	char holder[160];
	uint32_t handle;
	REPLY r = { 0 };

	if (!given(c, OPT_key))
		return say_fail(FAIL(USAGE), _("--key is needed: the key to destroy"));
	TRY(check_reason(reason));
	TRY(token_session(c));
	TRY(keys_load(c, &keys));
	TRY(key_find(c, &keys, c->args.opt[OPT_key], &k));
	TRY(find_holder(c, &keys, k, holder, sizeof holder));
	TRY(consent(c, k, holder));
	TRY(token_login(c, &pin));
	TRY(key_private(c, k, &handle));
	struct KeyDestroy_in in = { .session = c->token.session, .key = handle, .reason = span_str(reason) };
	progress_begin(c, _("Destroying the key"));
	err e = call_KeyDestroy(c->link, &in, &out, &r);
	progress_end();
	TRY(ways(c, e, WAY_OF_DESTROY));
	json_object_set_new(c->result, "destroyed", key_json(k));
	json_object_set_new(c->result, "certificate_stays", json_boolean(holder[0] != 0));
	tell(c, k, holder);
	return OK;
}
