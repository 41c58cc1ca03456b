/* status: everything that there is to know without a PIN. */
#include "config.h"
#include <stdio.h>
#include "overview.h"
#include "print.h"
#include "say.h"
#include "token.h"

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static const char *state_colour(const json_t *row)
{
	const char *s = text(row, "state");

	if (strcmp(s, "valid") == 0)
		return "green";
	return strcmp(s, "expiring") == 0 ? "yellow" : "red";
}

static const struct column key_columns[] = {
	{ "slot",       N_("SLOT"),      0,    0, NULL },
	{ "algorithm",  N_("ALGORITHM"), 0,    0, NULL },
	{ "label",      N_("LABEL"),     0.4,  CUT,  NULL },
	{ "id",         N_("ID"),        0.2,  CUT | EXTRA, NULL },
	{ "pin_policy", N_("PIN"),       0,    WORDS, NULL },
};
static const struct column cert_columns[] = {
	{ "slot",      N_("SLOT"),    0,    0, NULL },
	{ "holder",    N_("HOLDER"),  0.35, CUT,  NULL },
	{ "issuer",    N_("ISSUER"),  0.25, CUT | EXTRA, NULL },
	{ "not_after", N_("EXPIRES"), 0,    DAY, NULL },
	{ "days_left", N_("DAYS"),    0,    0, state_colour },
};
static const struct column login_columns[] = {
	{ "pid",     N_("PROCESS"), 0,   0, NULL },
	{ "user",    N_("AS"),      0,   0, NULL },
	{ "program", N_("PROGRAM"), 0.8, CUT,  NULL },
};
static const struct column reader_columns[] = {
	{ "name",   N_("READER"), 0.6, CUT,  NULL },
	{ "state",  N_("STATE"),  0,   WORDS, NULL },
	{ "serial", N_("TOKEN"),  0,   0, NULL },
};
static const struct column driver_columns[] = {
	{ "name",   N_("READER"), 0.3, CUT,  NULL },
	{ "state",  N_("STATE"),  0,   WORDS, NULL },
	{ "serial", N_("TOKEN"),  0,   0, NULL },
	{ "driver", N_("DRIVER"), 0,   0, NULL },
	{ "why",    N_("WHY"),    0.4, CUT, NULL },
};
#define TABLE(rows, columns) print_table(rows, columns, sizeof columns / sizeof columns[0])

static void tries_line(const json_t *token, const char *key, const char *name)
{
	const json_t *n = json_object_get(token, key);

	if (!json_is_integer(n))
		printf("  %s: %s\n", name, _("the token does not say how many tries are left"));
	else if (json_integer_value(n) == 0)
		printf("  %s: %s\n", name, print_bold(_("blocked")));
	else
		printf(ngettext("  %s: %d try left\n", "  %s: %d tries left\n",
				(unsigned long)json_integer_value(n)), name, (int)json_integer_value(n));
}

/* What the state of a certificate asks for. */
static void cert_advice(const json_t *certs)
{
	for (size_t i = 0; i < json_array_size(certs); i++) {
		const json_t *o = json_array_get(certs, i);
		const char *state = text(o, "state");

		if (strcmp(state, "expiring") == 0)
			say_warn(_("the certificate of '%s' expires in %d days; ask for its "
					"renewal now"),
				 text(o, "holder"), (int)json_integer_value(json_object_get(o, "days_left")));
		else if (strcmp(state, "expired") == 0)
			say_warn(_("the certificate of '%s' has expired; it cannot be renewed, "
					"ask for a new one"),
				 text(o, "holder"));
		else if (strcmp(state, "not-yet-valid") == 0)
			say_warn(_("the certificate of '%s' is not valid yet; is this "
					"computer's clock right?"),
				 text(o, "holder"));
	}
}

static void heading(const char *words) { printf("\n%s\n", print_bold(words)); }

