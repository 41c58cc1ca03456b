/* sign: a detached CMS signature of a file, by a key on the token. */
#include "config.h"
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "ask.h"
#include "chain.h"
#include "cms.h"
#include "describe.h"
#include "file.h"
#include "print.h"
#include "say.h"
#include "token.h"

enum { MESSAGE_MAX = 1 << 17 };

/* Why the key that was named does not sign: the state of its certificate, or that it has none. */
static err cannot_sign(const struct keys *keys, const struct certs *certs, const struct key *k)
{
	const struct cert *of = cert_of_key(keys, certs, k);
	enum cert_state s = of ? cert_state(of->x) : CERT_GOOD;

	if (s == CERT_EXPIRED)
		return say_fail(FAIL(CERT_INVALID), _("the certificate of the key '%s' has expired"), k->label);
	if (s == CERT_EARLY)
		return say_fail(FAIL(CERT_INVALID), _("the certificate of the key '%s' is not valid yet; is this "
						      "computer's clock right?"), k->label);
	return say_fail(FAIL(NOT_FOUND), _("the key '%s' has no certificate on the token"), k->label);
}

/* The key to sign with and its certificate: the one named, or the only key that has a certificate
 * which is valid now. */
static err choose(struct cli *c, const struct keys *keys, const struct certs *certs, const struct key **k,
		  X509 **x)
{
	const struct key *named = NULL;
	size_t n = 0;

	if (given(c, OPT_key))
		TRY(key_find(c, keys, c->args.opt[OPT_key], &named));
	*x = NULL;
	for (size_t i = 0; i < keys->n; i++) {
		const struct cert *of = cert_of_key(keys, certs, &keys->k[i]);
		enum cert_state s = of ? cert_state(of->x) : CERT_EXPIRED;

		if ((named && &keys->k[i] != named) || s == CERT_EXPIRED || s == CERT_EARLY)
			continue;
		*k = &keys->k[i];
		*x = of->x;
		n++;
	}
	if (n == 0 && named)
		return cannot_sign(keys, certs, named);
	if (n == 0)
		return say_fail(FAIL(NOT_FOUND), _("no key on the token has a certificate that "
				"is valid now; see "
						   "'bsre-token status'"));
	return n == 1 ? OK : say_fail(FAIL(ARGUMENTS), _("%zu keys on the token can sign; name "
			"one with --key"), n);
}

/* The certificates above the signer's, for those who verify: those of chain.d that stand between. */
static STACK_OF(X509) *above(const struct chain *ch, X509 *signer)
{
	STACK_OF(X509) *out = sk_X509_new_null();
	X509 *at = signer;

	for (int i = 0; out && i < sk_X509_num(ch->between); i++) {
		X509 *up = sk_X509_value(ch->between, i);

		if (X509_check_issued(up, at) != X509_V_OK || sk_X509_num(out) > 8)
			continue;
		if (!sk_X509_push(out, up))
			break;
		at = up;
		i = -1;			/* from the front again: the next one up may stand anywhere */
	}
	return out;
}

/* OpenSSL's own judgement of what was made, before it is written. */
static err judge(struct span message, struct span digest, X509 *signer)
{
	const unsigned char *p = message.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)message.n);
	STACK_OF(CMS_SignerInfo) *infos = cms ? CMS_get0_SignerInfos(cms) : NULL;
	CMS_SignerInfo *si = sk_CMS_SignerInfo_value(infos, 0);
	bool good = si && sk_CMS_SignerInfo_num(infos) == 1;

	if (good) {
		CMS_SignerInfo_set1_signer_cert(si, signer);
		const ASN1_OCTET_STRING *md = CMS_signed_get0_data_by_OBJ(si,
			OBJ_nid2obj(NID_pkcs9_messageDigest), -3, V_ASN1_OCTET_STRING);
		good = md && span_eq(digest, (struct span){ ASN1_STRING_get0_data(md),
							    (size_t)ASN1_STRING_length(md) }) &&
		       CMS_SignerInfo_verify(si) == 1;
	}
	CMS_ContentInfo_free(cms);
	return good ? OK : say_fail(FAIL(SIGNATURE_INVALID), _("the token's signature does not "
			"verify; nothing "
							       "was written"));
}

