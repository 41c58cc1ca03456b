/* The ways out: a sentence and a next step for each thing that a module may not do. */
#include "config.h"
#include <string.h>
#include "say.h"
#include "token.h"
#include "wire/records.h"
#include "ways.h"

static const struct row { const char *cannot, *next; } rows[] = {
	[WAY_OF_INIT] = { N_("the PKCS#11 module of this token does not initialise it"), NULL },
	[WAY_OF_GENERATE] = { N_("the PKCS#11 module of this token makes no key of that kind"),
		N_("another kind of key (--alg), or the tool of the token's maker, then: bsre-token key list") },
	[WAY_OF_CERTIFICATE] = { N_("the PKCS#11 module of this token does not write certificates"),
		N_("import the certificate with the tool of the token's maker, then: bsre-token cert check") },
	[WAY_OF_UNBLOCK] = { N_("the PKCS#11 module of this token does not unblock PINs"),
		N_("unblock the PIN with the tool of the token's maker, then: bsre-token pin verify") },
	[WAY_OF_PUK] = { N_("the PKCS#11 module of this token does not change the PUK"),
		N_("change the PUK with the tool of the token's maker") },
	[WAY_OF_DESTROY] = { N_("the PKCS#11 module of this token does not destroy keys"),
		N_("destroy the key with the tool of the token's maker") },
};

static bool cannot(err e)
{
	return e.code == E_NOT_SUPPORTED || e.code == E_MECH_INVALID || e.code == E_TOKEN_WRITE_PROTECTED ||
		e.code == E_TEMPLATE_INCONSISTENT || e.code == E_TOKEN_REFUSED;
}

static bool ask(struct cli *c, struct TokenWays_out *out, char *init, size_t size)
{
	struct TokenWays_in in = { .token = c->token.id };
	struct buf b = { (uint8_t *)init, 0, size - 1, false };
	REPLY r = { 0 };

	if (!c->token.id || !ok(call_TokenWays(c->link, &in, out, &r)) || !out->module)
		return false;
	buf_put(&b, span_first(out->init, size - 1));
	init[b.n] = '\0';
	return true;
}

static void say_init(const char *tool)
{
	if (*tool && strcmp(tool, "vendor") != 0)
		say_next(_("initialise the token with %s, then: bsre-token status"), tool);
	else
		say_next("%s", _("initialise the token with the tool of its maker, then: bsre-token status"));
}

err ways(struct cli *c, err e, enum way what)
{
	struct TokenWays_out known = { 0 };
	char tool[64];

	if (!cannot(e) || !ask(c, &known, tool, sizeof tool))
		return e;
	if (what == WAY_OF_INIT)
		say_init(tool);
	else if (what == WAY_OF_PUK && known.flags & WAY_PUK_ONLY)
		say_next("%s", _("this token has a PUK and no SO-PIN: only the tool of its maker changes it"));
	else if (what == WAY_OF_GENERATE && known.flags & WAY_NO_GENERATE)
		say_next("%s", _("make the key with the tool of the token's maker, then: bsre-token key list"));
	else
		say_next("%s", _(rows[what].next));
	return say_fail(e, "%s", _(rows[what].cannot));
}

uint32_t ways_known(struct cli *c)
{
	struct TokenWays_out known = { 0 };
	char tool[64];

	return ask(c, &known, tool, sizeof tool) ? known.flags : 0;
}
