/* Keys in the card's slots and what is computed with them; libcrypto does the arithmetic. */
#ifndef BSRE_VTOKEN_KEYS_H
#define BSRE_VTOKEN_KEYS_H
#include <openssl/evp.h>
#include "lib/der.h"

enum { POLICY_DEFAULT, POLICY_NEVER, POLICY_ONCE, POLICY_ALWAYS };	/* Yubico's tag AA */
enum { TOUCH_DEFAULT, TOUCH_NEVER, TOUCH_ALWAYS, TOUCH_CACHED };		/* Yubico's tag AB */
enum { ORIGIN_GENERATED = 1, ORIGIN_IMPORTED = 2 };			/* Yubico's metadata, tag 03 */

enum slot_index {
#define SLOT(ref, policy) SLOT_##ref,
#include "slots.def"
#undef SLOT
	SLOTS
};

struct slot   { uint8_t ref, policy; };
struct alg    { uint8_t id; const char *name; enum key_kind kind; uint16_t bits; bool big; };
struct cipher { uint8_t id; const char *name; uint8_t key, block; };

/* A key in a slot; an empty slot has no pkey. */
struct key {
	const struct alg *alg;
	uint8_t   pin, touch, origin;
	EVP_PKEY *pkey;
};

extern const struct slot key_slots[SLOTS];

/* The rows of slots.def (as an index; SLOTS: none), algs.def and ciphers.def (NULL: none). */
size_t               slot_find(uint8_t ref);
const struct alg    *alg_find(uint8_t id);
const struct cipher *cipher_find(uint8_t id);

/* Bytes of a modulus, or of a coordinate. */
size_t alg_bytes(const struct alg *alg);

void key_drop(struct key *k);

/* A new key pair of this kind into k, which must be empty. GENERAL: OpenSSL could not. */
err key_generate(struct key *k, const struct alg *alg) MUST_USE;

/* A private key from what the IMPORT command carries. DATA_INVALID: the numbers are no such key. */
err key_import_rsa(struct key *k, const struct alg *alg, const struct span part[5]) MUST_USE;
err key_import_ec(struct key *k, const struct alg *alg, struct span scalar) MUST_USE;

/* The public key as SP 800-73-4, part 2, table 11 writes it: 81 modulus 82 exponent, or 86 point. */
err key_public(const struct key *k, struct buf *out) MUST_USE;

/* One private-key operation: RSA raw, ECDSA (DER), ECDH (x coordinate). DATA_INVALID: not an
 * input for this key. */
err key_rsa(const struct key *k, struct span block, struct buf *out) MUST_USE;
err key_ecdsa(const struct key *k, struct span digest, struct buf *out) MUST_USE;
err key_ecdh(const struct key *k, struct span point, struct buf *out) MUST_USE;

/* The private key as DER, for the state file, and back. */
err key_put_der(const struct key *k, struct buf *out) MUST_USE;
err key_from_der(struct key *k, const struct alg *alg, struct span der) MUST_USE;

/* One block through a management key's cipher. GENERAL: OpenSSL could not. */
err cipher_block(const struct cipher *c, struct span key, bool encrypt, struct span in,
	struct buf *out) MUST_USE;
#endif
