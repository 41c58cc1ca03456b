/* A certificate signing request (PKCS#10, RFC 2986), signed by the token. */
#ifndef BSRE_CLI_CSR_H
#define BSRE_CLI_CSR_H
#include <openssl/x509.h>
#include "dn.h"
#include "tokensign.h"

/* The subject of a DN file. NULL: no memory, or an OID that OpenSSL does not take. */
X509_NAME *csr_subject(const struct dn *dn);

/* Makes the request, with the extensions that options ask for and no other, has the token sign it and
 * lets OpenSSL verify it. The caller frees *out. USAGE, said: an extension's value. SIGNATURE_INVALID,
 * said: the token's signature does not verify. */
err csr_make(struct cli *c, const struct key *k, const struct dn *dn, bool pss, const struct secret *pin,
	     X509_REQ **out) MUST_USE;
#endif
