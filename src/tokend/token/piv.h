/* PIV (NIST SP 800-73-4; clauses named below are of its part 2) with Yubico's extensions: what the
 * driver's files share. */
#ifndef BSRE_TOKEND_PIV_H
#define BSRE_TOKEND_PIV_H
#include "driver.h"
#include "piv-own.h"

enum {				/* CKA_BSRE_PIN_POLICY and Yubico's tag AA agree */
	POLICY_DEFAULT, POLICY_NEVER, POLICY_ONCE, POLICY_ALWAYS
};
enum {				/* data objects, part 1, table 3, and ykman's */
	PIV_CHUID = 0x5FC102, PIV_CCC = 0x5FC107, PIV_PRINTED = 0x5FC109, PIV_KEY_HISTORY = 0x5FC10C,
	PIV_ADMIN_DATA = 0x5FFF00, PIV_ATTESTATION_CERT = 0x5FFF01
};
enum { REF_PIN = 0x80, REF_PUK = 0x81, REF_MANAGE = 0x9B, REF_ATTEST = 0xF9 };
enum { PIV_OBJECT_MAX = 3500 };	/* bytes that we try to write into a data object */

struct piv_slot { uint8_t ref; uint32_t object; uint8_t policy; };
struct piv_alg  { uint8_t alg, id; enum key_kind kind; uint16_t bytes; uint32_t firmware; bool plain; };

/* What is known of the card. */
struct piv {
	bool     yubico;		/* answers Yubico's commands */
	bool     learned;		/* firmware, manage_alg and own are as the card says */
	uint32_t firmware;		/* 0x050403 for 5.4.3; 0: not Yubico's */
	bool     own;			/* our label object is on it */
	bool     no_own;		/* it refuses such objects */
	uint8_t  own_flags;
	uint8_t  manage_alg;		/* 0: not known */
	uint8_t  label[OWN_LABEL_MAX];
	size_t   label_n;
	uint32_t card_algs;		/* 1 << enum alg, as SELECT's answer says; 0: it does not */
	uint8_t  apt[64];		/* the front of SELECT's answer */
	size_t   apt_n;
};
static inline struct piv *piv_of(const struct token *t) { return t->state; }

/* The rows of piv-slots.def and piv-algs.def; NULL: none. */
extern const struct piv_slot piv_slots[];
extern const size_t          piv_slots_n;
const struct piv_slot *piv_slot(uint32_t ref);
const struct piv_alg  *piv_alg(uint32_t alg);
const struct piv_alg  *piv_alg_of_id(uint8_t id);

/* piv.c */
/* Firmware, the management key's algorithm and our label object, where CardOpen did not read them. */
err piv_learn(struct token *t) MUST_USE;

/* piv-pin.c */
err piv_select(struct token *t) MUST_USE;
err piv_tries(struct token *t, uint8_t *left) MUST_USE;
err piv_puk_tries(struct token *t, uint8_t *left) MUST_USE;
err piv_pin_check(struct token *t, const struct secret *pin) MUST_USE;
err piv_verify(struct token *t, const struct secret *pin) MUST_USE;
err piv_forget(struct token *t) MUST_USE;
err piv_prove(struct token *t, const struct secret *puk) MUST_USE;
err piv_pin_change(struct token *t, uint32_t user, const struct secret *old, const struct secret *new) MUST_USE;
/* The PUK sets the PIN; the second also takes note that there is one now. */
err piv_pin_give(struct token *t, const struct secret *puk, const struct secret *pin) MUST_USE;
err piv_pin_unblock(struct token *t, const struct secret *puk, const struct secret *pin) MUST_USE;
/* CHANGE REFERENCE DATA (3.2.2) without judging what the answer means. */
err piv_change_reference(struct token *t, uint8_t ref, const struct secret *old, const struct secret *new)
	MUST_USE;
/* Sends wrong PINs (or PUKs) until the card says that it is blocked. */
err piv_block(struct token *t, uint8_t ref) MUST_USE;

/* piv-data.c */
/* GET DATA (3.1.2): what is inside the 53, borrowed until the next command. NOT_FOUND: no such object, or an
 * empty one. hot: wiped by the caller's apdu and card_wipe. */
