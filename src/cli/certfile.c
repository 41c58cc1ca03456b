/* Reading certificates whatever way they come. */
#include "config.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <stdlib.h>
#include "certfile.h"
#include "file.h"
#include "say.h"

/* Moves all of `from` behind what is in `to`. */
static void take_all(STACK_OF(X509) *to, const STACK_OF(X509) *from)
{
	for (int i = 0; i < sk_X509_num(from); i++) {
		X509 *x = sk_X509_value(from, i);

		if (X509_up_ref(x) && !sk_X509_push(to, x))
			X509_free(x);
	}
}

static void take_pkcs7(STACK_OF(X509) *to, PKCS7 *p7)
{
	if (p7 && PKCS7_type_is_signed(p7) && p7->d.sign)
		take_all(to, p7->d.sign->cert);
	PKCS7_free(p7);
}

/* The DER of one PEM block. */
static void take_block(STACK_OF(X509) *to, const char *name, const unsigned char *der, long n)
{
	if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0) {
		X509 *x = d2i_X509(NULL, &der, n);

		if (x && !sk_X509_push(to, x))
			X509_free(x);
	} else if (strcmp(name, PEM_STRING_PKCS7) == 0 || strcmp(name, PEM_STRING_PKCS7_SIGNED) == 0 ||
		   strcmp(name, PEM_STRING_CMS) == 0) {
		take_pkcs7(to, d2i_PKCS7(NULL, &der, n));
	}
}

/* Every PEM block; seen: the name of the last one. */
static void take_pem(STACK_OF(X509) *to, struct span file, char *seen, size_t size)
{
	BIO *bio = BIO_new_mem_buf(file.p, (int)file.n);
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	long n = 0;

	while (bio && PEM_read_bio(bio, &name, &header, &data, &n)) {
		take_block(to, name, data, n);
		text_clean(span_str(name), seen, size);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)n);
	}
	BIO_free(bio);
}

static void take_der(STACK_OF(X509) *to, struct span file)
{
	const unsigned char *p = file.p;
	X509 *x = d2i_X509(NULL, &p, (long)file.n);

	if (x && (size_t)(p - file.p) == file.n) {
		if (!sk_X509_push(to, x))
			X509_free(x);
		return;
	}
	X509_free(x);
	p = file.p;
	take_pkcs7(to, d2i_PKCS7(NULL, &p, (long)file.n));
}

static bool is_pkcs12(struct span file)
{
	const unsigned char *p = file.p;
	PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)file.n);

	PKCS12_free(p12);
	return p12 != NULL;
}

/* Why there is no certificate in the file. */
static err none(const char *name, struct span file, const char *seen)
{
	if (is_pkcs12(file))
		return say_fail(FAIL(CERT_INVALID), _("%s is a PKCS#12 file, which brings a "
				"private key of its own; here the key must have been made on "
				"the token ('bsre-token key generate')"),
				say_clean(name));
	if (seen[0])
		return say_fail(FAIL(CERT_INVALID), _("%s holds no certificate that can be "
				"read, but '%s'"),
				say_clean(name), seen);
	return say_fail(FAIL(CERT_INVALID), _("%s holds no certificate (PEM, DER or PKCS#7), or "
			"one that is cut short"),
			say_clean(name));
}

err certfile_read(const char *name, STACK_OF(X509) **out)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	char seen[80] = "";
	struct span file = SPAN_NONE;
	err e = all ? file_read(name, &file) : FAIL(GENERAL);

	if (ok(e)) {
		take_pem(all, file, seen, sizeof seen);
		if (sk_X509_num(all) == 0)
			take_der(all, file);
		if (sk_X509_num(all) == 0)
			e = none(name, file, seen);
		free((void *)(uintptr_t)file.p);
	}
	ERR_clear_error();
	if (!ok(e))
		sk_X509_pop_free(all, X509_free);
	*out = ok(e) ? all : NULL;
	return e;
}

/* How often the word stands in the file. */
static size_t count(struct span file, const char *word)
{
	const char *at = (const char *)file.p, *end = at + file.n;
	size_t n = 0;

	while ((at = memmem(at, (size_t)(end - at), word, strlen(word)))) {
		at += strlen(word);
		n++;
	}
	return n;
}

/* One list, of all the n bytes. */
static bool take_crl(STACK_OF(X509_CRL) *to, const unsigned char *der, long n)
{
	const unsigned char *p = der;
	X509_CRL *one = d2i_X509_CRL(NULL, &p, n);

	if (one && p == der + n && sk_X509_CRL_push(to, one))
		return true;
	X509_CRL_free(one);
	return false;
}

/* The lists of every PEM block. A list that is damaged is no list that can be done without: who was revoked may
 * stand in it, so each block that begins or ends must be one that was read. */
static err take_pem_crls(STACK_OF(X509_CRL) *to, const char *file_name, struct span file)
{
	BIO *bio = BIO_new_mem_buf(file.p, (int)file.n);
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	size_t blocks = 0;
	bool good = bio;
	long n = 0;

	while (good && PEM_read_bio(bio, &name, &header, &data, &n)) {
		blocks++;
		if (strcmp(name, PEM_STRING_X509_CRL) == 0)
			good = take_crl(to, data, n);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	BIO_free(bio);
	if (good && blocks == count(file, "-----BEGIN") && blocks == count(file, "-----END"))
		return OK;
	return say_fail(FAIL(CERT_INVALID), _("one of the revocation lists (CRL) in %s is damaged or cut short"),
			say_clean(file_name));
}

static err take_crls(STACK_OF(X509_CRL) *to, const char *name, struct span file)
{
	const unsigned char *p = file.p;
	X509_CRL *first = d2i_X509_CRL(NULL, &p, (long)file.n);
	size_t used = (size_t)(p - file.p);

	X509_CRL_free(first);
	if (first && used != file.n)
		return say_fail(FAIL(CERT_INVALID), _("%s holds something behind its revocation list (CRL); several "
						      "lists in one file must be PEM"), say_clean(name));
	if (first)
		return take_crl(to, file.p, (long)file.n) ? OK : FAIL(GENERAL);
	TRY(take_pem_crls(to, name, file));
	return sk_X509_CRL_num(to) > 0 ? OK :
		say_fail(FAIL(CERT_INVALID), _("%s holds no revocation list (CRL) that can be read"), say_clean(name));
}

err certfile_crls(const char *name, STACK_OF(X509_CRL) **out)
{
	STACK_OF(X509_CRL) *all;
	struct span file = SPAN_NONE;

	*out = NULL;
	TRY(file_read(name, &file));
	all = sk_X509_CRL_new_null();
	err e = all ? take_crls(all, name, file) : FAIL(GENERAL);
	free((void *)(uintptr_t)file.p);
	ERR_clear_error();
	if (ok(e))
		*out = all;
	else
		sk_X509_CRL_pop_free(all, X509_CRL_free);
	return e;
}
