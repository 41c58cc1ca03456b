/* The CAs' certificates that IT staff put on this computer, and what they say of a certificate. */
#ifndef BSRE_CLI_CHAIN_H
#define BSRE_CLI_CHAIN_H
#include <openssl/x509.h>
#include "cli.h"

enum { CLOCK_SLACK = 300 };		/* seconds that another computer's clock may be ahead */

/* Self-signed ones are trusted; the others help to reach them. */
struct chain { X509_STORE *store; STACK_OF(X509) *between; size_t n, trusted; const char *from; };
#define CHAIN __attribute__((cleanup(chain_free))) struct chain

/* Reads --chain (a file or a folder), else SYSCONFDIR/chain.d; a file there that holds no certificate
 * is warned about. No folder is an empty chain. FILE, said: --chain cannot be read. */
err chain_load(struct cli *c, struct chain *out) MUST_USE;
void chain_free(struct chain *ch);

/* Does x lead to a trusted one, at the time `at` (0: now)? extra: more certificates between, or NULL.
 * CERT_INVALID, said: it does not, and why; MD5, SHA-1 or RSA below 2048 bits on the way is a reason. */
err chain_judge(const struct chain *ch, X509 *x, const STACK_OF(X509) *extra, time_t at) MUST_USE;

/* Is x revoked by any of the lists of its own issuer, as they stand today? *revoked says so. CERT_INVALID, said:
 * it is, or no list of its issuer is among them that the issuer signed and that has not ended, or one of the
 * lists is forged or of the future. */
err chain_revoked(const struct chain *ch, X509 *x, const STACK_OF(X509) *extra, STACK_OF(X509_CRL) *crls,
		  bool *revoked) MUST_USE;

/* Puts a CA's certificate into chain.d, named by its SHA-256; one that is there already stays. FILE, said. */
err chain_keep(X509 *x) MUST_USE;

/* May this account write to chain.d? */
bool chain_writable(void);

/* Its path. */
const char *chain_folder(void);
#endif
