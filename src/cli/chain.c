/* chain.d, and judging with it. */
#include "config.h"
#include <dirent.h>
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "certfile.h"
#include "chain.h"
#include "describe.h"
#include "file.h"
#include "say.h"

#define CHAIN_D SYSCONFDIR "/chain.d"

/* Trusted where it signed itself, else one that stands between. */
static bool add(struct chain *ch, X509 *x)
{
	bool self = X509_self_signed(x, 1) == 1;

	ch->n++;
	if (self && X509_STORE_add_cert(ch->store, x)) {
		ch->trusted++;
		return true;
	}
	return !self && X509_up_ref(x) && sk_X509_push(ch->between, x);
}

static err add_file(struct chain *ch, const char *path)
{
	STACK_OF(X509) *all;

	TRY(certfile_read(path, &all));
	for (int i = 0; i < sk_X509_num(all); i++)
		if (!add(ch, sk_X509_value(all, i)))
			say_warn(_("%s: a certificate could not be taken"), say_clean(path));
	sk_X509_pop_free(all, X509_free);
	return OK;
}

static bool is_certificate_file(const char *name)
{
	static const char *const ends[] = { ".pem", ".crt", ".cer", ".der", ".p7b", ".p7c" };
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && name[0] != '.' && i < sizeof ends / sizeof ends[0]; i++)
		if (strcasecmp(dot, ends[i]) == 0)
			return true;
	return false;
}

static void add_folder(struct chain *ch, const char *path)
{
	DIR *dir = opendir(path);
	char file[4400];

	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (!is_certificate_file(e->d_name))
			continue;
		snprintf(file, sizeof file, "%s/%s", path, e->d_name);
		if (!ok(add_file(ch, file))) {
			say_forget();
			say_warn(_("%s holds no certificate that can be read"), say_clean(file));
		}
	}
	if (dir)
		closedir(dir);
}

err chain_load(struct cli *c, struct chain *out)
{
	struct stat st;

	*out = (struct chain){ .store = X509_STORE_new(), .between = sk_X509_new_null() };
	if (!out->store || !out->between)
		return FAIL(GENERAL);
	out->from = given(c, OPT_chain) ? c->args.opt[OPT_chain] : CHAIN_D;
	if (stat(out->from, &st) != 0) {
		if (!given(c, OPT_chain))
			return OK;
		return say_fail(FAIL(FILE), _("%s cannot be read: %s"), say_clean(out->from), strerror(errno));
	}
	if (!S_ISDIR(st.st_mode))
		return add_file(out, out->from);
	add_folder(out, out->from);
	return OK;
}

void chain_free(struct chain *ch)
{
	X509_STORE_free(ch->store);
	sk_X509_pop_free(ch->between, X509_free);
}

/* Everything that may stand between: the files' and the caller's. */
static STACK_OF(X509) *all_between(const struct chain *ch, const STACK_OF(X509) *extra)
{
	STACK_OF(X509) *all = sk_X509_dup(ch->between);

	for (int i = 0; all && extra && i < sk_X509_num(extra); i++)
		if (!sk_X509_push(all, sk_X509_value(extra, i)))
			break;
	return all;
}

err chain_judge(const struct chain *ch, X509 *x, const STACK_OF(X509) *extra, time_t at)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *between = all_between(ch, extra);
	char name[256];
	err e = FAIL(GENERAL);

	if (ch->trusted == 0) {
		e = say_fail(FAIL(CERT_INVALID), _("there is no root certificate in %s to judge "
				"by; put the CA's "
						   "certificates there"), ch->from);
	} else if (ctx && between && X509_STORE_CTX_init(ctx, ch->store, x, between)) {
		X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_ANY);
		/* 2: 112 bits, so no MD5, no SHA-1 and no RSA below 2048 bits on the way */
		X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), 2);
		if (at)
			X509_STORE_CTX_set_time(ctx, 0, at);
		if (X509_verify_cert(ctx) == 1) {
			e = OK;
		} else {
			X509 *where = X509_STORE_CTX_get_current_cert(ctx);

			cert_holder(where ? where : x, name, sizeof name);
			e = say_fail(FAIL(CERT_INVALID), _("the certificate of '%s' does not "
					"hold: %s"), name,
				     X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
		}
	}
	X509_STORE_CTX_free(ctx);
	sk_X509_free(between);
	return e;
}

/* Lists that are in force now. What is judged may be years old; whether it is revoked is a question of today. */
static STACK_OF(X509_CRL) *in_force(const STACK_OF(X509_CRL) *crls)
{
	STACK_OF(X509_CRL) *out = sk_X509_CRL_new_null();

	for (int i = 0; out && i < sk_X509_CRL_num(crls); i++) {
		X509_CRL *one = sk_X509_CRL_value(crls, i);
		const ASN1_TIME *next = X509_CRL_get0_nextUpdate(one);

		if ((!next || X509_cmp_current_time(next) > 0) && !sk_X509_CRL_push(out, one))
			break;
	}
	return out;
}

