/* X.509 certificates by which the token says that a key was made in it (Yubico's attestation). */
#ifndef BSRE_VTOKEN_ATTEST_H
#define BSRE_VTOKEN_ATTEST_H
#include "state.h"

/* The data object (70, 71, FE) with the attestation key's own certificate. */
err attest_self(const struct state *s, struct buf *out) MUST_USE;

/* A certificate, DER, for the key in slot index i, signed with F9. KEY_NOT_FOUND: no key there,
 * or none in F9. NOT_FOUND: F9 has no certificate. ACTION_PROHIBITED: it was imported. */
err attest_key(struct state *s, size_t i, struct buf *out) MUST_USE;
#endif
