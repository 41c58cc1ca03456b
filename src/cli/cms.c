/* A SignedData made by hand, since its key is where OpenSSL cannot reach; OpenSSL judges it after. */
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "cms.h"
#include "lib/tlv.h"
#include "print.h"
#include "say.h"

enum { SEQ = 0x30, SET = 0x31, OID = 0x06, OCTETS = 0x04, INTEGER = 0x02, UTC_TIME = 0x17,
       GENERALIZED_TIME = 0x18, IMPLICIT_0 = 0xA0, EXPLICIT_0 = 0xA0, DIRECTORY_NAME = 0xA4 };

static const uint8_t id_data[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01 };
static const uint8_t id_signed_data[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02 };
static const uint8_t id_content_type[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x03 };
static const uint8_t id_message_digest[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x04 };
static const uint8_t id_signing_time[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x05 };
static const uint8_t id_signing_certificate_v2[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10,
						     0x02, 0x2F };

/* --- the content ---------------------------------------------------------------------------------- */
err cms_digest_fd(struct cli *c, int fd, const char *name, const EVP_MD *md, uint8_t out[EVP_MAX_MD_SIZE],
		  size_t *n)
{
	static uint8_t room[1 << 16];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct stat st = { .st_size = 0 };
	off_t done = 0;
	unsigned len = 0;
	bool good = ctx && EVP_DigestInit_ex(ctx, md, NULL) == 1 && fstat(fd, &st) == 0;

	share_begin(c, name, S_ISREG(st.st_mode) ? st.st_size : 0);
	for (ssize_t k = 1; good && k != 0;) {
		k = read(fd, room, sizeof room);
		if (k < 0 && errno == EINTR)
			continue;
		good = k >= 0 && EVP_DigestUpdate(ctx, room, k > 0 ? (size_t)k : 0) == 1;
		done += k > 0 ? k : 0;
		share_at(done);
	}
	int why = errno;
	share_end();
	good = good && EVP_DigestFinal_ex(ctx, out, &len) == 1;
	EVP_MD_CTX_free(ctx);
	*n = len;
	return good ? OK : say_fail(FAIL(FILE), _("%s cannot be read: %s"), say_clean(name), strerror(why));
}

/* --- signed attributes ----------------------------------------------------------------------------- */
static void put_oid(struct buf *b, struct span oid) { tlv_put(b, OID, oid); }

/* UTCTime up to 2049, GeneralizedTime after (RFC 5652, 11.3). */
static void put_time(struct buf *b, time_t now)
{
	char text[24] = "";
	struct tm tm;

	if (!gmtime_r(&now, &tm)) {
		b->bad = true;
		return;
	}
	bool utc = tm.tm_year >= 50 && tm.tm_year < 150;
	strftime(text, sizeof text, utc ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", &tm);
	tlv_put(b, utc ? UTC_TIME : GENERALIZED_TIME, span_str(text));
}

/* An i2d function's bytes into b. */
#define PUT_DER(b, i2d, object) do { \
		unsigned char *der_ = NULL; \
		int n_ = i2d(object, &der_); \
		if (n_ < 0) \
			(b)->bad = true; \
		else \
			buf_put(b, (struct span){ der_, (size_t)n_ }); \
		OPENSSL_free(der_); \
	} while (0)

/* ESSCertIDv2 of the signer (RFC 5035, 4); its hash is SHA-256, which is the default and so not written. */
static void put_signing_certificate(struct buf *b, X509 *signer)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (!X509_digest(signer, EVP_sha256(), hash, &n))
		b->bad = true;
	TLV(b, SEQ)
		TLV(b, SEQ)
			TLV(b, SEQ) {
				tlv_put(b, OCTETS, (struct span){ hash, n });
				TLV(b, SEQ) {
					TLV(b, SEQ)
						TLV(b, DIRECTORY_NAME)
							PUT_DER(b, i2d_X509_NAME, X509_get_issuer_name(signer));
					PUT_DER(b, i2d_ASN1_INTEGER, X509_get0_serialNumber(signer));
				}
			}
}

enum { ATTRIBUTES = 4 };

static int by_bytes(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

	return order ? order : (x->n > y->n) - (x->n < y->n);
}

