/* key generate: a key pair made on the token, and its attributes read back. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "ask.h"
#include "describe.h"
#include "lib/text.h"
#include "overview.h"
#include "print.h"
#include "provenance.h"
#include "say.h"
#include "steady.h"
#include "token.h"

#define OID_P256 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07	/* prime256v1, RFC 5480 */
#define OID_P384 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22			/* secp384r1, RFC 5480 */

/* One kind of key: its name in --alg, its bits for RSA, its curve for EC. */
static const struct alg_row { const char *name; CK_ULONG bits; struct span curve; } algs[] = {
	{ "rsa2048", 2048, { NULL, 0 } },
	{ "rsa3072", 3072, { NULL, 0 } },
	{ "rsa4096", 4096, { NULL, 0 } },
	{ "p256", 0, { (const uint8_t[]){ OID_P256 }, 10 } },
	{ "p384", 0, { (const uint8_t[]){ OID_P384 }, 7 } },
};

static const struct alg_row *alg_row(const char *name)
{
	size_t i = 0;

	while (i + 1 < sizeof algs / sizeof algs[0] && name && strcmp(algs[i].name, name) != 0)
		i++;
	return &algs[i];
}

/* 1, 2, 3: where the word stands in "a|b|c"; 0: not given. */
static CK_ULONG place_of(const char *word, const char *values)
{
	CK_ULONG n = 1;

	if (!word)
		return 0;
	for (const char *v = values; *v; v += strcspn(v, "|"), v += *v == '|', n++)
		if (strcspn(v, "|") == strlen(word) && strncmp(v, word, strlen(word)) == 0)
			return n;
	return 0;
}

/* --id in hex into b. */
static err put_id(const char *hex, struct buf *b)
{
	for (size_t i = 0; hex[i]; i += 2) {
		char pair[3] = { hex[i], hex[i + 1], 0 }, *end;
		unsigned long v = strtoul(pair, &end, 16);

		if (end != pair + 2 || pair[0] == '-' || pair[0] == '+' || pair[0] == ' ')
			b->bad = true;
		buf_be(b, v & 0xFF, 1);
		if (b->bad)
			break;
	}
	return b->bad || b->n == 0 ?
		say_fail(FAIL(USAGE), _("--id must be 1 to %d bytes in hexadecimal "
				"digits"), ID_MAX) : OK;
}

/* Programs find a key by its identifier: no other key of the token may have the one that is asked for. */
static err id_is_free(struct cli *c, const struct keys *keys, unsigned slot)
{
	uint8_t room[ID_MAX];
	struct buf id = BUF(room);

	if (!given(c, OPT_id))
		return OK;
	TRY(put_id(c->args.opt[OPT_id], &id));
	for (size_t i = 0; i < keys->n; i++)
		if (keys->k[i].slot != slot && span_eq(buf_span(&id), (struct span){ keys->k[i].id, keys->k[i].id_n }))
			return say_fail(FAIL(ARGUMENTS), _("the identifier %s has a key already, '%s' in slot %02x"),
					keys->k[i].id_hex, keys->k[i].label, keys->k[i].slot);
	return OK;
}

/* The certificate that goes with what is in the slot; NULL: none. */
static const struct cert *cert_there(const struct keys *keys, const struct certs *certs, unsigned slot,
				     const struct key *k)
{
	for (size_t i = 0; i < certs->n; i++)
		if (certs->c[i].slot == slot || (k && certs->c[i].x && key_of_cert(keys, certs->c[i].x) == k))
			return &certs->c[i];
	return NULL;
}

/* What the slot holds is lost, a key, its certificate, or a certificate whose key is gone: says which, asks. */
static err ask_replace(struct cli *c, unsigned slot, const struct key *k, const struct cert *cert)
{
	char holder[160] = "?";			/* what cannot be read is lost too */

	if (cert && cert->x)
		cert_holder(cert->x, holder, sizeof holder);
	if (k)
		say_warn(_("slot %02x of token '%s' holds the %s key '%s'; it will be lost for "
				"ever"), slot,
			 c->token.label, k->alg, k->label);
	if (k && cert)
		say_warn(_("the certificate of '%s' is deleted with it"), holder);
	else if (cert)
		say_warn(_("slot %02x of token '%s' holds the certificate of '%s', whose key is gone; it will be "
			   "deleted"), slot, c->token.label, holder);
	if (!k)
		return ask_yes(c, "%s", _("Delete this certificate?"));
	return ask_yes(c, "%s", cert ? _("Replace this key and delete its certificate?") : _("Replace this key?"));
}