/* What OpenSSL says of x by the lists, whatever the time. */
static int look_up(const struct chain *ch, X509 *x, STACK_OF(X509) *between, STACK_OF(X509_CRL) *crls)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int why = X509_V_ERR_UNSPECIFIED;

	if (ctx && between && crls && X509_STORE_CTX_init(ctx, ch->store, x, between)) {
		X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_ANY);
		X509_STORE_CTX_set0_crls(ctx, crls);
		X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_NO_CHECK_TIME);
		why = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	}
	X509_STORE_CTX_free(ctx);
	return why;
}

/* Does a list say that it was made later than now? A clock may be a little wrong. */
static bool one_is_early(const STACK_OF(X509_CRL) *crls)
{
	time_t soon = time(NULL) + CLOCK_SLACK;

	for (int i = 0; i < sk_X509_CRL_num(crls); i++)
		if (X509_cmp_time(X509_CRL_get0_lastUpdate(sk_X509_CRL_value(crls, i)), &soon) > 0)
			return true;
	return false;
}

/* What all lists say, each by itself, since OpenSSL asks but one of an issuer's: revoked by any, else a list that
 * its issuer did not sign, else not revoked by any, else why none can tell. */
static int look_up_all(const struct chain *ch, X509 *x, STACK_OF(X509) *between, const STACK_OF(X509_CRL) *crls)
{
	int why = X509_V_ERR_UNABLE_TO_GET_CRL;

	for (int i = 0; i < sk_X509_CRL_num(crls) && why != X509_V_ERR_CERT_REVOKED; i++) {
		STACK_OF(X509_CRL) *one = sk_X509_CRL_new_null();
		bool there = one && sk_X509_CRL_push(one, sk_X509_CRL_value(crls, i));
		int says = there ? look_up(ch, x, between, one) : X509_V_ERR_OUT_OF_MEM;

		sk_X509_CRL_free(one);
		if (says == X509_V_ERR_CERT_REVOKED || says == X509_V_ERR_CRL_SIGNATURE_FAILURE ||
		    says == X509_V_ERR_OUT_OF_MEM || (why != X509_V_ERR_CRL_SIGNATURE_FAILURE &&
		    why != X509_V_ERR_OUT_OF_MEM && (says == X509_V_OK || why != X509_V_OK)))
			why = says;
	}
	return why;
}

err chain_revoked(const struct chain *ch, X509 *x, const STACK_OF(X509) *extra, STACK_OF(X509_CRL) *crls,
		  bool *revoked)
{
	STACK_OF(X509) *between = all_between(ch, extra);
	STACK_OF(X509_CRL) *now = in_force(crls);
	int why = now && between ? look_up_all(ch, x, between, now) : X509_V_ERR_OUT_OF_MEM;
	bool all_ended = now && sk_X509_CRL_num(now) == 0;
	char name[256];

	sk_X509_free(between);
	sk_X509_CRL_free(now);
	cert_holder(x, name, sizeof name);
	*revoked = why == X509_V_ERR_CERT_REVOKED;
	if (*revoked)
		return say_fail(FAIL(CERT_INVALID), _("the certificate of '%s' is revoked"), name);
	if (one_is_early(crls))
		return say_fail(FAIL(CERT_INVALID), _("a revocation list says that it was made in the future; is this "
						      "computer's clock right?"));
	if (why == X509_V_OK)
		return OK;
	if (all_ended)
		return say_fail(FAIL(CERT_INVALID), _("the revocation list has ended; get the CA's new one"));
	return say_fail(FAIL(CERT_INVALID), _("whether the certificate of '%s' is revoked cannot be told by "
					      "that list: %s"), name, X509_verify_cert_error_string(why));
}

const char *chain_folder(void) { return CHAIN_D; }

bool chain_writable(void) { return access(CHAIN_D, W_OK) == 0; }

err chain_keep(X509 *x)
{
	char path[sizeof CHAIN_D + 80];
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;
	err e = FAIL(GENERAL);
	int at = snprintf(path, sizeof path, "%s/", CHAIN_D);

	if (bio && X509_digest(x, EVP_sha256(), md, &n) && PEM_write_bio_X509(bio, x)) {
		for (unsigned i = 0; i < 16 && i < n; i++)
			at += snprintf(path + at, sizeof path - (size_t)at, "%02x", md[i]);
		snprintf(path + at, sizeof path - (size_t)at, ".pem");
		long len = BIO_get_mem_data(bio, &p);

		e = access(path, F_OK) == 0 ? OK :
			file_write(path, (struct span){ (const uint8_t *)p, len > 0 ? (size_t)len : 0 });
	}
	BIO_free(bio);
	return e;
}
