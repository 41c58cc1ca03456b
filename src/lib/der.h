/* The little DER (X.690) that is read and made here without OpenSSL: the parts of an X.509
 * certificate, public keys as SubjectPublicKeyInfo, ECDSA signatures. Everything borrows. */
#ifndef BSRE_DER_H
#define BSRE_DER_H
#include "err.h"
#include "tlv.h"

enum key_kind { KEY_NONE, KEY_RSA, KEY_EC };

/* A public key's parts, borrowed from its SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). */
struct spki {
	enum key_kind kind;
	struct span   n, e;		/* RSA: modulus and exponent, no leading zeros */
	struct span   curve;		/* EC: the named curve's OBJECT IDENTIFIER, whole TLV */
	struct span   point;		/* EC: the uncompressed point 04 X Y */
};

/* Takes a whole SubjectPublicKeyInfo apart. BAD_REPLY: not one, or neither RSA nor a named curve
 * with an uncompressed point. */
err der_spki(struct span der, struct spki *out) MUST_USE;

/* Writes a SubjectPublicKeyInfo of the parts. */
void der_put_spki(struct buf *b, const struct spki *key);

/* A certificate's parts (RFC 5280, 4.1), each a whole TLV as it stands in the certificate. */
struct cert_parts { struct span serial, issuer, subject, spki, not_before, not_after; };

/* Takes one X.509 certificate apart without judging it. BAD_REPLY: it is none. */
err der_cert(struct span der, struct cert_parts *out) MUST_USE;

/* The length of the DER element at the front of `s`, its tag and length included; 0: none whole. */
size_t der_length(struct span s);

/* ECDSA-Sig-Value (RFC 3279, 2.2.3) to r || s of `half` bytes each (PKCS#11, 2.3.1) and back. */
err  der_ecdsa_raw(struct span der, size_t half, struct buf *raw) MUST_USE;
void der_put_ecdsa(struct buf *b, struct span raw);

/* An unsigned big-endian number as INTEGER: shortest, a zero in front where the sign would show. */
void der_put_uint(struct buf *b, struct span v);

/* v without leading zero bytes; a lone zero stays. */
struct span der_trim(struct span v);
#endif
