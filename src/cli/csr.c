/* Building the request around the token's signature. */
#include "config.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "csr.h"
#include "say.h"

static int asn1_type(enum dn_type t)
{
	switch (t) {
	case DN_PRINTABLE: return V_ASN1_PRINTABLESTRING;
	case DN_IA5:       return V_ASN1_IA5STRING;
	case DN_NUMERIC:   return V_ASN1_NUMERICSTRING;
	default:           return V_ASN1_UTF8STRING;
	}
}

X509_NAME *csr_subject(const struct dn *dn)
{
	X509_NAME *name = X509_NAME_new();

	for (size_t i = 0; i < dn->n && name; i++) {
		const struct dn_item *it = &dn->item[i];
		ASN1_OBJECT *oid = OBJ_txt2obj(it->oid, 1);

		/* set -1: joins the RDN before it; 0: an RDN of its own, at the end */
		if (!oid || !X509_NAME_add_entry_by_OBJ(name, oid, asn1_type(it->type), dn->text + it->at,
							(int)it->n, -1, it->joined ? -1 : 0)) {
			X509_NAME_free(name);
			name = NULL;
		}
		ASN1_OBJECT_free(oid);
	}
	return name;
}

/* Only names that stand in the value itself: OpenSSL's other forms read files and sections. */
static bool plain_names(const char *san)
{
	static const char *const kinds[] = { "DNS:", "email:", "IP:", "URI:" };

	for (const char *p = san; *p; p++)		/* these go into an IA5String */
		if (*p <= ' ' || *p >= 0x7F)
			return false;
	for (const char *p = san; *p; p += strcspn(p, ","), p += *p == ',') {
		bool known = false;

		for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
			known |= strncmp(p, kinds[i], strlen(kinds[i])) == 0 && p[strlen(kinds[i])] &&
				 p[strlen(kinds[i])] != ',' && strncmp(p, "email:copy", 10) != 0 &&
				 strncmp(p, "email:move", 10) != 0;
		if (!known)
			return false;
	}
	return san[0] != 0;
}

/* The same for names of uses, which have no colon: DER: and ASN1: would be any bytes. */
static bool plain_uses(const char *uses) { return strpbrk(uses, ":@") == NULL; }

static err add_extension(STACK_OF(X509_EXTENSION) *all, enum option o, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
	bool plain = o == OPT_san ? plain_names(value) : plain_uses(value);
	e = plain ? X509V3_EXT_nconf_nid(NULL, &ctx, nid, value) : NULL;
	ERR_clear_error();
	if (!e)
		return say_fail(FAIL(USAGE), _("--%s cannot be '%s'"), options[o].name, say_clean(value));
	if (!sk_X509_EXTENSION_push(all, e)) {
		X509_EXTENSION_free(e);
		return FAIL(GENERAL);
	}
	return OK;
}

/* The extensions that were asked for; none where none was. */
static err extensions(struct cli *c, X509_REQ *req)
{
	static const struct { enum option o; int nid; } rows[] = {
		{ OPT_san, NID_subject_alt_name }, { OPT_key_usage, NID_key_usage },
		{ OPT_extended_key_usage, NID_ext_key_usage },
	};
	STACK_OF(X509_EXTENSION) *all = sk_X509_EXTENSION_new_null();
	err e = all ? OK : FAIL(GENERAL);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0] && ok(e); i++)
		if (given(c, rows[i].o))
			e = add_extension(all, rows[i].o, rows[i].nid, c->args.opt[rows[i].o]);
	if (ok(e) && sk_X509_EXTENSION_num(all) > 0 && !X509_REQ_add_extensions(req, all))
		e = FAIL(GENERAL);
	sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
	return e;
}

/* Everything but the signature. */
static err fill(X509_REQ *req, const struct key *k, const struct dn *dn, const struct signing *s)
{
	X509_NAME *name = csr_subject(dn);
	X509_ALGOR *alg = X509_ALGOR_new();
	err e = name && alg ? OK : FAIL(GENERAL);

	if (ok(e))
		e = signing_algorithm(s, alg);
	if (ok(e) && !(X509_REQ_set_version(req, X509_REQ_VERSION_1) && X509_REQ_set_subject_name(req, name) &&
		       X509_REQ_set_pubkey(req, k->pkey) && X509_REQ_set1_signature_algo(req, alg)))
		e = FAIL(GENERAL);
	X509_ALGOR_free(alg);
	X509_NAME_free(name);
	return e;
}

static err set_signature(X509_REQ *req, struct span signature)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();

	if (!bits || !ASN1_BIT_STRING_set(bits, (unsigned char *)(uintptr_t)signature.p, (int)signature.n)) {
		ASN1_BIT_STRING_free(bits);
		return FAIL(GENERAL);
	}
	/* whole bytes: without this OpenSSL would count the zero bits at the end as unused */
	bits->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 7);
	bits->flags |= ASN1_STRING_FLAG_BITS_LEFT;
	X509_REQ_set0_signature(req, bits);
	return OK;
}

static err sign(struct cli *c, X509_REQ *req, const struct key *k, const struct signing *s,
		const struct secret *pin)
{
	uint8_t room[SIGNATURE_MAX];
	struct buf signature = BUF(room);
	unsigned char *tbs = NULL;
	int n = i2d_re_X509_REQ_tbs(req, &tbs);

	if (n <= 0)
		return FAIL(GENERAL);
	err e = token_sign(c, k, s, pin, (struct span){ tbs, (size_t)n }, &signature);
	OPENSSL_free(tbs);
	TRY(e);
	TRY(set_signature(req, buf_span(&signature)));
	return X509_REQ_verify(req, k->pkey) == 1 ? OK :
		say_fail(FAIL(SIGNATURE_INVALID), _("the token's signature of the request does "
				"not verify; nothing was written"));
}

err csr_make(struct cli *c, const struct key *k, const struct dn *dn, bool pss, const struct secret *pin,
	     X509_REQ **out)
{
	struct signing s;
	X509_REQ *req;

	*out = NULL;
	TRY(signing_for(k, pss, &s));
	req = X509_REQ_new();
	if (!req)
		return FAIL(GENERAL);
	err e = fill(req, k, dn, &s);
	if (ok(e))
		e = extensions(c, req);
	if (ok(e))
		e = sign(c, req, k, &s, pin);
	if (ok(e))
		*out = req;
	else
		X509_REQ_free(req);
	return e;
}
