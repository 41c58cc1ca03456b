/* key list: the keys, and the certificate that each has. */
#include "config.h"
#include "describe.h"
#include "print.h"
#include "say.h"
#include "token.h"

static const struct column columns[] = {
	{ "slot",         N_("SLOT"),      0,    0, NULL },
	{ "algorithm",    N_("ALGORITHM"), 0,    0, NULL },
	{ "label",        N_("LABEL"),     0.25, CUT,  NULL },
	{ "id",           N_("ID"),        0.15, CUT | EXTRA, NULL },
	{ "pin_policy",   N_("PIN"),       0,    WORDS, NULL },
	{ "touch_policy", N_("TOUCH"),     0,    WORDS | EXTRA, NULL },
	{ "holder",       N_("HOLDER"),    0.3,  CUT | EXTRA, NULL },
	{ "not_after",    N_("EXPIRES"),   0,    DAY, NULL },
};

err cmd_key_list(struct cli *c)
{
	json_t *all = json_array();
	KEYS keys = { .n = 0 };
	CERTS certs = { .n = 0 };

	json_object_set_new(c->result, "keys", all);
	TRY(token_session(c));
	TRY(keys_load(c, &keys));
	TRY(certs_load(c, &certs));
	for (size_t i = 0; i < keys.n; i++) {
		json_t *o = key_json(&keys.k[i]);
		const struct cert *of = cert_of_key(&keys, &certs, &keys.k[i]);
		json_t *cert = of ? x509_json(of->x) : NULL;

		if (cert) {
			json_object_set_new(o, "certificate", cert);
			json_object_set(o, "holder", json_object_get(cert, "holder"));
			json_object_set(o, "not_after", json_object_get(cert, "not_after"));
		}
		json_array_append_new(all, o);
	}
	if (!given(c, OPT_json))
		print_table(all, columns, sizeof columns / sizeof columns[0]);
	if (keys.n == 0)
		say_note(_("There is no key on the token; make one with 'bsre-token key generate'."));
	return OK;
}
