/* Keys and certificates put into words and JSON. */
#include "config.h"
#include <openssl/bn.h>
#include <stdio.h>
#include <time.h>
#include "describe.h"
#include "say.h"

static const char *const pin_policies[] = { NULL, "never", "once", "always" };
static const char *const touch_policies[] = { NULL, "never", "always", "cached" };

static void set_policy(json_t *o, const char *name, const char *const *words, unsigned n)
{
	if (n > 0 && n < 4)
		json_object_set_new(o, name, json_string(words[n]));
}

static void set_slot(json_t *o, unsigned slot)
{
	char text[4];

	snprintf(text, sizeof text, "%02x", slot & 0xFF);
	if (slot)
		json_object_set_new(o, "slot", json_string(text));
}

json_t *key_json(const struct key *k)
{
	json_t *o = json_object();

	set_slot(o, k->slot);
	json_object_set_new(o, "algorithm", json_string(k->alg));
	json_object_set_new(o, "label", json_string(k->label));
	json_object_set_new(o, "id", json_string(k->id_hex));
	set_policy(o, "pin_policy", pin_policies, k->pin_policy);
	set_policy(o, "touch_policy", touch_policies, k->touch_policy);
	return o;
}

/* The last value of an attribute in a name, cleaned; "" where it has none. */
static void name_part(const X509_NAME *name, int nid, char *out, size_t size)
{
	unsigned char *utf8 = NULL;
	int at = -1, last = -1;

	out[0] = 0;
	while ((at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0)
		last = at;
	if (last < 0)
		return;
	int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
	if (n >= 0)
		text_clean((struct span){ utf8, (size_t)n }, out, size);
	OPENSSL_free(utf8);
}

void name_line(const X509_NAME *name, char *out, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;

	out[0] = 0;
	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
		long n = BIO_get_mem_data(bio, &p);

		text_clean((struct span){ (const uint8_t *)p, n > 0 ? (size_t)n : 0 }, out, size);
	}
	BIO_free(bio);
}

void cert_holder(X509 *x, char *out, size_t size)
{
	name_part(X509_get_subject_name(x), NID_commonName, out, size);
	if (!out[0])
		name_line(X509_get_subject_name(x), out, size);
}

/* RFC 3339, in UTC. */
static void set_time(json_t *o, const char *name, const ASN1_TIME *t)
{
	struct tm tm = { 0 };
	char text[32];

	if (t && ASN1_TIME_to_tm(t, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		json_object_set_new(o, name, json_string(text));
}

long cert_days_left(X509 *x)
{
	int days = 0, seconds = 0;

	if (!ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)))
		return -1;
	return seconds < 0 ? days - 1 : days;
}

enum cert_state cert_state(X509 *x)
{
	if (X509_cmp_current_time(X509_get0_notBefore(x)) > 0)
		return CERT_EARLY;
	if (X509_cmp_current_time(X509_get0_notAfter(x)) <= 0)
		return CERT_EXPIRED;
	return cert_days_left(x) < RENEW_DAYS ? CERT_ENDING : CERT_GOOD;
}

static const char *const states[] = { "valid", "expiring", "expired", "not-yet-valid" };

static void set_serial(json_t *o, X509 *x)
{
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	char *hex = n ? BN_bn2hex(n) : NULL;

	if (hex)
		json_object_set_new(o, "serial", json_string(hex));
	OPENSSL_free(hex);
	BN_free(n);
}

static void set_fingerprint(json_t *o, X509 *x)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "";

	if (!X509_digest(x, EVP_sha256(), md, &n))
		return;
	for (unsigned i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", md[i]);
	json_object_set_new(o, "sha256", json_string(hex));
}

json_t *x509_json(X509 *x)
{
	json_t *o = json_object();
	char text[1024];

	cert_holder(x, text, sizeof text);
	json_object_set_new(o, "holder", json_string(text));
	name_line(X509_get_subject_name(x), text, sizeof text);
	json_object_set_new(o, "subject", json_string(text));
	name_part(X509_get_issuer_name(x), NID_commonName, text, sizeof text);
	json_object_set_new(o, "issuer", json_string(text));
	set_serial(o, x);
	set_time(o, "not_before", X509_get0_notBefore(x));
	set_time(o, "not_after", X509_get0_notAfter(x));
	json_object_set_new(o, "days_left", json_integer(cert_days_left(x)));
	json_object_set_new(o, "state", json_string(states[cert_state(x)]));
	set_fingerprint(o, x);
	return o;
}

json_t *cert_json(const struct cert *c)
{
	json_t *o = json_object();

	set_slot(o, c->slot);
	json_object_set_new(o, "label", json_string(c->label));
	json_object_set_new(o, "id", json_string(c->id_hex));
	if (!c->x) {
		json_object_set_new(o, "state", json_string("unreadable"));
		return o;
	}
	json_t *more = x509_json(c->x);
	json_object_update(o, more);
	json_decref(more);
	return o;
}
