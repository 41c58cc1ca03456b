/* Detached CMS signatures (RFC 5652) with the attributes that CAdES-BES wants (ETSI EN 319 122-1). */
#ifndef BSRE_CLI_CMS_H
#define BSRE_CLI_CMS_H
#include <openssl/cms.h>
#include <openssl/x509.h>
#include "tokensign.h"

/* The digest of everything that fd gives, with progress on the terminal. FILE, said: it cannot be read. */
err cms_digest_fd(struct cli *c, int fd, const char *name, const EVP_MD *md, uint8_t out[EVP_MAX_MD_SIZE],
		  size_t *n) MUST_USE;

/* What is signed: content type, message digest, signing time and signing-certificate-v2 (RFC 5035), as
 * the DER of their SET. */
err cms_attributes(X509 *signer, const struct signing *s, struct span digest, time_t now, struct buf *out) MUST_USE;

/* The whole ContentInfo around a signature over those attributes. more: certificates to put beside the
 * signer's, or NULL. */
err cms_message(X509 *signer, const STACK_OF(X509) *more, const struct signing *s, struct span attributes,
		struct span signature, struct buf *out) MUST_USE;
#endif