/* Is the token whole, and are its secrets its own? */
static void init_lines(const json_t *o)
{
	static const struct { const char *name, *text; } factory[] = {
		{ "pin", N_("the PIN is the factory's, which everybody knows; next: bsre-token pin change") },
		{ "puk", N_("the PUK is the factory's, which everybody knows; next: bsre-token pin set-puk") },
		{ "management-key", N_("the management key is the factory's, which everybody knows; only bsre-token "
				       "init changes it, which erases the token") },
	};
	const json_t *all = json_object_get(o, "factory_secrets");

	if (json_is_true(json_object_get(o, "init_interrupted"))) {
		printf(_("  its initialisation was interrupted; next: bsre-token init --resume --token %s\n"),
		       text(o, "serial"));
		return;
	}
	if (json_is_false(json_object_get(o, "initialized")))
		printf("  %s\n", _("not initialised; next: bsre-token init"));
	if (json_is_false(json_object_get(o, "pin_set")))
		printf("  %s\n", _("the PIN is not set yet; next: bsre-token pin unblock    (asks for the PUK)"));
	for (size_t i = 0; i < json_array_size(all); i++)
		for (size_t k = 0; k < sizeof factory / sizeof factory[0]; k++)
			if (strcmp(json_string_value(json_array_get(all, i)), factory[k].name) == 0)
				printf("  %s\n", _(factory[k].text));
}

static void show_token(const json_t *o)
{
	char title[256];

	snprintf(title, sizeof title, _("Token '%s', serial %s"), text(o, "label"), text(o, "serial"));
	heading(title);
	printf("  %s %s, %s\n", text(o, "manufacturer"), text(o, "model"), text(o, "reader"));
	init_lines(o);
	tries_line(o, "pin_tries", _("PIN"));
	tries_line(o, "puk_tries", _("PUK"));
	if (json_array_size(json_object_get(o, "keys"))) {
		heading(_("Keys"));
		TABLE(json_object_get(o, "keys"), key_columns);
	}
	if (json_array_size(json_object_get(o, "certificates"))) {
		heading(_("Certificates"));
		TABLE(json_object_get(o, "certificates"), cert_columns);
	}
	if (json_array_size(json_object_get(o, "logins"))) {
		heading(_("Logged in"));
		TABLE(json_object_get(o, "logins"), login_columns);
	}
	cert_advice(json_object_get(o, "certificates"));
}

/* Everything about one token; one that is pulled out meanwhile is left away. */
static err gather(struct cli *c, const struct TokenRec_in *t, json_t *all)
{
	json_t *o = NULL;
	struct token chosen = c->token;

	token_of(c, t);
	err e = overview_token(c, t->token, true, &o);
	if (ok(e))
		e = overview_contents(c, o);
	c->token = chosen;
	if (ok(e))
		json_array_append_new(all, o);
	else if (o)
		json_decref(o);
	return e.code == E_NO_TOKEN || e.code == E_TOKEN_GONE || e.code == E_SESSION_GONE ? OK : e;
}

err cmd_status(struct cli *c)
{
	json_t *all = json_array(), *readers = NULL;
	struct tokens tokens;
	REPLY r = { 0 };

	TRY(overview_readers(c, &readers));
	json_object_set_new(c->result, "readers", readers);
	json_object_set_new(c->result, "tokens", all);
	if (given(c, OPT_token))
		TRY(token_choose(c));
	TRY(tokens_get(c, &tokens, &r));
	for (size_t i = 0; i < tokens.n; i++)
		if (!c->token.id || c->token.id == tokens.t[i].token)
			TRY(gather(c, &tokens.t[i], all));
	if (!given(c, OPT_json)) {
		if (given(c, OPT_verbose))
			TABLE(readers, driver_columns);
		else
			TABLE(readers, reader_columns);
		for (size_t i = 0; i < json_array_size(all); i++)
			show_token(json_array_get(all, i));
	}
	if (json_array_size(all))
		return OK;
	err e = token_none(c);
	if (e.code == E_NO_TOKEN)
		say_next("%s", _("plug a token in, then: bsre-token status"));
	return e;
}
