/* verify: who signed a file, when, and whether it holds. Needs no token. */
#include "config.h"
#include <errno.h>
#include <openssl/pem.h>		/* first: cms.h declares its PEM functions only behind it */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "certfile.h"
#include "chain.h"
#include "describe.h"
#include "file.h"
#include "print.h"
#include "say.h"

/* What signers are held against. */
struct judging { struct chain chain; STACK_OF(X509_CRL) *crls; };

static void judging_free(struct judging *j)
{
	chain_free(&j->chain);
	sk_X509_CRL_pop_free(j->crls, X509_CRL_free);
}

/* A signature file, DER or PEM. DATA_INVALID, said: it is none, or more than one. */
static err read_signature(const char *name, struct span file, CMS_ContentInfo **out)
{
	const unsigned char *p = file.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)file.n);
	bool more = cms && p != file.p + file.n;
	BIO *bio = cms ? NULL : BIO_new_mem_buf(file.p, (int)file.n);

	if (bio)
		cms = PEM_read_bio_CMS(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ERR_clear_error();
	*out = more ? NULL : cms;
	if (*out)
		return OK;
	CMS_ContentInfo_free(cms);
	if (more)
		return say_fail(FAIL(DATA_INVALID), _("%s holds something behind its signature"), say_clean(name));
	return say_fail(FAIL(DATA_INVALID), _("%s holds no signature that can be "
			"read"), say_clean(name));
}

/* When the signer says it was signed; 0: it does not say. */
static time_t signing_time(CMS_SignerInfo *si)
{
	int at = CMS_signed_get_attr_by_NID(si, NID_pkcs9_signingTime, -1);
	X509_ATTRIBUTE *a = at < 0 ? NULL : CMS_signed_get_attr(si, at);
	const ASN1_TYPE *v = a ? X509_ATTRIBUTE_get0_type(a, 0) : NULL;
	struct tm tm = { 0 };

	if (!v || (v->type != V_ASN1_UTCTIME && v->type != V_ASN1_GENERALIZEDTIME) ||
	    !ASN1_TIME_to_tm(v->value.asn1_string, &tm))
		return 0;
	return timegm(&tm);
}

/* The certificate's own say: a key usage that has neither of these does not sign documents. */
static err check_usage(X509 *x)
{
	uint32_t usage = X509_get_key_usage(x);

	if (usage == UINT32_MAX || usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION))
		return OK;
	return say_fail(FAIL(CERT_INVALID), _("the signer's certificate is not meant for signatures"));
}

/* Is it a digest that another text can be made for: MD5, SHA-1 and their like? One that is not known is. */
static bool digest_is_weak(int nid)
{
	const EVP_MD *md = EVP_get_digestbynid(nid);

	return !md || EVP_MD_get_size(md) < 28;		/* SHA-224's */
}

