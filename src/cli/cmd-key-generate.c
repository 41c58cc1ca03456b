/* key generate: a key pair made on the token, and its attributes read back. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "ask.h"
#include "describe.h"
#include "keymake.h"
#include "lib/keyslot.h"
#include "lib/text.h"
#include "overview.h"
#include "print.h"
#include "provenance.h"
#include "say.h"
#include "token.h"
#include "ways.h"
#include "wire/records.h"

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

enum { KEY_LABEL_MOST = 64 };

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


static err check_label(struct cli *c)
{
	const char *label = c->args.opt[OPT_label];

	if (label && (!*label || strlen(label) > KEY_LABEL_MOST || !text_is_plain(span_str(label))))
		return say_fail(FAIL(USAGE), _("the label must be 1 to %d bytes of UTF-8 without control characters"),
		                KEY_LABEL_MOST);
	return OK;
}

/* A token behind a module knows keys by their identifiers; a slot stands for one there. */
static err choose_place(struct cli *c, struct new_key *k)
{
	uint32_t flags;

	TRY(overview_state(c, c->token.id, &flags));
	if (!(flags & TOKEN_BY_ID) || !given(c, OPT_id))
		return OK;
	if (keyslot_of(k->id) != k->slot && given(c, OPT_slot))
		return say_fail(FAIL(USAGE), _("this token finds keys by their identifier alone: give --slot or --id, "
		                               "not both"));
	k->slot = 0;
	return OK;
}

/* Keys that are made and then do not sign are found out here and not when the minister signs. */
static err refuse_broken(struct cli *c, const struct key_alg *alg)
{
	if (!alg->bits || given(c, OPT_force) || !(ways_known(c) & WAY_RSA_BROKEN))
		return OK;
	say_next("bsre-token key generate --alg p256 --token %s", c->token.serial);
	return say_fail(FAIL(ACTION_PROHIBITED), _("tokens of this kind make RSA keys that do not sign "
	                                           "(--force to try)"));
}

static err generate(struct cli *c, const struct key_alg *alg, struct KeyPairGenerate_out *out)
{
	uint8_t room[ID_MAX];
	struct buf id = BUF(room);
	struct new_key k = {
		.alg = alg, .slot = slot_number(c->args.opt[OPT_slot]),
		.label = span_str(c->args.opt[OPT_label]),
		.pin = place_of(c->args.opt[OPT_pin_policy], options[OPT_pin_policy].values),
		.touch = place_of(c->args.opt[OPT_touch], options[OPT_touch].values),
	};

	if (given(c, OPT_id))
		TRY(put_id(c->args.opt[OPT_id], &id));
	k.id = buf_span(&id);
	TRY(choose_place(c, &k));
	return key_make(c, &k, out);
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
	const struct key_alg *alg = key_alg(c->args.opt[OPT_alg]);
	struct KeyPairGenerate_out out = { 0 };
	SECRET pin = { 0 };

	if (!given(c, OPT_slot))
		return say_fail(FAIL(USAGE), _("--slot is needed: 9a to log in, 9c to sign with "
				"the PIN each time, 9d to decrypt, 9e without PIN, or 82 to 95"));
	TRY(check_label(c));
	TRY(token_session(c));
	TRY(overview_safe(c));
	TRY(refuse_broken(c, alg));
	TRY(consent(c, slot_number(c->args.opt[OPT_slot])));
	TRY(token_login(c, &pin));
	TRY(overview_safe_pin(c, &pin));
	TRY(generate(c, alg, &out));
	TRY(provenance_attributes(c, out.private_key, c->result));
	return show(c, out.public_key);
}
