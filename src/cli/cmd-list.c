/* list: the tokens that are plugged in, a line each. */
#include "config.h"
#include "overview.h"
#include "print.h"
#include "say.h"
#include "token.h"

static const char *tries_colour(const json_t *row)
{
	json_t *n = json_object_get(row, "pin_tries");

	if (!json_is_integer(n) || json_integer_value(n) > 2)
		return NULL;
	return json_integer_value(n) == 0 ? "red" : "yellow";
}

static const struct column columns[] = {
	{ "serial",    N_("SERIAL"),   0,    0, NULL },
	{ "label",     N_("LABEL"),    0.25, CUT,  NULL },
	{ "model",     N_("MODEL"),    0.2,  CUT | EXTRA, NULL },
	{ "pin_tries", N_("PIN TRIES"), 0,   0, tries_colour },
	{ "reader",    N_("READER"),   0.4,  CUT | EXTRA, NULL },
};

err cmd_list(struct cli *c)
{
	json_t *all = json_array();
	struct tokens tokens;
	REPLY r = { 0 };

	json_object_set_new(c->result, "tokens", all);
	if (given(c, OPT_token))
		TRY(token_choose(c));
	TRY(tokens_get(c, &tokens, &r));
	for (size_t i = 0; i < tokens.n; i++) {
		json_t *o = NULL;

		if (c->token.id && c->token.id != tokens.t[i].token)
			continue;
		err e = overview_token(c, tokens.t[i].token, false, &o);
		if (ok(e))
			json_array_append_new(all, o);
		else if (e.code != E_NO_TOKEN && e.code != E_TOKEN_GONE)
			return e;			/* pulled out meanwhile is no failure */
	}
	if (json_array_size(all) == 0)
		return token_none(c);
	if (!given(c, OPT_json))
		print_table(all, columns, sizeof columns / sizeof columns[0]);
	return OK;
}