/* Digest, attributes, signature, message. */
static err make(struct cli *c, int fd, const struct key *k, X509 *x, const struct secret *pin, struct buf *out)
{
	uint8_t digest_room[EVP_MAX_MD_SIZE], signature_room[SIGNATURE_MAX];
	static uint8_t attributes_room[16384];
	struct buf attributes = BUF(attributes_room), signature = BUF(signature_room);
	struct span digest = { digest_room, 0 };
	struct signing s;
	CHAIN chain = { .store = NULL };

	TRY(signing_for(k, given(c, OPT_pss), &s));
	TRY(chain_load(c, &chain));
	TRY(cms_digest_fd(c, fd, c->args.rest[0], s.md, digest_room, &digest.n));
	TRY(cms_attributes(x, &s, digest, time(NULL), &attributes));
	key_touch_note(k);
	progress_begin(c, _("The token signs"));
	err e = token_sign(c, k, &s, pin, buf_span(&attributes), &signature);
	progress_end();
	TRY(e);
	STACK_OF(X509) *more = above(&chain, x);
	e = cms_message(x, more, &s, buf_span(&attributes), buf_span(&signature), out);
	sk_X509_free(more);
	TRY(e);
	return judge(buf_span(out), digest, x);
}

/* DER, or PEM where --pem was given. */
static err write_out(struct cli *c, struct span der, const char *to)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;
	err e = FAIL(GENERAL);

	if (!given(c, OPT_pem))
		e = file_write(to, der);
	else if (bio && PEM_write_bio(bio, PEM_STRING_CMS, "", der.p, (long)der.n) > 0) {
		long n = BIO_get_mem_data(bio, &p);

		e = file_write(to, (struct span){ (const uint8_t *)p, (size_t)n });
	}
	BIO_free(bio);
	return e;
}

static err sign(struct cli *c, int fd, const char *to)
{
	static uint8_t room[MESSAGE_MAX];
	struct buf message = BUF(room);
	SECRET pin = { 0 };
	KEYS keys = { .n = 0 };
	CERTS certs = { .n = 0 };
	const struct key *k = NULL;
	X509 *x = NULL;

	TRY(token_session(c));
	TRY(keys_load(c, &keys));
	TRY(certs_load(c, &certs));
	TRY(choose(c, &keys, &certs, &k, &x));
	TRY(token_login(c, &pin));
	TRY(make(c, fd, k, x, &pin, &message));
	TRY(write_out(c, buf_span(&message), to));
	json_object_set_new(c->result, "file", json_string(c->args.rest[0]));
	json_object_set_new(c->result, "signature", json_string(to));
	json_object_set_new(c->result, "signer", x509_json(x));
	say_note(_("Signed %s as '%s'; the signature is in %s."), say_clean(c->args.rest[0]),
		 json_string_value(json_object_get(json_object_get(c->result, "signer"), "holder")), say_clean(to));
	return OK;
}

err cmd_sign(struct cli *c)
{
	char to[4096];
	bool close_it;
	int fd;

	if (!given(c, OPT_output) && strcmp(c->args.rest[0], "-") == 0)
		return say_fail(FAIL(USAGE), _("--output is needed where the file is standard input"));
	if (snprintf(to, sizeof to, "%s%s", given(c, OPT_output) ? c->args.opt[OPT_output] : c->args.rest[0],
		     given(c, OPT_output) ? "" : ".p7s") >= (int)sizeof to)
		return FAIL(ARGUMENTS);
	TRY(file_apart(c->args.rest[0], to));
	TRY(file_apart(c->args.opt[OPT_pin_file], to));
	TRY(file_open(c->args.rest[0], &fd, &close_it));
	err e = ask_output(c, to);
	if (ok(e))
		e = sign(c, fd, to);
	if (close_it)
		close(fd);
	return e;
}
