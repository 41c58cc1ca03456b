/* key test: has a key sign random bytes and lets OpenSSL judge, once for each way it can sign; with --throw-away a
 * key that is made for that and destroyed after it. */
#include "config.h"
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include "ask.h"
#include "describe.h"
#include "keymake.h"
#include "print.h"
#include "say.h"
#include "token.h"
#include "tokensign.h"

/* Does the signature verify with the public key? */
static bool verifies(const struct key *k, const struct signing *s, struct span data, struct span signature)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;
	bool good = md && EVP_DigestVerifyInit(md, &ctx, s->md, NULL, k->pkey) == 1;

	if (good && s->nid == NID_rsassaPss)
		good = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)s->salt) == 1;
	good = good && EVP_DigestVerify(md, signature.p, signature.n, data.p, data.n) == 1;
	EVP_MD_CTX_free(md);
	return good;
}

static err test(struct cli *c, const struct key *k, bool pss, const struct secret *pin)
{
	uint8_t room[SIGNATURE_MAX], data[64];
	struct buf signature = BUF(room);
	struct signing s;

	if (RAND_bytes(data, sizeof data) != 1)
		return FAIL(GENERAL);
	TRY(signing_for(k, pss, &s));
	key_touch_note(k);
	progress_begin(c, _("The token signs"));
	err e = token_sign(c, k, &s, pin, SPAN_OF(data), &signature);
	progress_end();
	TRY(e);
	if (!verifies(k, &s, SPAN_OF(data), buf_span(&signature)))
		return say_fail(FAIL(SIGNATURE_INVALID), _("the signature of key '%s' by %s "
				"does not verify"),
				k->label, OBJ_nid2sn(s.nid));
	json_array_append_new(json_object_get(c->result, "signed"), json_string(OBJ_nid2sn(s.nid)));
	say_note(_("Key '%s' (%s, slot %02x) signs by %s; OpenSSL verified "
			"it."), k->label, k->alg, k->slot,
		 OBJ_nid2sn(s.nid));
	return OK;
}

static err test_all(struct cli *c, const struct key *k, const struct secret *pin)
{
	json_object_set_new(c->result, "key", key_json(k));
	TRY(test(c, k, false, pin));
	return EVP_PKEY_is_a(k->pkey, "RSA") ? test(c, k, true, pin) : OK;
}

static err test_own(struct cli *c)
{
	SECRET pin = { 0 };
	KEYS keys = { .n = 0 };
	const struct key *k;

	TRY(token_session(c));
	TRY(keys_load(c, &keys));
	TRY(key_find(c, &keys, c->args.opt[OPT_key], &k));
	TRY(token_login(c, &pin));
	return test_all(c, k, &pin);
}

/* --- a key for the test alone ---------------------------------------------------------------------- */
enum { SLOT_FIRST = 0x82, SLOT_LAST = 0x95 };

static bool is_used(const struct keys *keys, const struct certs *certs, unsigned slot)
{
	for (size_t i = 0; i < keys->n; i++)
		if (keys->k[i].slot == slot)
			return true;
	for (size_t i = 0; i < certs->n; i++)
		if (certs->c[i].slot == slot)
			return true;
	return false;
}

/* The last place that holds nothing: people begin at the front. */
static err free_slot(struct cli *c, unsigned *slot)
{
	KEYS keys = { .n = 0 };
	CERTS certs = { .n = 0 };

	TRY(keys_load(c, &keys));
	TRY(certs_load(c, &certs));
	for (*slot = SLOT_LAST; *slot >= SLOT_FIRST; (*slot)--)
		if (!is_used(&keys, &certs, *slot))
			return OK;
	return say_fail(FAIL(TOKEN_FULL), _("every place for a key is taken; nothing was changed"));
}

static err test_made(struct cli *c, uint32_t public_key, const struct secret *pin)
{
	KEYS keys = { .n = 0 };

	TRY(keys_load(c, &keys));
	for (size_t i = 0; i < keys.n; i++)
		if (keys.k[i].handle == public_key)
			return test_all(c, &keys.k[i], pin);
	return say_fail(FAIL(KEY_NOT_FOUND), _("the token generated a key, but does not show it"));
}

/* Whatever came of the test: the key does not stay. */
static err destroy(struct cli *c, uint32_t private_key, unsigned slot)
{
	struct KeyDestroy_in in = { .session = c->token.session, .key = private_key,
		.reason = span_str("made by key test") };
	struct KeyDestroy_out out = { 0 };
	REPLY r = { 0 };
	err e = call_KeyDestroy(c->link, &in, &out, &r);

	json_object_set_new(c->result, "destroyed", json_boolean(ok(e)));
	if (ok(e))
		say_note(_("The key of the test is destroyed."));
	else
		say_warn(_("the key of the test in slot %02x could not be destroyed; 'bsre-token key destroy --key "
			   "%02x' does that"), slot, slot);
	return e;
}

static err test_throw_away(struct cli *c)
{
	struct new_key k = { .alg = key_alg(c->args.opt[OPT_alg]), .label = span_str("key test") };
	struct KeyPairGenerate_out made = { 0 };
	SECRET pin = { 0 };

	TRY(token_session(c));
	TRY(free_slot(c, &k.slot));
	say_note(_("Token '%s' makes a %s key in slot %02x, signs with it and destroys it; its other keys stay "
		   "as they are."), c->token.label, k.alg->name, k.slot);
	TRY(ask_yes(c, "%s", _("Make a key for the test?")));
	TRY(token_login(c, &pin));
	TRY(key_make(c, &k, &made));
	err e = test_made(c, made.public_key, &pin);
	err gone = destroy(c, made.private_key, k.slot);
	return ok(e) ? gone : e;
}

err cmd_key_test(struct cli *c)
{
	json_object_set_new(c->result, "signed", json_array());
	if (!given(c, OPT_throw_away) && given(c, OPT_alg))
		return say_fail(FAIL(USAGE), _("--alg goes with --throw-away"));
	if (given(c, OPT_throw_away) && given(c, OPT_key))
		return say_fail(FAIL(USAGE), _("--key does not go with --throw-away"));
	return given(c, OPT_throw_away) ? test_throw_away(c) : test_own(c);
}
