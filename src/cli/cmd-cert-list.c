/* cert list: the certificates on the token. */
#include "config.h"
#include "describe.h"
#include "print.h"
#include "say.h"
#include "token.h"

static const char *days_colour(const json_t *row)
{
	const char *s = json_string_value(json_object_get(row, "state"));

	if (!s || strcmp(s, "valid") == 0)
		return s ? "green" : NULL;
	return strcmp(s, "expiring") == 0 ? "yellow" : "red";
}

static const struct column columns[] = {
	{ "slot",      N_("SLOT"),    0,    0, NULL },
	{ "label",     N_("LABEL"),   0.15, CUT | EXTRA, NULL },
	{ "holder",    N_("HOLDER"),  0.3,  CUT,  NULL },
	{ "issuer",    N_("ISSUER"),  0.2,  CUT | EXTRA, NULL },
	{ "not_after", N_("EXPIRES"), 0,    DAY, NULL },
	{ "days_left", N_("DAYS"),    0,    0, days_colour },
};

err cmd_cert_list(struct cli *c)
{
	json_t *all = json_array();
	CERTS certs = { .n = 0 };

	json_object_set_new(c->result, "certificates", all);
	TRY(token_session(c));
	TRY(certs_load(c, &certs));
	for (size_t i = 0; i < certs.n; i++)
		json_array_append_new(all, cert_json(&certs.c[i]));
	if (!given(c, OPT_json))
		print_table(all, columns, sizeof columns / sizeof columns[0]);
	if (certs.n == 0)
		say_note(_("There is no certificate on the token."));
	return OK;
}
