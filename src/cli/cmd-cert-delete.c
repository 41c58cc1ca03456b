/* cert delete: a certificate is removed from the token; its key stays. */
#include "config.h"
#include "ask.h"
#include "describe.h"
#include "say.h"
#include "token.h"

err cmd_cert_delete(struct cli *c)
{
	struct ObjectDestroy_out out = { 0 };
	SECRET pin = { 0 };
	CERTS certs = { .n = 0 };
	const struct cert *cert;
	char holder[256];
	REPLY r = { 0 };

	TRY(token_session(c));
	TRY(certs_load(c, &certs));
	TRY(cert_find(&certs, c->args.rest[0], &cert));
	cert_holder(cert->x, holder, sizeof holder);
	say_warn(_("the certificate of '%s' in slot %02x of token '%s' will be deleted; its key "
			"stays"), holder,
		 cert->slot, c->token.label);
	TRY(ask_yes(c, _("Delete this certificate?")));
	TRY(token_login(c, &pin));
	struct ObjectDestroy_in in = { .session = c->token.session, .object = cert->handle };
	TRY(call_ObjectDestroy(c->link, &in, &out, &r));
	json_object_set_new(c->result, "deleted", cert_json(cert));
	say_note(_("The certificate of '%s' is deleted from token '%s'; its key stays."), holder, c->token.label);
	return OK;
}
