/* Every mechanism is: hash the data, encode the hash, use the card's private-key primitive. */
#ifndef BSRE_TOKEND_MECH_H
#define BSRE_TOKEND_MECH_H
#include <openssl/evp.h>
#include "object.h"
#include "token.h"

/* SIGNING is SIGN with recovery. */
enum { USE_DIGEST = 1, USE_SIGN = 2, USE_RECOVER = 4, USE_CIPHER = 8, USE_DERIVE = 16, USE_GENERATE = 32,
       USE_SIGNING = USE_SIGN | USE_RECOVER };

struct op;

struct mech {
	CK_MECHANISM_TYPE type;
	enum key_kind     key;
	unsigned          uses;
	const char       *hash;			/* OpenSSL's name; NULL: the data come hashed */
	const struct encoding *encoding;
};

/* How a digest or a message becomes the block that goes to the card, and back. Any may be NULL:
 * the mechanism is not for that. */
struct encoding {
	/* The block for a signature: `size` bytes are the key's. */
	err (*sign)(const struct op *op, struct span in, size_t size, struct buf *block);
	/* Checks a signature with the public key. */
	err (*verify)(const struct op *op, const struct object *key, struct span in, struct span sig);
	/* Encrypts with the public key. */
	err (*encrypt)(const struct op *op, const struct object *key, struct span in, struct buf *out);
	/* The message in a decrypted block. `cipher`: what was decrypted. */
	err (*open)(const struct op *op, struct span block, struct span cipher, struct buf *out);
	/* Fewest bytes of padding: a message may have at most size - this. */
	size_t (*overhead)(const struct op *op);
};

/* The mechanism for the use; NULL: there is none. */
const struct mech *mech_find(uint64_t type, unsigned use);

/* Can the token do it? All but what needs raw RSA every token can. */
bool mech_on(const struct token *t, const struct mech *m);

/* Writes the token's mechanism list as MechRec records. */
void mech_list(const struct token *t, struct buf *b);

/* Reads the mechanism's parameter into the operation. MECH_PARAM. */
err mech_param(const struct mech *m, struct span param, struct op *op) MUST_USE;

/* OpenSSL's digest for a CKM_SHA... or a mechanism's name; NULL: none. */
const EVP_MD *mech_md(const char *name);
const EVP_MD *mech_md_of(uint64_t ckm);
/* The digest for MGF1 by CKG_. */
const EVP_MD *mech_mgf(uint64_t ckg);

/* MGF1 (RFC 8017, B.2.1): n bytes of mask from the seed. False: the library fails. */
bool mech_mgf1(const EVP_MD *md, struct span seed, uint8_t *mask, size_t n);

/* OpenSSL's key of a public key object; NULL: it cannot be read. Freed by the caller. */
EVP_PKEY *mech_public(const struct object *key);

extern const struct encoding encoding_none, encoding_pkcs1, encoding_pkcs1_hash, encoding_raw, encoding_pss,
	encoding_oaep, encoding_ecdsa;
#endif
