/* Certificates in files: PEM, DER or a PKCS#7 bundle. */
#ifndef BSRE_CLI_CERTFILE_H
#define BSRE_CLI_CERTFILE_H
#include <openssl/x509.h>
#include "cli.h"

/* All certificates of the file, in its order; the caller frees the stack with its contents.
 * CERT_INVALID, said: none is in it, or it is something else (a PKCS#12, a request, a key). */
err certfile_read(const char *name, STACK_OF(X509) **out) MUST_USE;

/* The revocation lists of a file, PEM (one or more) or DER; the caller frees them. CERT_INVALID, said: none. */
err certfile_crls(const char *name, STACK_OF(X509_CRL) **out) MUST_USE;
#endif
