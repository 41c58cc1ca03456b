/* Mechanism parameters as records: the three structures that smartcard mechanisms have. */
#include "config.h"
#include "template.h"
#include "wire/records.h"

enum { PARAM_MAX = 4096 };

/* The structure that a mechanism's parameter must be; NULL: another size, or none. */
static const void *exactly(const CK_MECHANISM *mech, size_t size)
{
	return mech->ulParameterLen == size ? mech->pParameter : NULL;
}

static bool bytes_good(const void *p, CK_ULONG n)
{
	return n <= PARAM_MAX && (p || !n);
}

/* PKCS#11 2.40 mechanisms, 2.1.10 */
static bool put_pss(struct buf *to, const CK_MECHANISM *mech)
{
	const CK_RSA_PKCS_PSS_PARAMS *p = exactly(mech, sizeof *p);

	if (!p)
		return false;
	struct PssParam_in rec = { .hash = p->hashAlg, .mgf = p->mgf, .salt = p->sLen };
	PssParam_put_in(to, &rec);
	return true;
}

/* 2.1.8. A source without data, and data that no source announces, mean an empty label. */
static bool put_oaep(struct buf *to, const CK_MECHANISM *mech)
{
	const CK_RSA_PKCS_OAEP_PARAMS *p = exactly(mech, sizeof *p);

	if (!p || !bytes_good(p->pSourceData, p->ulSourceDataLen))
		return false;
	struct OaepParam_in rec = {
		.hash = p->hashAlg, .mgf = p->mgf, .source = p->source,
		.label = { p->pSourceData, p->ulSourceDataLen },
	};
	OaepParam_put_in(to, &rec);
	return true;
}

/* 2.3.6 */
static bool put_ecdh(struct buf *to, const CK_MECHANISM *mech)
{
	const CK_ECDH1_DERIVE_PARAMS *p = exactly(mech, sizeof *p);

	if (!p || !bytes_good(p->pSharedData, p->ulSharedDataLen) ||
	    !bytes_good(p->pPublicData, p->ulPublicDataLen))
		return false;
	struct EcdhParam_in rec = {
		.kdf = p->kdf, .shared = { p->pSharedData, p->ulSharedDataLen },
		.point = { p->pPublicData, p->ulPublicDataLen },
	};
	EcdhParam_put_in(to, &rec);
	return true;
}

static bool put_raw(struct buf *to, const CK_MECHANISM *mech)
{
	if (!bytes_good(mech->pParameter, mech->ulParameterLen))
		return false;
	buf_put(to, (struct span){ mech->pParameter, mech->ulParameterLen });
	return true;
}

static bool put(struct buf *to, const CK_MECHANISM *mech)
{
	switch (mech->mechanism) {
	case CKM_RSA_PKCS_PSS: case CKM_SHA1_RSA_PKCS_PSS: case CKM_SHA224_RSA_PKCS_PSS:
	case CKM_SHA256_RSA_PKCS_PSS: case CKM_SHA384_RSA_PKCS_PSS: case CKM_SHA512_RSA_PKCS_PSS:
		return put_pss(to, mech);
	case CKM_RSA_PKCS_OAEP:
		return put_oaep(to, mech);
	case CKM_ECDH1_DERIVE: case CKM_ECDH1_COFACTOR_DERIVE:
		return put_ecdh(to, mech);
	default:
		return put_raw(to, mech);
	}
}

CK_RV params_put(struct buf *to, const CK_MECHANISM *mech)
{
	if (!room_make(to, 3 * PARAM_MAX))
		return CKR_HOST_MEMORY;
	return put(to, mech) && !to->bad ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}