/* What was computed must be too hard to forge today. */
static err check_strength(CMS_SignerInfo *si)
{
	X509_ALGOR *digest = NULL, *signature = NULL;
	EVP_PKEY *key = NULL;
	int nid, hash = NID_undef;

	CMS_SignerInfo_get0_algs(si, &key, NULL, &digest, &signature);
	nid = OBJ_obj2nid(digest->algorithm);
	if (!digest_is_weak(nid) && OBJ_find_sigid_algs(OBJ_obj2nid(signature->algorithm), &hash, NULL) &&
	    hash != NID_undef)
		nid = hash;
	if (digest_is_weak(nid))
		return say_fail(FAIL(SIGNATURE_INVALID), _("the signature was made with %s, which can be forged today"),
				nid == NID_undef ? "?" : OBJ_nid2sn(nid));
	if (EVP_PKEY_get_security_bits(key) < 112)
		return say_fail(FAIL(SIGNATURE_INVALID), _("the signature was made with a key of %s of %d bits, "
				"which is too short today (RSA: 2048 at least)"),
				EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
	return OK;
}

/* A time that is yet to come was not the signer's. */
static err check_when(time_t when)
{
	if (when <= time(NULL) + CLOCK_SLACK)
		return OK;
	return say_fail(FAIL(SIGNATURE_INVALID), _("the signing time is in the future; is this computer's clock "
						   "right?"));
}

static void set_time(json_t *o, time_t t)
{
	struct tm tm;
	char text[32];

	if (t && gmtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		json_object_set_new(o, "signing_time", json_string(text));
}

/* Does the signature's own word of which certificate it is meant for (RFC 5035) name this one? Without it
 * another certificate of the same key could be put in its place. */
static err check_named(const struct chain *chain, CMS_SignerInfo *si, X509 *x, const STACK_OF(X509) *inside)
{
	ASN1_OBJECT *kind = OBJ_nid2obj(NID_id_smime_aa_signingCertificateV2);
	const ASN1_STRING *v = CMS_signed_get0_data_by_OBJ(si, kind, -3, V_ASN1_SEQUENCE);
	const unsigned char *p = v ? ASN1_STRING_get0_data(v) : NULL;
	ESS_SIGNING_CERT_V2 *ess = v ? d2i_ESS_SIGNING_CERT_V2(NULL, &p, ASN1_STRING_length(v)) : NULL;
	STACK_OF(X509) *all = sk_X509_new_null(), *roots = X509_STORE_get1_all_certs(chain->store);
	const STACK_OF(X509) *from[] = { inside, chain->between, roots };
	bool good = all && sk_X509_push(all, x);

	for (size_t i = 0; i < sizeof from / sizeof from[0]; i++)
		for (int k = 0; good && k < sk_X509_num(from[i]); k++)
			good = sk_X509_push(all, sk_X509_value(from[i], k));
	good = good && ess && OSSL_ESS_check_signing_certs(NULL, ess, all, 1) == 1;
	ESS_SIGNING_CERT_V2_free(ess);
	sk_X509_pop_free(roots, X509_free);
	sk_X509_free(all);
	if (good || CMS_signed_get_attr_by_OBJ(si, kind, -1) < 0)
		return OK;
	return say_fail(FAIL(SIGNATURE_INVALID), _("the signature names another certificate than the "
			"one beside it as its signer's"));
}

/* Looked up where --crl was given; either way the signer's object says what is known. */
static err check_revoked(const struct judging *j, X509 *x, const STACK_OF(X509) *inside, json_t *o)
{
	bool revoked = false;

	json_object_set_new(o, "revocation", json_string("not-looked-up"));
	if (!j->crls)
		return OK;
	err e = chain_revoked(&j->chain, x, inside, j->crls, &revoked);
	json_object_set_new(o, "revocation", json_string(ok(e) ? "not-revoked" : revoked ? "revoked" : "unknown"));
	return e;
}

/* One signer: described where it is the one that signed, then judged at the time it was signed. */
static err judge(json_t *list, const struct judging *j, CMS_ContentInfo *cms, CMS_SignerInfo *si)
{
	STACK_OF(X509) *inside = CMS_get1_certs(cms);
	time_t when = signing_time(si);
	X509 *x = NULL;
	err e;

	CMS_SignerInfo_get0_algs(si, NULL, &x, NULL, NULL);
	e = check_named(&j->chain, si, x, inside);
	if (ok(e)) {
		json_t *o = x509_json(x);

		set_time(o, when);
		json_array_append_new(list, o);
		e = check_strength(si);
		if (ok(e))
			e = check_when(when);
		if (ok(e))
			e = check_usage(x);
		/* a signing time ahead of the clock proves nothing: judged now */
		if (ok(e))
			e = chain_judge(&j->chain, x, inside, when && when <= time(NULL) ? when : 0);
		err revoked = check_revoked(j, x, inside, o);
		if (ok(e))
			e = revoked;
	}
	sk_X509_pop_free(inside, X509_free);
	return e;
}

static void tell(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		const char *when = json_string_value(json_object_get(o, "signing_time"));
		const char *revocation = json_string_value(json_object_get(o, "revocation"));

		say_note(_("Signer: %s"), json_string_value(json_object_get(o, "subject")));
		say_note(_("  certificate issued by %s, valid until %s"),
			 json_string_value(json_object_get(o, "issuer")),
			 print_day(json_string_value(json_object_get(o, "not_after"))));
		if (when)
			say_note(_("  signing time (as the signer's computer had it): %s"), when);
		if (strcmp(revocation, "not-looked-up") == 0)
			say_note(_("  whether it was revoked was not looked up (--crl FILE does that)"));
		else if (strcmp(revocation, "not-revoked") == 0)
			say_note(_("  not revoked, by the revocation list given"));
	}
}

/* Each signer's certificate is looked for among those that the signature brings. */
static err find_signers(CMS_ContentInfo *cms)
{
	STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms);

	if (sk_CMS_SignerInfo_num(infos) < 1)
		return say_fail(FAIL(DATA_INVALID), _("the signature file names no signer"));
	if (CMS_set1_signers_certs(cms, NULL, 0) == sk_CMS_SignerInfo_num(infos))
		return OK;
	return say_fail(FAIL(CERT_INVALID), _("the signature does not bring its signer's "
				"certificate"));
}

