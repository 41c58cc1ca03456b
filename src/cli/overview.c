/* Tokens, their contents and readers, gathered from the daemon. */
#include "config.h"
#include <stdio.h>
#include "describe.h"
#include "object.h"
#include "overview.h"
#include "say.h"
#include "token.h"
#include "wire/records.h"

/* What the service has not in its memory is asked of the token. */
static void ask_tries(struct cli *c, uint32_t token, struct TokenInfo_out *i)
{
	struct TriesRead_in in = { .token = token };
	struct TriesRead_out out = { 0 };
	REPLY r = { 0 };

	if (i->pin_tries != 255 && i->puk_tries != 255)
		return;
	if (!ok(call_TriesRead(c->link, &in, &out, &r)))
		return;			/* shown as not known */
	i->pin_tries = out.pin_tries;
	i->puk_tries = out.puk_tries;
}

static void set_text(json_t *o, const char *name, struct span s)
{
	char text[256];

	text_clean(s, text, sizeof text);
	json_object_set_new(o, name, json_string(text));
}

/* 255: the token does not say. */
static void set_tries(json_t *o, const char *name, uint32_t n)
{
	json_object_set_new(o, name, n == 255 ? json_null() : json_integer(n));
}

err overview_state(struct cli *c, uint32_t token, uint32_t *flags)
{
	struct TokenState_in in = { .token = token };
	struct TokenState_out out = { 0 };
	REPLY r = { 0 };

	TRY(call_TokenState(c->link, &in, &out, &r));
	*flags = out.flags;
	return OK;
}

/* Why nothing should be made on the token, said as a refusal, or with --force as a warning. */
static err unsafe(struct cli *c, const char *why)
{
	if (!given(c, OPT_force))
		return say_fail(FAIL(ACTION_PROHIBITED), _("%s (--force to go on all the same)"), why);
	say_warn("%s", why);
	return OK;
}

err overview_safe(struct cli *c)
{
	static const struct { uint32_t flag; const char *why, *next; } rows[] = {
		{ TOKEN_INIT_BEGUN, N_("its initialisation was interrupted: its PIN or its PUK may be the factory's, "
				       "which everybody knows"), "bsre-token init --resume" },
		{ TOKEN_PIN_DEFAULT, N_("its PIN is the factory's, which everybody knows"),
		  "bsre-token pin change" },
		{ TOKEN_PUK_DEFAULT, N_("its PUK is the factory's, which everybody knows"),
		  "bsre-token pin set-puk" },
		{ TOKEN_MANAGEMENT_DEFAULT, N_("its management key is the factory's, which everybody knows; only init, "
					       "which erases the token, changes it"), "bsre-token init" },
	};
	uint32_t flags;

	enum { ROWS = sizeof rows / sizeof rows[0] };
	size_t i = 0;

	TRY(overview_state(c, c->token.id, &flags));
	while (i < ROWS && !(flags & rows[i].flag))
		i++;
	if (i == ROWS)
		return OK;
	/* as it left the factory, with everything: init, which mends all of it at once */
	bool blank = (flags & TOKEN_FACTORY) == TOKEN_FACTORY && !(flags & TOKEN_INIT_BEGUN);
	say_next("%s --token %s", blank ? rows[ROWS - 1].next : rows[i].next, c->token.serial);
	return unsafe(c, _(rows[i].why));
}

err overview_safe_pin(struct cli *c, const struct secret *pin)
{
	if (!span_eq(secret_span(pin), span_str("123456")))
		return OK;
	say_next("bsre-token pin change --token %s", c->token.serial);
	return unsafe(c, _("its PIN is 123456, as tokens leave the factory, and everybody knows it"));
}

/* The factory's secrets that are known to be in force. */
static json_t *factory_secrets(uint32_t flags)
{
	static const struct { uint32_t flag; const char *name; } rows[] = {
		{ TOKEN_PIN_DEFAULT, "pin" }, { TOKEN_PUK_DEFAULT, "puk" },
		{ TOKEN_MANAGEMENT_DEFAULT, "management-key" },
	};
	json_t *all = json_array();

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (flags & rows[i].flag)
			json_array_append_new(all, json_string(rows[i].name));
	return all;
}

