/* src/vtoken, keys: what the card makes with them, checked by OpenSSL from outside. */
#include "config.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "vtoken.h"

#define PIN_OK  "0020008008 313233343536FFFF"

static int fresh(void **state)
{
	*state = desk_new(MODEL_YUBICO);
	assert_int_equal(login_mgm(*state, true), 0x9000);
	return 0;
}

static int done(void **state)
{
	desk_free(*state);
	return 0;
}

/* The public key in a 7F49 as OpenSSL's. */
static EVP_PKEY *public_key(struct span reply_data, const char *group)
{
	struct cur c = cur_of(reply_data), t = tlv_want(&c, 0x7F49);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *n = NULL, *e = NULL;
	EVP_PKEY *made = NULL;

	if (group) {
		struct span point = tlv_bytes(&t, 0x86);
		OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
		OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point.p, point.n);
	} else {
		struct span mod = tlv_bytes(&t, 0x81), exp = tlv_bytes(&t, 0x82);
		n = BN_bin2bn(mod.p, (int)mod.n, NULL);
		e = BN_bin2bn(exp.p, (int)exp.n, NULL);
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n);
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e);
	}
	assert_true(cur_done(&t) && cur_done(&c));
	OSSL_PARAM *p = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, group ? "EC" : "RSA", NULL);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_PUBLIC_KEY, p), 1);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(p);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	BN_free(e);
	return made;
}

static EVP_PKEY *generate(struct desk *d, uint8_t ref, uint8_t alg, const char *group)
{
	assert_int_equal(extended(d, 0x00470000u | ref, SPAN(0xAC, 3, 0x80, 1, alg)), 0x9000);
	return public_key(reply(d), group);
}

/* GENERAL AUTHENTICATE with `tag` holding v; the status word, the answer in *out. */
static unsigned use(struct desk *d, uint8_t alg, uint8_t ref, uint32_t tag, struct span v,
	struct span *out)
{
	uint8_t body[700];
	struct buf b = BUF(body);

	TLV(&b, 0x7C) {
		tlv_put(&b, 0x82, SPAN_NONE);
		tlv_put(&b, tag, v);
	}
	unsigned sw = extended(d, 0x00870000u | (uint32_t)alg << 8 | ref, buf_span(&b));
	if (sw == 0x9000) {
		struct cur c = cur_of(reply(d)), t = tlv_want(&c, 0x7C);
		*out = tlv_bytes(&t, 0x82);
		assert_true(cur_done(&t) && cur_done(&c));
	}
	return sw;
}

static bool verifies(EVP_PKEY *pub, int padding, struct span digest, struct span sig)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pub, NULL);
	bool good = EVP_PKEY_verify_init(ctx) == 1
		&& (!padding || EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1)
		&& EVP_PKEY_verify(ctx, sig.p, sig.n, digest.p, digest.n) == 1;

	EVP_PKEY_CTX_free(ctx);
	return good;
}

static void rsa_signs(struct desk *d, uint8_t alg, size_t size)
{
	uint8_t block[512];
	struct buf b = BUF(block);
	struct span sig, text = span_str("a digest");
	EVP_PKEY *pub = generate(d, 0x9A, alg, NULL);

	buf_put(&b, SPAN(0, 1));
	buf_fill(&b, 0xFF, size - 3 - text.n);
	buf_put(&b, SPAN(0));
	buf_put(&b, text);
	assert_int_equal(use(d, alg, 0x9A, 0x81, buf_span(&b), &sig), 0x6982);
	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(use(d, alg, 0x9A, 0x81, buf_span(&b), &sig), 0x9000);
	assert_true(verifies(pub, RSA_PKCS1_PADDING, text, sig));
	assert_int_equal(use(d, alg, 0x9A, 0x81, text, &sig), 0x6A80);		/* too short */
	assert_int_equal(use(d, alg, 0x9A, 0x85, buf_span(&b), &sig), 0x6A80);
	struct buf ones = BUF(block);
	buf_fill(&ones, 0xFF, size);
	assert_int_equal(use(d, alg, 0x9A, 0x81, buf_span(&ones), &sig), 0x6A80);	/* >= n */
	assert_int_equal(use(d, 0x11, 0x9A, 0x81, text, &sig), 0x6A86);		/* not its kind */
	EVP_PKEY_free(pub);
}

static void rsa_2048(void **state)
{
	rsa_signs(*state, 0x07, 256);
}

