/* Objects on the token as the utility sees them: keys and certificates, found and described. */
#ifndef BSRE_CLI_OBJECT_H
#define BSRE_CLI_OBJECT_H
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "cli.h"

enum { ID_MAX = 64, KEYS_MAX = 32, CERTS_MAX = 64, ATTRS_MAX = 16 };

/* A key pair, by its public half. */
struct key {
	uint32_t  handle;		/* of the public key object */
	unsigned  slot;			/* PIV key reference; 0: the token does not say */
	unsigned  pin_policy, touch_policy;	/* cryptoki.h; 0: not known */
	uint8_t   id[ID_MAX];
	size_t    id_n;
	char      id_hex[2 * ID_MAX + 1], label[136], alg[16];
	EVP_PKEY *pkey;			/* never NULL */
};
struct keys { struct key k[KEYS_MAX]; size_t n; };

struct cert {
	uint32_t handle;
	unsigned slot;
	uint8_t  id[ID_MAX];
	size_t   id_n;
	char     id_hex[2 * ID_MAX + 1], label[136];
	X509    *x;			/* NULL: what the token holds is no certificate */
};
struct certs { struct cert c[CERTS_MAX]; size_t n; };

/* All of them on the open session's token; the caller frees. */
err  keys_load(struct cli *c, struct keys *out) MUST_USE;
err  certs_load(struct cli *c, struct certs *out) MUST_USE;
void keys_free(struct keys *k);

/* Before such a key is used: that the token is to be touched, where it wants that. */
void key_touch_note(const struct key *k);
void certs_free(struct certs *c);
#define KEYS  __attribute__((cleanup(keys_free))) struct keys
#define CERTS __attribute__((cleanup(certs_free))) struct certs

/* The key that the person means: a slot ("9a"), an id in hex or a label, in this order; NULL for the
 * only one there is. KEY_NOT_FOUND, said: none. ARGUMENTS, said: several. */
err key_find(struct cli *c, const struct keys *keys, const char *name, const struct key **out) MUST_USE;

/* The same for certificates, only those that can be read. NOT_FOUND, ARGUMENTS, said. */
err cert_find(const struct certs *certs, const char *name, const struct cert **out) MUST_USE;

/* The key that the certificate is for; NULL: none. */
const struct key *key_of_cert(const struct keys *keys, X509 *x);

/* The certificate that stands for the key: the one in its slot (tokens may hold an attestation of each key
 * besides), else the one that ends last; NULL: it has none. */
const struct cert *cert_of_key(const struct keys *keys, const struct certs *certs, const struct key *k);

/* The private key object beside it; the session must be logged in. KEY_NOT_FOUND, said. */
err key_private(struct cli *c, const struct key *k, uint32_t *handle) MUST_USE;


/* "9a" to 0x9A; 0: no key reference of PIV. */
unsigned slot_number(const char *text);

/* --- attributes ---------------------------------------------------------------------------- */
void attr_put(struct buf *b, CK_ATTRIBUTE_TYPE type, struct span value);
void attr_ulong(struct buf *b, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
void attr_bool(struct buf *b, CK_ATTRIBUTE_TYPE type, bool value);

/* The handles of what matches the filter; at most `most`. */
err objects_find(struct cli *c, struct span filter, uint32_t *handles, size_t most, size_t *n) MUST_USE;

/* values[i] of types[i], borrowed from r; p is NULL where the object has it not or does not give it. */
err attrs_get(struct cli *c, uint32_t object, const CK_ATTRIBUTE_TYPE *types, size_t n,
	      struct span *values, struct reply *r) MUST_USE;

/* A CK_ULONG as it stands in memory; CK_UNAVAILABLE_INFORMATION where it is none. */
CK_ULONG attr_number(struct span value);
#endif