err overview_token(struct cli *c, uint32_t token, bool ask, json_t **out)
{
	struct TokenInfo_in in = { .token = token };
	struct TokenInfo_out i = { 0 };
	REPLY r = { 0 };
	char firmware[24];
	uint32_t state;

	TRY(call_TokenInfo(c->link, &in, &i, &r));
	TRY(overview_state(c, token, &state));
	if (ask)
		ask_tries(c, token, &i);
	json_t *o = *out = json_object();
	set_text(o, "serial", i.serial);
	set_text(o, "label", i.label);
	set_text(o, "model", i.model);
	set_text(o, "manufacturer", i.manufacturer);
	set_text(o, "reader", i.reader);
	set_text(o, "driver", i.driver);
	snprintf(firmware, sizeof firmware, "%u.%u.%u", i.firmware >> 16 & 0xFF, i.firmware >> 8 & 0xFF,
		 i.firmware & 0xFF);
	json_object_set_new(o, "firmware", i.firmware ? json_string(firmware) : json_null());
	set_tries(o, "pin_tries", i.pin_tries);
	set_tries(o, "puk_tries", i.puk_tries);
	json_object_set_new(o, "initialized", json_boolean(i.flags & CKF_TOKEN_INITIALIZED));
	json_object_set_new(o, "init_interrupted", json_boolean(state & TOKEN_INIT_BEGUN));
	json_object_set_new(o, "factory_secrets", factory_secrets(state));
	json_object_set_new(o, "pin_set", json_boolean(i.flags & CKF_USER_PIN_INITIALIZED));
	json_object_set_new(o, "pin_to_be_changed", json_boolean(i.flags & CKF_USER_PIN_TO_BE_CHANGED));
	return OK;
}

static json_t *logins(struct cli *c)
{
	struct LoginList_in in = { .token = c->token.id };
	struct LoginList_out out = { 0 };
	json_t *all = json_array();
	REPLY r = { 0 };

	if (!ok(call_LoginList(c->link, &in, &out, &r)))
		return all;
	struct cur cur = cur_of(out.list);
	while (cur_left(&cur)) {
		struct LoginRec_in l;

		LoginRec_get_in(&cur, &l);
		if (cur.bad)
			break;
		json_t *o = json_object();
		set_text(o, "program", l.program);
		json_object_set_new(o, "pid", json_integer(l.pid));
		json_object_set_new(o, "user", json_string(l.user == CKU_SO ? "so" : "user"));
		json_array_append_new(all, o);
	}
	return all;
}

err overview_contents(struct cli *c, json_t *o)
{
	json_t *list;
	KEYS keys = { .n = 0 };
	CERTS certs = { .n = 0 };

	TRY(token_session(c));
	TRY(keys_load(c, &keys));
	TRY(certs_load(c, &certs));
	json_object_set_new(o, "keys", list = json_array());
	for (size_t i = 0; i < keys.n; i++)
		json_array_append_new(list, key_json(&keys.k[i]));
	json_object_set_new(o, "certificates", list = json_array());
	for (size_t i = 0; i < certs.n; i++)
		json_array_append_new(list, cert_json(&certs.c[i]));
	json_object_set_new(o, "logins", logins(c));
	return OK;
}

static const char *state_name(uint32_t state)
{
	static const char *const names[] = {
		[READER_EMPTY] = "empty", [READER_IDENTIFYING] = "identifying", [READER_READY] = "ready",
		[READER_UNKNOWN_CARD] = "unknown-card", [READER_EXCLUSIVE] = "in-use-by-another-program",
		[READER_QUARANTINED] = "pull-out", [READER_MUTE] = "mute",
		[READER_NO_MODULE] = "module-refused",
	};

	return state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

/* Who serves it, and why they do. */
static void set_driver(struct cli *c, json_t *o, struct span reader)
{
	struct ReaderDriver_in in = { .reader = reader };
	struct ReaderDriver_out out = { 0 };
	REPLY r = { 0 };

	if (!ok(call_ReaderDriver(c->link, &in, &out, &r)) || out.driver.n == 0)
		return;
	set_text(o, "driver", out.driver);
	set_text(o, "why", out.why);
}

err overview_readers(struct cli *c, json_t **out)
{
	struct readers all;
	struct tokens tokens;
	REPLY r = { 0 };
	REPLY rt = { 0 };

	TRY(readers_get(c, &all, &r));
	TRY(tokens_get(c, &tokens, &rt));
	*out = json_array();
	for (size_t i = 0; i < all.n; i++) {
		json_t *o = json_object();

		set_text(o, "name", all.r[i].name);
		json_object_set_new(o, "state", json_string(state_name(all.r[i].state)));
		if (given(c, OPT_verbose))
			set_driver(c, o, all.r[i].name);
		for (size_t k = 0; k < tokens.n; k++)
			if (all.r[i].token && tokens.t[k].token == all.r[i].token)
				set_text(o, "serial", tokens.t[k].serial);
		json_array_append_new(*out, o);
	}
	return OK;
}
