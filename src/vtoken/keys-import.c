/* Private keys that come from outside: the numbers of Yubico's IMPORT command made whole. */
#include "config.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include "keys.h"

enum { P, Q, DP, DQ, QINV, PARTS };

struct rsa { BIGNUM *n, *e, *d, *part[PARTS]; };

/* The private key of these parameters, if it is one that works. */
static err take(struct key *k, const struct alg *alg, const char *type, OSSL_PARAM_BLD *bld)
{
	OSSL_PARAM *p = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	bool made = p && ctx && EVP_PKEY_fromdata_init(ctx) == 1
		&& EVP_PKEY_fromdata(ctx, &k->pkey, EVP_PKEY_KEYPAIR, p) == 1;

	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(p);
	if (!made)
		return FAIL(DATA_INVALID);
	ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
	bool works = ctx && EVP_PKEY_pairwise_check(ctx) == 1
		&& EVP_PKEY_get_bits(k->pkey) == alg->bits;
	EVP_PKEY_CTX_free(ctx);
	k->alg = alg;
	k->origin = ORIGIN_IMPORTED;
	return works ? OK : FAIL(DATA_INVALID);
}

/* n = pq, e from dp (which must be 65537, as on real tokens), d from e. */
static bool complete(struct rsa *r, BN_CTX *ctx)
{
	BIGNUM *p1 = BN_CTX_get(ctx), *q1 = BN_CTX_get(ctx), *phi = BN_CTX_get(ctx);
	BIGNUM *check = BN_CTX_get(ctx);

	if (!check || !BN_sub(p1, r->part[P], BN_value_one()) || BN_is_zero(p1)
			|| !BN_sub(q1, r->part[Q], BN_value_one()) || BN_is_zero(q1)
			|| !BN_mul(r->n, r->part[P], r->part[Q], ctx) || !BN_mul(phi, p1, q1, ctx)
			|| !BN_set_word(r->e, 65537) || !BN_mod_inverse(r->d, r->e, phi, ctx))
		return false;
	return BN_mod_mul(check, r->e, r->part[DP], p1, ctx) && BN_is_one(check)
		&& BN_mod_mul(check, r->e, r->part[DQ], q1, ctx) && BN_is_one(check)
		&& BN_mod_mul(check, r->part[Q], r->part[QINV], r->part[P], ctx)
		&& BN_is_one(check);
}

static bool push_rsa(OSSL_PARAM_BLD *bld, const struct rsa *r)
{
	return OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, r->n)
		&& OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, r->e)
		&& OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_D, r->d)
		&& OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_FACTOR1, r->part[P])
		&& OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_FACTOR2, r->part[Q])
		&& OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_EXPONENT1, r->part[DP])
		&& OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_EXPONENT2, r->part[DQ])
		&& OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, r->part[QINV]);
}

err key_import_rsa(struct key *k, const struct alg *alg, const struct span part[5])
{
	struct rsa r = { BN_new(), BN_new(), BN_secure_new(), { NULL } };
	BN_CTX *ctx = BN_CTX_secure_new();
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	bool all = ctx && bld && r.n && r.e && r.d;
	err e = FAIL(DATA_INVALID);

	for (size_t i = 0; i < PARTS; i++) {
		r.part[i] = BN_bin2bn(part[i].p, (int)part[i].n, NULL);
		all = all && r.part[i] && !BN_is_zero(r.part[i]);
	}
	if (all) {
		BN_CTX_start(ctx);
		if (complete(&r, ctx) && push_rsa(bld, &r))
			e = take(k, alg, "RSA", bld);
		BN_CTX_end(ctx);
	}
	OSSL_PARAM_BLD_free(bld);
	BN_CTX_free(ctx);
	for (size_t i = 0; i < PARTS; i++)
		BN_clear_free(r.part[i]);
	BN_free(r.n);
	BN_free(r.e);
	BN_clear_free(r.d);
	return e;
}

/* The public point of a scalar, uncompressed. */
static bool public_point(const char *name, const BIGNUM *d, uint8_t *point, size_t cap, size_t *n)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(EC_curve_nist2nid(name));
	EC_POINT *q = group ? EC_POINT_new(group) : NULL;

	*n = 0;
	if (q && !BN_is_zero(d) && BN_cmp(d, EC_GROUP_get0_order(group)) < 0
			&& EC_POINT_mul(group, q, d, NULL, NULL, NULL))
		*n = EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, point, cap, NULL);
	EC_POINT_free(q);
	EC_GROUP_free(group);
	return *n > 0;
}

err key_import_ec(struct key *k, const struct alg *alg, struct span scalar)
{
	const char *name = alg->bits == 256 ? "P-256" : "P-384";
	uint8_t point[1 + 2 * 48];
	BIGNUM *d = BN_bin2bn(scalar.p, (int)scalar.n, NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	err e = FAIL(DATA_INVALID);
	size_t n;

	if (d && bld && scalar.n == alg_bytes(alg)
			&& public_point(name, d, point, sizeof point, &n)
			&& OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, name, 0)
			&& OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, n)
			&& OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, d))
		e = take(k, alg, "EC", bld);
	OSSL_PARAM_BLD_free(bld);
	BN_clear_free(d);
	return e;
}
