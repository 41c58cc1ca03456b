/* cert check: whether a certificate on the token can be used: its key, its time, its purpose, its chain. */
#include "config.h"
#include <openssl/x509v3.h>
#include <stdio.h>
#include "chain.h"
#include "describe.h"
#include "say.h"
#include "token.h"

/* Notes one finding, for people and --json. */
static void found(json_t *list, const char *id, const char *what, err e, const char *why)
{
	json_t *o = json_pack("{s:s, s:s, s:b}", "id", id, "check", what, "good", ok(e));

	if (!ok(e) && why)
		json_object_set_new(o, "why", json_string(why));
	json_array_append_new(list, o);
	say_note("  %s %s%s%s", ok(e) ? _("good") : _("BAD "), _(what), ok(e) || !why ? "" : ": ",
		 ok(e) || !why ? "" : why);
}

static err check_time(X509 *x)
{
	switch (cert_state(x)) {
	case CERT_EXPIRED: return say_fail(FAIL(CERT_INVALID), _("it has expired; it cannot be "
			"renewed, ask for a new one"));
	case CERT_EARLY:   return say_fail(FAIL(CERT_INVALID), _("it is not valid yet"));
	case CERT_ENDING:
		say_warn(_("it expires in %ld days; ask for its renewal now"), cert_days_left(x));
		return OK;
	default:           return OK;
	}
}

static err check_usage(X509 *x)
{
	uint32_t usage = X509_get_key_usage(x);		/* all of them where it has none: RFC 5280, 4.2.1.3 */

	if (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION))
		return OK;
	return say_fail(FAIL(CERT_INVALID), _("its key usage is not for signatures"));
}

/* Runs all; the first failure is the command's. */
static err run_all(struct cli *c, const struct keys *keys, X509 *x, json_t *list)
{
	const struct key *k = key_of_cert(keys, x);
	CHAIN chain = { .store = NULL };
	err each[4], first = OK;

	TRY(chain_load(c, &chain));
	static const struct { const char *id, *name; } rows[] = {	/* id: for programs, and never changed */
		{ "key", N_("its key is on the token") }, { "validity", N_("its period of validity") },
		{ "key-usage", N_("its key usage") }, { "chain", N_("its chain to a trusted CA") },
	};
	for (int i = 0; i < 4; i++) {
		each[i] = i == 0 ? (k ? OK : say_fail(FAIL(KEY_MISMATCH), _("no key on the "
				"token belongs to it"))) :
			  i == 1 ? check_time(x) : i == 2 ? check_usage(x) : chain_judge(&chain, x, NULL, 0);
		found(list, rows[i].id, rows[i].name, each[i], say_forget());
		if (ok(first))
			first = each[i];
	}
	return first;
}

err cmd_cert_check(struct cli *c)
{
	KEYS keys = { .n = 0 };
	CERTS certs = { .n = 0 };
	const struct cert *cert;
	json_t *list = json_array();
	char holder[256];

	json_object_set_new(c->result, "checks", list);
	TRY(token_session(c));
	TRY(keys_load(c, &keys));
	TRY(certs_load(c, &certs));
	TRY(cert_find(&certs, c->args.rest[0], &cert));
	json_object_set_new(c->result, "certificate", cert_json(cert));
	cert_holder(cert->x, holder, sizeof holder);
	say_note(_("Certificate of '%s', slot %02x"), holder, cert->slot);
	err e = run_all(c, &keys, cert->x, list);
	return ok(e) ? OK : say_fail(e, _("the certificate of '%s' cannot be used as it is"), holder);
}