/* The same by short APDUs: a chain in, GET RESPONSE out, in pieces of every length. */
static void rsa_by_short_apdus(void **state)
{
	static const size_t pieces[] = { 1, 100, 128, 250, 255 };
	struct desk *d = *state;
	uint8_t body[300], got[300], link[300];
	struct span want;
	EVP_PKEY *pub = generate(d, 0x9E, 0x07, NULL);

	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		struct buf b = BUF(body), g = BUF(got);
		TLV(&b, 0x7C) {
			tlv_put(&b, 0x82, SPAN_NONE);
			TLV(&b, 0x81)
				buf_fill(&b, 0x11, 256);
		}
		struct cur left = cur_of(buf_span(&b));
		unsigned sw = 0;
		while (cur_left(&left)) {
			size_t n = cur_left(&left) < pieces[i] ? cur_left(&left) : pieces[i];
			struct buf l = BUF(link);
			buf_put(&l, SPAN(n < cur_left(&left) ? 0x10 : 0, 0x87, 0x07, 0x9E, (uint8_t)n));
			buf_put(&l, cur_take(&left, n));
			buf_put(&l, SPAN((uint8_t)pieces[i]));
			sw = apdu_bytes(d, buf_span(&l));
		}
		buf_put(&g, reply(d));
		while (sw >> 8 == 0x61) {
			sw = apdu_bytes(d, SPAN(0, 0xC0, 0, 0, (uint8_t)pieces[i]));
			buf_put(&g, reply(d));
		}
		assert_int_equal(sw, 0x9000);
		assert_int_equal(extended(d, 0x0087079E, buf_span(&b)), 0x9000);
		want = reply(d);
		assert_true(span_eq(buf_span(&g), want));
	}
	EVP_PKEY_free(pub);
}

static void rsa_3072_and_4096_behind_their_switch(void **state)
{
	struct desk *d = *state;

	assert_int_equal(apdu(d, "0047009A 05 AC03800105"), 0x6A80);
	assert_int_equal(apdu(d, "0047009A 05 AC03800116"), 0x6A80);
	d->card.big_rsa = true;
	rsa_signs(d, 0x05, 384);
	card_reset(&d->card);
	assert_int_equal(apdu(d, "00A4040005A000000308"), 0x9000);
	assert_int_equal(login_mgm(d, true), 0x9000);
	rsa_signs(d, 0x16, 512);
}

static void ec_signs(struct desk *d, uint8_t alg, size_t size, const char *group)
{
	uint8_t digest[64] = { 1, 2, 3 };
	struct span sig;
	EVP_PKEY *pub = generate(d, 0x9A, alg, group);

	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(use(d, alg, 0x9A, 0x81, (struct span){ digest, size }, &sig), 0x9000);
	assert_true(verifies(pub, 0, (struct span){ digest, size }, sig));
	assert_int_equal(use(d, alg, 0x9A, 0x81, (struct span){ digest, size + 1 }, &sig), 0x6A80);
	assert_int_equal(use(d, alg, 0x9A, 0x81, SPAN_NONE, &sig), 0x6A80);
	EVP_PKEY_free(pub);
}

static void ecdsa(void **state)
{
	ec_signs(*state, 0x11, 32, "P-256");
	ec_signs(*state, 0x14, 48, "P-384");
}

static void ecdh(void **state)
{
	struct desk *d = *state;
	EVP_PKEY *pub = generate(d, 0x9D, 0x11, "P-256");
	EVP_PKEY *host = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	uint8_t point[65], want[32];
	size_t n = sizeof want, m = sizeof point;
	struct span got;

	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(host, NULL);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, pub), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, want, &n), 1);
	assert_int_equal(EVP_PKEY_get_octet_string_param(host, OSSL_PKEY_PARAM_PUB_KEY, point, m, &m), 1);
	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(use(d, 0x11, 0x9D, 0x85, SPAN_OF(point), &got), 0x9000);
	assert_true(span_eq(got, SPAN_OF(want)));
	point[64] ^= 1;						/* not on the curve */
	assert_int_equal(use(d, 0x11, 0x9D, 0x85, SPAN_OF(point), &got), 0x6A80);
	assert_int_equal(use(d, 0x11, 0x9D, 0x85, span_first(SPAN_OF(point), 33), &got), 0x6A80);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(host);
	EVP_PKEY_free(pub);
}

