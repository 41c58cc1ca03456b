/* cert import: an issued certificate goes beside its key on the token. */
#include "config.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include "ask.h"
#include "certfile.h"
#include "chain.h"
#include "describe.h"
#include "print.h"
#include "say.h"
#include "token.h"
#include "ways.h"

enum { CHAIN_MOST = 8 };		/* CAs above one certificate */

/* Is x the better one of two for a key: valid before not yet valid before expired, then what ends last. */
static bool better(X509 *x, X509 *than)
{
	static const int rank[] = { [CERT_GOOD] = 2, [CERT_ENDING] = 2, [CERT_EARLY] = 1, [CERT_EXPIRED] = 0 };
	int a = rank[cert_state(x)], b = rank[cert_state(than)];

	return a != b ? a > b : ASN1_TIME_compare(X509_get0_notAfter(x), X509_get0_notAfter(than)) > 0;
}

/* The certificate of the file whose key is on the token; the best of several. */
static err choose(struct cli *c, const STACK_OF(X509) *all, const struct keys *keys, X509 **x,
		  const struct key **k)
{
	char holder[160];

	*x = NULL;
	for (int i = 0; i < sk_X509_num(all); i++) {
		X509 *one = sk_X509_value(all, i);

		if (key_of_cert(keys, one) && (!*x || better(one, *x)))
			*x = one;
	}
	*k = *x ? key_of_cert(keys, *x) : NULL;
	if (*k)
		return OK;
	cert_holder(sk_X509_value(all, 0), holder, sizeof holder);
	(void)c;
	return say_fail(FAIL(KEY_MISMATCH), _("no key on the token belongs to the certificate "
			"of '%s'; it was issued for another request or another token"),
			holder);
}

/* --key, where given, must be the key that the certificate is for. */
static err check_key(struct cli *c, const struct keys *keys, const struct key *k)
{
	const struct key *named;

	if (!given(c, OPT_key))
		return OK;
	TRY(key_find(c, keys, c->args.opt[OPT_key], &named));
	return named == k ? OK :
		say_fail(FAIL(KEY_MISMATCH), _("the certificate is for the key '%s' in slot "
				"%02x, not for '%s'"),
			 k->label, k->slot, say_clean(c->args.opt[OPT_key]));
}

static err check_time(struct cli *c, X509 *x)
{
	enum cert_state s = cert_state(x);

	if (s == CERT_EXPIRED && !given(c, OPT_force))
		return say_fail(FAIL(CERT_INVALID), _("the certificate has expired (--force to "
				"import it all the same)"));
	if (s == CERT_EXPIRED)
		say_warn(_("the certificate has expired"));
	if (s == CERT_EARLY)
		say_warn(_("the certificate is not valid yet; is this computer's clock right?"));
	return OK;
}

static void warn_replaced(const struct key *k, const char *holder, long days)
{
	if (days == -1)
		say_warn(_("the key '%s' already has a certificate of '%s', which ended less than a day ago; it "
			   "will be replaced"), k->label, holder);
	else if (days < 0)
		say_warn(ngettext("the key '%s' already has a certificate of '%s', which ended %ld day ago; it will "
				  "be replaced", "the key '%s' already has a certificate of '%s', which ended %ld "
				  "days ago; it will be replaced", (unsigned long)(-days - 1)), k->label, holder,
			 -days - 1);
	else
		say_warn(ngettext("the key '%s' already has a certificate of '%s', which ends in %ld day; it will "
				  "be replaced", "the key '%s' already has a certificate of '%s', which ends in %ld "
				  "days; it will be replaced", (unsigned long)days), k->label, holder, days);
}

/* What the slot holds already: the same (nothing to do), or another, which is replaced after a yes. */
static err check_present(struct cli *c, const struct certs *certs, const struct keys *keys,
			 const struct key *k, X509 *x, bool *same)
{
	*same = false;
	for (size_t i = 0; i < certs->n; i++) {
		const struct cert *have = &certs->c[i];
		char holder[160];

		if (!have->x || key_of_cert(keys, have->x) != k)
			continue;
		if (X509_cmp(have->x, x) == 0) {
			*same = true;
			return OK;
		}
		cert_holder(have->x, holder, sizeof holder);
		warn_replaced(k, holder, cert_days_left(have->x));
		return ask_yes(c, _("Replace this certificate?"));
	}
	return OK;
}

