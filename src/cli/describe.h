/* Keys and certificates in words and in JSON (the shapes stand in bsre-token(1)). */
#ifndef BSRE_CLI_DESCRIBE_H
#define BSRE_CLI_DESCRIBE_H
#include "object.h"

/* Days before its end at which a certificate should be renewed: BSrE's window (the last 30 days). */
enum { RENEW_DAYS = 30 };
enum cert_state { CERT_GOOD, CERT_ENDING, CERT_EXPIRED, CERT_EARLY };

json_t *key_json(const struct key *k);
json_t *cert_json(const struct cert *c);
json_t *x509_json(X509 *x);

enum cert_state cert_state(X509 *x);

/* Whole days until it ends, below 0 after. */
long cert_days_left(X509 *x);

/* The holder's common name, or the whole subject where it has none; a name on one line. Cleaned. */
void cert_holder(X509 *x, char *out, size_t size);
void name_line(const X509_NAME *name, char *out, size_t size);
#endif