static void pin_always_means_just_now(void **state)
{
	struct desk *d = *state;
	uint8_t digest[32] = { 1 };
	struct span sig;

	EVP_PKEY_free(generate(d, 0x9C, 0x11, "P-256"));
	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(use(d, 0x11, 0x9C, 0x81, SPAN_OF(digest), &sig), 0x9000);
	assert_int_equal(use(d, 0x11, 0x9C, 0x81, SPAN_OF(digest), &sig), 0x6982);
	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(apdu(d, "00CB3FFF 03 5C017E"), 0x9000);	/* a command in between */
	assert_int_equal(use(d, 0x11, 0x9C, 0x81, SPAN_OF(digest), &sig), 0x6982);
	/* also one that nobody knows, that is malformed, or of which this is only a part */
	static const char *const between[] = { "00110000", "80200080", "10CB3FFF 02 5C01",
		"00C00000 00", "1087119D 02 7C02" };
	for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
		assert_int_equal(apdu(d, PIN_OK), 0x9000);
		(void)apdu(d, between[i]);
		assert_int_equal(use(d, 0x11, 0x9C, 0x81, SPAN_OF(digest), &sig), 0x6982);
	}
	assert_int_equal(apdu(d, PIN_OK), 0x9000);
	assert_int_equal(apdu(d, "00200080"), 0x9000);			/* asking is not between */
	assert_int_equal(use(d, 0x11, 0x9C, 0x81, SPAN_OF(digest), &sig), 0x9000);
	assert_int_equal(apdu(d, "0020FF80"), 0x9000);
	/* 9E asks for none, and a policy can be chosen */
	EVP_PKEY_free(generate(d, 0x9E, 0x11, "P-256"));
	assert_int_equal(use(d, 0x11, 0x9E, 0x81, SPAN_OF(digest), &sig), 0x9000);
	assert_int_equal(apdu(d, "0047009C 0B AC09800111 AA0101 AB0103"), 0x9000);
	assert_int_equal(use(d, 0x11, 0x9C, 0x81, SPAN_OF(digest), &sig), 0x9000);
	assert_int_equal(apdu(d, "00F7009C 00"), 0x9000);
	assert_int_equal(d->reply[5], POLICY_NEVER);
	assert_int_equal(d->reply[6], TOUCH_CACHED);
	assert_int_equal(apdu(d, "0047009C 08 AC06800111 AA0109"), 0x6A80);
}

static void put_bn(struct buf *b, uint32_t tag, EVP_PKEY *key, const char *name)
{
	uint8_t bytes[256];
	BIGNUM *bn = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &bn), 1);
	int n = BN_bn2bin(bn, bytes);
	tlv_put(b, tag, (struct span){ bytes, (size_t)n });
	BN_clear_free(bn);
}

static void imports(void **state)
{
	struct desk *d = *state;
	EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	EVP_PKEY *ec = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	uint8_t body[1024], digest[48] = { 5 };
	struct buf b = BUF(body), e = BUF(body);
	struct span sig;

	put_bn(&b, 1, rsa, OSSL_PKEY_PARAM_RSA_FACTOR1);
	put_bn(&b, 2, rsa, OSSL_PKEY_PARAM_RSA_FACTOR2);
	put_bn(&b, 3, rsa, OSSL_PKEY_PARAM_RSA_EXPONENT1);
	put_bn(&b, 4, rsa, OSSL_PKEY_PARAM_RSA_EXPONENT2);
	put_bn(&b, 5, rsa, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
	assert_int_equal(extended(d, 0x00FE0782, buf_span(&b)), 0x9000);
	assert_true(EVP_PKEY_eq(d->state.keys[SLOT_0x82].pkey, rsa));
	assert_int_equal(extended(d, 0x00F98200, SPAN_NONE), 0x6700);
	assert_int_equal(apdu(d, "00F98200 00"), 0x6A80);		/* not made here */
	body[10] ^= 1;
	assert_int_equal(extended(d, 0x00FE0782, buf_span(&b)), 0x6A80);
	assert_true(EVP_PKEY_eq(d->state.keys[SLOT_0x82].pkey, rsa));	/* and the old one stays */
	put_bn(&e, 6, ec, OSSL_PKEY_PARAM_PRIV_KEY);
	tlv_put(&e, 0xAA, SPAN(POLICY_NEVER));
	assert_int_equal(extended(d, 0x00FE1483, buf_span(&e)), 0x9000);
	assert_int_equal(use(d, 0x14, 0x83, 0x81, SPAN_OF(digest), &sig), 0x9000);
	assert_true(verifies(ec, 0, SPAN_OF(digest), sig));
	struct buf zero = BUF(body);
	buf_put(&zero, SPAN(6, 32));
	buf_fill(&zero, 0, 32);
	assert_int_equal(extended(d, 0x00FE1183, buf_span(&zero)), 0x6A80);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
}

/* A card that loses power before a key is finished has what it had. */
static void a_key_can_be_undone(void **state)
{
	struct desk *d = *state;
	EVP_PKEY *was = generate(d, 0x9A, 0x11, "P-256");

	card_undo(&d->card);
	assert_int_equal(apdu(d, "00F7009A 00"), 0x6A88);
	EVP_PKEY_free(was);
	was = generate(d, 0x9A, 0x11, "P-256");
	EVP_PKEY_free(generate(d, 0x9A, 0x14, "P-384"));
	card_undo(&d->card);
	assert_int_equal(EVP_PKEY_eq(d->state.keys[SLOT_0x9A].pkey, was), 1);
	EVP_PKEY_free(generate(d, 0x9A, 0x14, "P-384"));
	card_keep(&d->card);
	assert_false(d->card.undo.open);
	EVP_PKEY_free(was);
}

static void moves(void **state)
{
	struct desk *d = *state;

	EVP_PKEY_free(generate(d, 0x9A, 0x11, "P-256"));
	assert_int_equal(apdu(d, "00F6829A"), 0x9000);
	assert_int_equal(apdu(d, "00F7009A 00"), 0x6A88);
	assert_int_equal(apdu(d, "00F70082 00"), 0x9000);
	assert_int_equal(apdu(d, "00F6829A"), 0x6A88);
	assert_int_equal(apdu(d, "00F6F982"), 0x6A86);
	/* not onto another key, which stays what it is */
	EVP_PKEY *there = generate(d, 0x9D, 0x14, "P-384");
	assert_int_equal(apdu(d, "00F69D82"), 0x6985);
	assert_int_equal(apdu(d, "00F70082 00"), 0x9000);
	assert_int_equal(EVP_PKEY_eq(d->state.keys[SLOT_0x9D].pkey, there), 1);
	EVP_PKEY_free(there);
	assert_int_equal(apdu(d, "00F6FF82"), 0x9000);
	assert_int_equal(apdu(d, "00F70082 00"), 0x6A88);
}

/* The certificate in the object 5FFF01. */
static X509 *attestation_ca(struct desk *d)
{
	struct object *o = object_find(&d->state, 0x5FFF01);
	struct cur c = cur_of((struct span){ o->p, o->n });
	struct span der = tlv_bytes(&c, 0x70);
	const unsigned char *at = der.p;

	return d2i_X509(NULL, &at, (long)der.n);
}

/* As `openssl verify -x509_strict` does it. */
static void verified_strictly(X509 *x, X509 *ca)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	assert_int_equal(X509_STORE_add_cert(store, ca), 1);
	assert_int_equal(X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT), 1);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, x, NULL), 1);
	if (X509_verify_cert(ctx) != 1)
		fail_msg("%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
}

