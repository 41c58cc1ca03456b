/* Where a token cannot attest: a record of what it said of a key, signed by that key. It proves that the
 * key existed on a token of this service then, not what the token is; it says so. */
#ifndef BSRE_CLI_PROVENANCE_H
#define BSRE_CLI_PROVENANCE_H
#include "tokensign.h"

/* An object with "statement" (JSON as text, the signed bytes), "algorithm", "signature" (base64) and
 * "public_key" (PEM). The session is logged in. The caller drops *out. */
err provenance_make(struct cli *c, const struct key *k, const struct secret *pin, json_t **out) MUST_USE;

/* What the token says of a private key, as members of o: local, sensitive, always_sensitive,
 * extractable, never_extractable. Warns where one is not as it must be for a key made on a token. */
err provenance_attributes(struct cli *c, uint32_t private_key, json_t *o) MUST_USE;
#endif
