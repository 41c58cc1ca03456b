/* A signature by a key on the token. */
#ifndef BSRE_CLI_TOKENSIGN_H
#define BSRE_CLI_TOKENSIGN_H
#include <openssl/x509.h>
#include "lib/secret.h"
#include "object.h"

enum { SIGNATURE_MAX = 1024 };

/* How a key signs: SHA-256 with RSA PKCS#1 v1.5, RSA-PSS (pss) or ECDSA; SHA-384 for P-384 and above. */
struct signing { CK_MECHANISM_TYPE mech, hash, mgf; unsigned salt; int nid; const EVP_MD *md; };
err signing_for(const struct key *k, bool pss, struct signing *out) MUST_USE;

/* Writes the AlgorithmIdentifier (RFC 4055, RFC 5758). GENERAL: no memory. */
err signing_algorithm(const struct signing *s, X509_ALGOR *alg) MUST_USE;

/* Signs data of at most FRAME_DATA_MAX bytes; the session is logged in with pin, which a key that always
 * authenticates gets once more. out is as X.509 has it (ECDSA: DER). */
err token_sign(struct cli *c, const struct key *k, const struct signing *s, const struct secret *pin,
	       struct span data, struct buf *out) MUST_USE;
#endif