static void attests(void **state)
{
	struct desk *d = *state;
	EVP_PKEY *pub = generate(d, 0x9A, 0x14, "P-384");

	assert_int_equal(extended(d, 0x00F99A00, SPAN(0)), 0x9000);
	struct span der = reply(d);
	const unsigned char *at = der.p;
	X509 *x = d2i_X509(NULL, &at, (long)der.n), *ca = attestation_ca(d);
	assert_non_null(x);
	assert_non_null(ca);
	assert_int_equal(X509_verify(x, X509_get0_pubkey(ca)), 1);
	assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(ca)), 0);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), pub), 1);
	verified_strictly(x, ca);
	X509_free(x);
	X509_free(ca);
	EVP_PKEY_free(pub);
}

/* Without its certificate, and then without its key, nothing is attested, and no work was done. */
static void attests_only_with_key_and_certificate(void **state)
{
	struct desk *d = *state;

	EVP_PKEY_free(generate(d, 0x9A, 0x11, "P-256"));
	assert_int_equal(apdu(d, "00DB3FFF 07 5C035FFF01 5300"), 0x9000);
	assert_int_equal(apdu(d, "00F99A00 00"), 0x6A82);
	assert_int_equal(d->card.work, WORK_NONE);
	assert_int_equal(apdu(d, "00DB3FFF 0B 5C035FFF01 5304 70020500"), 0x9000);
	assert_int_equal(apdu(d, "00F99A00 00"), 0x6A82);
	assert_int_equal(apdu(d, "00F6FFF9 00"), 0x9000);
	assert_int_equal(apdu(d, "00F99A00 00"), 0x6A88);
	assert_int_equal(d->card.work, WORK_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rsa_2048, fresh, done),
		cmocka_unit_test_setup_teardown(rsa_by_short_apdus, fresh, done),
		cmocka_unit_test_setup_teardown(rsa_3072_and_4096_behind_their_switch, fresh, done),
		cmocka_unit_test_setup_teardown(ecdsa, fresh, done),
		cmocka_unit_test_setup_teardown(ecdh, fresh, done),
		cmocka_unit_test_setup_teardown(pin_always_means_just_now, fresh, done),
		cmocka_unit_test_setup_teardown(imports, fresh, done),
		cmocka_unit_test_setup_teardown(a_key_can_be_undone, fresh, done),
		cmocka_unit_test_setup_teardown(moves, fresh, done),
		cmocka_unit_test_setup_teardown(attests, fresh, done),
		cmocka_unit_test_setup_teardown(attests_only_with_key_and_certificate, fresh, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
