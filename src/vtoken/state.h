/* Everything a token remembers without power, and the file that it is kept in. The private keys
 * in that file are encrypted under a key that lies beside it (FILE.key): whoever can read the one
 * can read the other, so THIS IS NO SECURITY. It only keeps keys from leaking through a copied
 * or mailed state file. The virtual token is for tests and training. */
#ifndef BSRE_VTOKEN_STATE_H
#define BSRE_VTOKEN_STATE_H
#include "lib/secret.h"
#include "keys.h"

enum {
	OBJECT_MAX  = 3063,		/* bytes of one data object, as on a YubiKey 5 */
	OBJECTS_MAX = 128,		/* objects */
	OBJECTS_BYTES = 51200,		/* bytes of all objects */
	STATE_MAX   = 192 * 1024,	/* bytes of a state file; more than any state needs */
	SERIAL_ANY  = 0			/* "choose one" */
};

struct tries  { struct secret value; uint8_t left, max; };
struct object { uint32_t tag; uint8_t *p; size_t n; };
struct mgm    { const struct cipher *cipher; uint8_t touch; struct secret key; };

struct state {
	uint32_t      serial;
	uint8_t       firmware[3];
	struct tries  pin, puk;
	struct mgm    mgm;
	struct key    keys[SLOTS];
	struct object objects[OBJECTS_MAX];
	size_t        n_objects;
	unsigned long commits;		/* how often it was changed since it was opened */

	/* the file: its path (NULL: none, memory only), the locked FILE.key and what it holds, and
	 * what the state file was last known to hold */
	char         *path;
	int           lock;
	struct secret seal;
	struct buf    image;
};

/* A blank token as it leaves the factory: PIN 123456, PUK 12345678, the known 3DES management
 * key, an attestation key with its certificate. Gives memory only; state_create puts it into a
 * file. GENERAL: no memory or OpenSSL failed. */
err state_blank(struct state *s, uint32_t serial) MUST_USE;

/* Back to blank but for serial and attestation key, in memory: Yubico's RESET. */
err state_factory(struct state *s) MUST_USE;

/* A number of eight digits, as real ones look. */
uint32_t state_random_serial(void);

/* PIN and PUK as they leave the factory, in memory; the tries stay. */
void state_factory_pins(struct state *s);

/* Are these still the factory's? */
bool state_factory_pin(const struct state *s, bool puk);
bool state_factory_mgm(const struct state *s);

/* A new file at path, which must not exist, and FILE.key if it does not. FILE otherwise. */
err state_create(struct state *s, const char *path, const char **why) MUST_USE;

/* The token kept in path. NOT_FOUND: no such file. FILE: not a state file of this version, cut,
 * changed, without its key file, or in use; *why (static) says which, and nothing is changed or
 * made. */
err state_open(struct state *s, const char *path, const char **why) MUST_USE;

/* Writes what was changed, all or nothing. FILE: it could not be written, and the file and *s are
 * both what they were at the last commit. */
err state_commit(struct state *s) MUST_USE;

void state_close(struct state *s);

/* The object with this tag, NULL where there is none. */
struct object *object_find(struct state *s, uint32_t tag);

/* Sets or, with no bytes, removes an object, in memory. TOKEN_FULL past one of the limits. */
err object_set(struct state *s, uint32_t tag, struct span v) MUST_USE;

/* The body of a state file to a state and back (state-code.c). DATA_INVALID: not well-formed. */
err state_decode(struct state *s, struct span body) MUST_USE;
err state_encode(const struct state *s, struct buf *out) MUST_USE;

/* A whole file: header, body, checksum; framed into an empty buf. Checked: the body of one whose
 * header and checksum are right, without looking into it. */
err state_frame(const struct state *s, struct buf *out) MUST_USE;
err state_check(struct span file, struct span *body, const char **why) MUST_USE;
err state_unframe(struct state *s, struct span file, const char **why) MUST_USE;

/* Forgets the contents (not the file). */
void state_clear(struct state *s);
#endif