/* Shows what is to be imported. */
static void show(struct cli *c, X509 *x, const struct key *k)
{
	json_t *o = x509_json(x);

	say_note(_("Certificate of %s"), json_string_value(json_object_get(o, "subject")));
	say_note(_("  issued by %s, valid until %s"), json_string_value(json_object_get(o, "issuer")),
		 print_day(json_string_value(json_object_get(o, "not_after"))));
	say_note(_("  for the %s key '%s' in slot %02x"), k->alg, k->label, k->slot);
	json_object_set_new(c->result, "certificate", o);
	json_object_set_new(c->result, "key", key_json(k));
}

/* The DER pieces that CKO_CERTIFICATE must have (PKCS#11, 4.6.3). */
static err put_template(struct buf *b, X509 *x, const struct key *k, struct span der)
{
	unsigned char *subject = NULL, *issuer = NULL, *serial = NULL;
	int sn = i2d_X509_NAME(X509_get_subject_name(x), &subject);
	int in = i2d_X509_NAME(X509_get_issuer_name(x), &issuer);
	int nn = i2d_ASN1_INTEGER(X509_get_serialNumber(x), &serial);

	if (sn < 0 || in < 0 || nn < 0)
		b->bad = true;
	attr_ulong(b, CKA_CLASS, CKO_CERTIFICATE);
	attr_ulong(b, CKA_CERTIFICATE_TYPE, CKC_X_509);
	attr_bool(b, CKA_TOKEN, true);
	attr_put(b, CKA_ID, (struct span){ k->id, k->id_n });
	attr_put(b, CKA_LABEL, span_str(k->label));
	attr_put(b, CKA_SUBJECT, (struct span){ subject, sn < 0 ? 0 : (size_t)sn });
	attr_put(b, CKA_ISSUER, (struct span){ issuer, in < 0 ? 0 : (size_t)in });
	attr_put(b, CKA_SERIAL_NUMBER, (struct span){ serial, nn < 0 ? 0 : (size_t)nn });
	attr_put(b, CKA_VALUE, der);
	if (k->slot)
		attr_ulong(b, CKA_BSRE_SLOT, k->slot);
	OPENSSL_free(subject);
	OPENSSL_free(issuer);
	OPENSSL_free(serial);
	return b->bad ? FAIL(TOKEN_FULL) : OK;
}

enum { SURE = 1856, MOST = 3052 };	/* SP 800-73-4, table 10; what a YubiKey's data object holds */

/* The token did not take it: how large it is, and how large it may be. */
static err too_large(err e, size_t n)
{
	if (e.code != E_TOKEN_FULL)
		return e;
	if (n <= SURE)
		return say_fail(e, _("the token has no room left for the certificate of %zu bytes"), n);
	return say_fail(e, _("the certificate has %zu bytes, too many for this token: a YubiKey takes at most %d, "
			     "and another PIV card need not take more than %d"), n, MOST, SURE);
}

/* No token takes more: nobody need be asked first. */
static err check_size(X509 *x)
{
	int n = i2d_X509(x, NULL);

	return n > MOST ? too_large(FAIL(TOKEN_FULL), (size_t)n) : OK;
}

/* Writes, over the old one where there is one, reads back and compares. */
static err write_cert(struct cli *c, X509 *x, const struct key *k)
{
	static const CK_ATTRIBUTE_TYPE type = CKA_VALUE;
	static uint8_t room[FRAME_DATA_MAX];
	struct buf b = BUF(room);
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	struct ObjectCreate_out made = { 0 };
	REPLY r = { 0 };
	REPLY rv = { 0 };
	struct span value = { der, n > 0 ? (size_t)n : 0 }, back;
	err e = n > 0 ? put_template(&b, x, k, value) : FAIL(CERT_INVALID);

	struct ObjectCreate_in in = { .session = c->token.session, .attrs = buf_span(&b) };
	if (ok(e))
		e = call_ObjectCreate(c->link, &in, &made, &r);
	e = ways(c, too_large(e, value.n), WAY_OF_CERTIFICATE);
	if (ok(e))
		e = attrs_get(c, made.object, &type, 1, &back, &rv);
	if (ok(e) && !span_eq(value, back))
		e = say_fail(FAIL(BAD_REPLY), _("the token gives the certificate back changed"));
	OPENSSL_free(der);
	return e;
}

/* A CA's that is not the one imported (the file may hold that twice). An older certificate of the same key,
 * or another person's, is nothing to trust others by. */
static bool is_other_ca(X509 *x, const X509 *leaf)
{
	return X509_cmp(x, leaf) != 0 && X509_check_ca(x) > 0;
}