static err consent(struct cli *c, unsigned slot)
{
	KEYS keys = { .n = 0 };
	CERTS certs = { .n = 0 };
	const struct key *k = NULL;

	TRY(keys_load(c, &keys));
	TRY(certs_load(c, &certs));
	TRY(id_is_free(c, &keys, slot));
	for (size_t i = 0; i < keys.n; i++)
		if (keys.k[i].slot == slot)
			k = &keys.k[i];
	const struct cert *cert = cert_there(&keys, &certs, slot, k);
	return k || cert ? ask_replace(c, slot, k, cert) : OK;
}

enum { KEY_LABEL_MOST = 64 };

/* What both halves are given. */
static err common(struct cli *c, struct buf *b)
{
	uint8_t id[ID_MAX];
	struct buf idb = BUF(id);

	attr_bool(b, CKA_TOKEN, true);
	attr_ulong(b, CKA_BSRE_SLOT, slot_number(c->args.opt[OPT_slot]));
	if (given(c, OPT_label) && (!*c->args.opt[OPT_label] || strlen(c->args.opt[OPT_label]) > KEY_LABEL_MOST ||
	                            !text_is_plain(span_str(c->args.opt[OPT_label]))))
		return say_fail(FAIL(USAGE), _("the label must be 1 to %d bytes of UTF-8 without control characters"),
		                KEY_LABEL_MOST);
	if (given(c, OPT_label))
		attr_put(b, CKA_LABEL, span_str(c->args.opt[OPT_label]));
	if (given(c, OPT_id)) {
		TRY(put_id(c->args.opt[OPT_id], &idb));
		attr_put(b, CKA_ID, buf_span(&idb));
	}
	return b->bad ? say_fail(FAIL(USAGE), _("the label is too long")) : OK;
}

static err generate(struct cli *c, const struct alg_row *alg, struct KeyPairGenerate_out *out)
{
	uint8_t pub_room[1024], priv_room[1024];
	struct buf pub = BUF(pub_room), priv = BUF(priv_room);
	CK_ULONG pin = place_of(c->args.opt[OPT_pin_policy], options[OPT_pin_policy].values);
	CK_ULONG touch = place_of(c->args.opt[OPT_touch], options[OPT_touch].values);
	REPLY r = { 0 };

	TRY(common(c, &pub));
	TRY(common(c, &priv));
	attr_bool(&priv, CKA_PRIVATE, true);
	attr_bool(&priv, CKA_SENSITIVE, true);
	if (alg->bits)
		attr_ulong(&pub, CKA_MODULUS_BITS, alg->bits);
	else
		attr_put(&pub, CKA_EC_PARAMS, alg->curve);
	if (pin)
		attr_ulong(&priv, CKA_BSRE_PIN_POLICY, pin);
	if (touch)
		attr_ulong(&priv, CKA_BSRE_TOUCH_POLICY, touch);
	struct KeyPairGenerate_in in = {
		.session = c->token.session, .public_attrs = buf_span(&pub), .private_attrs = buf_span(&priv),
		.mech = alg->bits ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN,
	};
	progress_begin(c, _("The token generates the key; this can take a minute"));
	steady_begin();
	err e = call_KeyPairGenerate(c->link, &in, out, &r);
	steady_end();
	progress_end();
	return e;
}

/* The new key as the token shows it now. */
static err show(struct cli *c, uint32_t public_key)
{
	KEYS keys = { .n = 0 };

	TRY(keys_load(c, &keys));
	for (size_t i = 0; i < keys.n; i++) {
		if (keys.k[i].handle != public_key)
			continue;
		json_t *o = key_json(&keys.k[i]);
		json_object_update(c->result, o);
		json_decref(o);
		say_note(_("Generated the %s key '%s' in slot %02x of token '%s'."), keys.k[i].alg,
			 keys.k[i].label, keys.k[i].slot, c->token.label);
		say_note(_("next: bsre-token request --key %02x --dn FILE -o "
				"request.pem"), keys.k[i].slot);
		return OK;
	}
	return say_fail(FAIL(KEY_NOT_FOUND), _("the token generated a key, but does not show it"));
}

err cmd_key_generate(struct cli *c)
{
	const struct alg_row *alg = alg_row(given(c, OPT_alg) ? c->args.opt[OPT_alg] : "rsa2048");
	struct KeyPairGenerate_out out = { 0 };
	SECRET pin = { 0 };

	if (!given(c, OPT_slot))
		return say_fail(FAIL(USAGE), _("--slot is needed: 9a to log in, 9c to sign with "
				"the PIN each time, 9d to decrypt, 9e without PIN, or 82 to 95"));
	TRY(token_session(c));
	TRY(overview_safe(c));
	TRY(consent(c, slot_number(c->args.opt[OPT_slot])));
	TRY(token_login(c, &pin));
	TRY(overview_safe_pin(c, &pin));
	TRY(generate(c, alg, &out));
	TRY(provenance_attributes(c, out.private_key, c->result));
	return show(c, out.public_key);
}