/* The signature over the bytes, then each signer: the first that does not hold is the command's failure. */
static err verify(struct cli *c, CMS_ContentInfo *cms, BIO *content)
{
	__attribute__((cleanup(judging_free))) struct judging j = { .crls = NULL };
	json_t *list = json_array();
	err e = OK;

	json_object_set_new(c->result, "signers", list);
	TRY(chain_load(c, &j.chain));
	if (given(c, OPT_crl))
		TRY(certfile_crls(c->args.opt[OPT_crl], &j.crls));
	TRY(find_signers(cms));
	int good = CMS_verify(cms, NULL, NULL, content, NULL, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY);
	share_end();
	if (good != 1)
		return say_fail(FAIL(SIGNATURE_INVALID), _("the signature does not belong to "
				"%s, or one of them was "
							   "changed"), say_clean(c->args.rest[0]));
	STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms);
	for (int i = 0; i < sk_CMS_SignerInfo_num(infos); i++) {
		err one = judge(list, &j, cms, sk_CMS_SignerInfo_value(infos, i));

		if (ok(e))
			e = one;
	}
	json_object_set_new(c->result, "unchanged", json_true());
	json_object_set_new(c->result, "valid", json_boolean(ok(e)));
	tell(list);
	if (ok(e))
		say_note(_("%s is unchanged since it was signed, and its signature "
				"holds."), say_clean(c->args.rest[0]));
	else
		say_note(_("%s is unchanged since it was signed; the signer could not be confirmed."),
			 say_clean(c->args.rest[0]));
	return e;
}

/* Tells how much of the content was read. */
static long note_read(BIO *b, int oper, const char *argp, size_t len, int argi, long argl, int ret, size_t *processed)
{
	off_t *done = (void *)BIO_get_callback_arg(b);

	(void)argp, (void)len, (void)argi, (void)argl;
	if (oper == (BIO_CB_READ | BIO_CB_RETURN) && ret > 0 && processed) {
		*done += (off_t)*processed;
		share_at(*done);
	}
	return ret;
}

/* The content as OpenSSL reads it, with progress on the terminal, and the verdict. */
static err verify_fd(struct cli *c, CMS_ContentInfo *cms, int fd)
{
	BIO *content = BIO_new_fd(fd, BIO_NOCLOSE);
	struct stat st;
	off_t done = 0;
	char first;

	if (!content || fstat(fd, &st) != 0 || (S_ISREG(st.st_mode) && pread(fd, &first, 1, 0) < 0)) {
		int why = errno;

		BIO_free(content);
		return say_fail(FAIL(FILE), _("%s cannot be read: %s"), say_clean(c->args.rest[0]), strerror(why));
	}
	BIO_set_callback_arg(content, (char *)&done);
	BIO_set_callback_ex(content, note_read);
	share_begin(c, c->args.rest[0], S_ISREG(st.st_mode) ? st.st_size : 0);
	err e = verify(c, cms, content);
	BIO_free(content);
	return e;
}

err cmd_verify(struct cli *c)
{
	char beside[4096];
	struct span file;
	const char *from = c->args.nrest > 1 ? c->args.rest[1] : beside;
	bool close_it;
	int fd;

	if (snprintf(beside, sizeof beside, "%s.p7s", c->args.rest[0]) >= (int)sizeof beside)
		return FAIL(ARGUMENTS);
	TRY(file_read(from, &file));
	CMS_ContentInfo *cms = NULL;
	err e = read_signature(from, file, &cms);
	free((void *)(uintptr_t)file.p);
	TRY(e);
	e = file_open(c->args.rest[0], &fd, &close_it);
	if (ok(e)) {
		e = verify_fd(c, cms, fd);
		if (close_it)
			close(fd);
	}
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return e;
}