/* The CA in the file that issued x and signed it; NULL: none. */
static X509 *issuer_of(const STACK_OF(X509) *all, X509 *x, const X509 *leaf)
{
	for (int i = 0; i < sk_X509_num(all); i++) {
		X509 *up = sk_X509_value(all, i);

		if (is_other_ca(up, leaf) && X509_check_issued(up, x) == X509_V_OK &&
		    X509_verify(x, X509_get0_pubkey(up)) == 1)
			return up;
	}
	return NULL;
}

/* Those of the CAs' certificates that the leaf's chain goes through, from the leaf up; borrowed, the stack is the
 * caller's. Whatever else the file holds has nothing to do with what was asked for. */
static STACK_OF(X509) *chain_of(const STACK_OF(X509) *all, X509 *leaf)
{
	STACK_OF(X509) *out = sk_X509_new_null();
	X509 *up = out ? issuer_of(all, leaf, leaf) : NULL;

	while (up && sk_X509_num(out) < CHAIN_MOST && sk_X509_push(out, up)) {
		X509 *next = issuer_of(all, up, leaf);

		up = next && X509_cmp(next, up) != 0 ? next : NULL;
	}
	return out;
}

/* Each with what a person can compare with the CA's own word, before anybody trusts it. */
static void show_cas(const STACK_OF(X509) *cas)
{
	for (int i = 0; i < sk_X509_num(cas); i++) {
		json_t *o = x509_json(sk_X509_value(cas, i));

		say_note(_("CA certificate of %s"), json_string_value(json_object_get(o, "subject")));
		say_note(_("  SHA-256 fingerprint %s"), json_string_value(json_object_get(o, "sha256")));
		json_decref(o);
	}
}

static err keep_chain(struct cli *c, const STACK_OF(X509) *cas)
{
	int n = sk_X509_num(cas);

	if (n < 1)
		return OK;
	show_cas(cas);
	/* --yes answers for the token alone: whom this computer trusts is another question, and with --quiet
	 * nobody saw whom */
	if (!chain_writable() || given(c, OPT_yes) || given(c, OPT_quiet)) {
		say_note(ngettext("The file also holds %d certificate of a CA, which has no place on the token and was "
				  "not written; its place is %s.", "The file also holds %d certificates of CAs, which "
				  "have no place on the token and were not written; their place is %s.", (unsigned)n),
			 n, chain_folder());
		return OK;
	}
	if (!ok(ask_yes(c, ngettext("Trust the %d certificate of a CA in the file, and put it into %s?",
				    "Trust the %d certificates of CAs in the file, and put them into %s?",
				    (unsigned)n), n, chain_folder()))) {
		say_forget();
		return OK;
	}
	for (int i = 0; i < n; i++)
		TRY(chain_keep(sk_X509_value(cas, i)));
	return OK;
}

/* The CAs' certificates that came along have their place in chain.d: put there after a yes where this
 * account may, else told. */
static err keep_others(struct cli *c, const STACK_OF(X509) *all, X509 *leaf)
{
	STACK_OF(X509) *cas = chain_of(all, leaf);
	err e = keep_chain(c, cas);

	sk_X509_free(cas);
	ERR_clear_error();
	return e;
}

static err import(struct cli *c, const STACK_OF(X509) *all)
{
	SECRET pin = { 0 };
	KEYS keys = { .n = 0 };
	CERTS certs = { .n = 0 };
	const struct key *k;
	bool same;
	X509 *x = NULL;

	TRY(token_session(c));
	TRY(keys_load(c, &keys));
	TRY(certs_load(c, &certs));
	TRY(choose(c, all, &keys, &x, &k));
	TRY(check_key(c, &keys, k));
	show(c, x, k);
	TRY(check_time(c, x));
	TRY(check_size(x));
	TRY(check_present(c, &certs, &keys, k, x, &same));
	json_object_set_new(c->result, "already_there", json_boolean(same));
	if (same) {
		say_note(_("This certificate is on the token already; nothing was changed."));
		return keep_others(c, all, x);
	}
	TRY(token_login(c, &pin));
	progress_begin(c, _("Writing the certificate"));
	err e = write_cert(c, x, k);
	progress_end();
	TRY(e);
	say_note(_("Imported into slot %02x of token '%s', read back and "
			"compared."), k->slot, c->token.label);
	return keep_others(c, all, x);
}

err cmd_cert_import(struct cli *c)
{
	STACK_OF(X509) *all;

	TRY(certfile_read(c->args.rest[0], &all));
	err e = import(c, all);
	sk_X509_pop_free(all, X509_free);
	return e;
}