err piv_get(struct token *t, uint32_t object, bool hot, struct span *value) MUST_USE;
/* PUT DATA (3.3.1), after the management key. TOKEN_FULL. An empty value empties the object. */
err piv_put(struct token *t, uint32_t object, bool hot, struct span value) MUST_USE;
err piv_cert(struct token *t, uint32_t slot, uint32_t most, struct buf *der) MUST_USE;
/* A certificate by its object's tag. */
err piv_cert_object(struct token *t, uint32_t object, struct buf *der) MUST_USE;
err piv_cert_write(struct token *t, uint32_t slot, struct span der) MUST_USE;
err piv_data_read(struct token *t, uint32_t object, struct buf *value) MUST_USE;
err piv_data_write(struct token *t, uint32_t object, struct span value) MUST_USE;

/* piv-list.c */
struct piv_metadata {
	uint8_t     alg, pin_policy, touch_policy, origin;	/* alg: PIV's identifier; 0: not said */
	bool        is_default;		/* the PIN, PUK or management key is the factory's */
	uint8_t     total, left;	/* tries of a PIN or PUK */
	struct cur  public;		/* the public key as 7F49 holds it; bad: not said */
};
err piv_list(struct token *t, struct buf *keys) MUST_USE;
/* Yubico's GET METADATA (5.3 and later). NOT_SUPPORTED elsewhere; NOT_FOUND: no key. */
err piv_metadata(struct token *t, uint32_t ref, struct piv_metadata *out) MUST_USE;
/* Our keys object, copied into room; NOT_FOUND where there is none or it is not ours. */
err piv_own_keys(struct token *t, struct buf *room, struct own_keys *out) MUST_USE;
/* Writes it; a card that refuses the object keeps nothing, which is no failure. */
err piv_own_keys_write(struct token *t, const struct own_keys *keys) MUST_USE;
/* Our label object from what struct piv holds. */
err piv_own_label_write(struct token *t) MUST_USE;

/* piv-key.c */
err piv_use(struct token *t, const struct CardUse_in *in, struct buf *out) MUST_USE;
err piv_generate(struct token *t, const struct CardGenerate_in *in, struct CardGenerate_out *out) MUST_USE;
err piv_key_destroy(struct token *t, uint32_t slot) MUST_USE;
err piv_key_name(struct token *t, uint32_t slot, struct span id, struct span label) MUST_USE;
err piv_attest(struct token *t, uint32_t slot, struct CardAttest_out *out) MUST_USE;
/* GENERATE ASYMMETRIC KEY PAIR (3.3.2), appending the SubjectPublicKeyInfo. policies 0: the card's own. */
err piv_make_key(struct token *t, uint32_t slot, const struct piv_alg *alg, uint32_t pin_policy,
	uint32_t touch_policy, struct buf *spki) MUST_USE;
/* A public key as the card writes it (table 11) to SubjectPublicKeyInfo. */
err piv_spki(struct cur public, const struct piv_alg *alg, struct buf *spki) MUST_USE;

/* piv-manage.c */
/* Authenticates with the management key, once a transaction: the one kept under the PIN in printed
 * information, else the factory's. The PIN is verified. TOKEN_WRITE_PROTECTED: neither opens the token. */
err piv_manage(struct token *t) MUST_USE;
/* The same with a given key, whatever its cipher. */
err piv_manage_with(struct token *t, const struct secret *key) MUST_USE;
/* The management key of the factory. */
void piv_manage_factory(struct secret *key);
/* A random one for this card, and its algorithm. */
err piv_manage_random(struct token *t, uint8_t *alg, struct secret *key) MUST_USE;
/* Yubico's SET MANAGEMENT KEY. */
err piv_manage_set(struct token *t, uint8_t alg, const struct secret *key) MUST_USE;
/* Writes it into printed information, and notes for ykman that it is there. */
err piv_manage_keep(struct token *t, const struct secret *key) MUST_USE;
/* Reads it from there. NOT_FOUND. */
err piv_manage_kept(struct token *t, struct secret *key) MUST_USE;

/* piv-init.c */
err piv_init(struct token *t, struct CardInit_in *in, struct CardInit_out *out) MUST_USE;
#endif