/* The attribute `which` with its value. */
static void put_attribute(struct buf *b, int which, X509 *signer, struct span digest, time_t now)
{
	static const struct span oids[ATTRIBUTES] = {
		{ id_content_type, sizeof id_content_type }, { id_message_digest, sizeof id_message_digest },
		{ id_signing_time, sizeof id_signing_time },
		{ id_signing_certificate_v2, sizeof id_signing_certificate_v2 },
	};

	TLV(b, SEQ) {
		put_oid(b, oids[which]);
		TLV(b, SET) {
			if (which == 0)
				put_oid(b, SPAN_OF(id_data));
			else if (which == 1)
				tlv_put(b, OCTETS, digest);
			else if (which == 2)
				put_time(b, now);
			else
				put_signing_certificate(b, signer);
		}
	}
}

err cms_attributes(X509 *signer, const struct signing *s, struct span digest, time_t now, struct buf *out)
{
	static uint8_t rooms[ATTRIBUTES][8192];
	struct span each[ATTRIBUTES];

	(void)s;
	for (int i = 0; i < ATTRIBUTES; i++) {
		struct buf b = { .p = rooms[i], .cap = sizeof rooms[i] };

		put_attribute(&b, i, signer, digest, now);
		if (b.bad)
			return FAIL(GENERAL);
		each[i] = buf_span(&b);
	}
	qsort(each, ATTRIBUTES, sizeof each[0], by_bytes);	/* DER: a SET OF is sorted (X.690, 11.6) */
	TLV(out, SET)
		for (int i = 0; i < ATTRIBUTES; i++)
			buf_put(out, each[i]);
	return out->bad ? FAIL(GENERAL) : OK;
}

/* --- the message ------------------------------------------------------------------------------------ */
/* The digest's AlgorithmIdentifier, its parameters left away (RFC 5754, 2). */
static void put_digest_algorithm(struct buf *b, const EVP_MD *md)
{
	const ASN1_OBJECT *o = OBJ_nid2obj(EVP_MD_get_type(md));

	TLV(b, SEQ)
		put_oid(b, (struct span){ OBJ_get0_data(o), OBJ_length(o) });
}

static void put_signature_algorithm(struct buf *b, const struct signing *s)
{
	X509_ALGOR *alg = X509_ALGOR_new();

	if (!alg || !ok(signing_algorithm(s, alg)))
		b->bad = true;
	else
		PUT_DER(b, i2d_X509_ALGOR, alg);
	X509_ALGOR_free(alg);
}

static void put_signer_info(struct buf *b, X509 *signer, const struct signing *s, struct span attributes,
			    struct span signature)
{
	struct cur c = cur_of(attributes);

	TLV(b, SEQ) {
		tlv_put(b, INTEGER, SPAN(1));
		TLV(b, SEQ) {
			PUT_DER(b, i2d_X509_NAME, X509_get_issuer_name(signer));
			PUT_DER(b, i2d_ASN1_INTEGER, X509_get0_serialNumber(signer));
		}
		put_digest_algorithm(b, s->md);
		tlv_put(b, IMPLICIT_0, tlv_bytes(&c, SET));
		put_signature_algorithm(b, s);
		tlv_put(b, OCTETS, signature);
	}
}

err cms_message(X509 *signer, const STACK_OF(X509) *more, const struct signing *s, struct span attributes,
		struct span signature, struct buf *out)
{
	TLV(out, SEQ) {
		put_oid(out, SPAN_OF(id_signed_data));
		TLV(out, EXPLICIT_0)
			TLV(out, SEQ) {
				tlv_put(out, INTEGER, SPAN(1));
				TLV(out, SET)
					put_digest_algorithm(out, s->md);
				TLV(out, SEQ)
					put_oid(out, SPAN_OF(id_data));
				TLV(out, IMPLICIT_0) {
					PUT_DER(out, i2d_X509, signer);
					for (int i = 0; i < sk_X509_num(more); i++)
						PUT_DER(out, i2d_X509, sk_X509_value(more, i));
				}
				TLV(out, SET)
					put_signer_info(out, signer, s, attributes, signature);
			}
	}
	return out->bad ? FAIL(GENERAL) : OK;
}
