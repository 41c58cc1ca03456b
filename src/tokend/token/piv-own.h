/* Two data objects of our own on a PIV token hold what PIV has no place for. Both are public and are
 * written with the management key.
 *
 * 5FFF42, read whenever the token is identified, at most 250 bytes, written by `init` as soon as it can, with
 * OWN_BEGUN, and last, without:
 *   80 01 VERSION (1)
 *   81 LABEL, UTF-8
 *   82 01 FLAGS (OWN_PIN_TO_CHANGE, OWN_BEGUN, OWN_PIN_UNSET)
 *   83 03 FIRMWARE major, minor, patch; absent on a token that is not Yubico's
 *   84 01 ALGORITHM of the management key that is in 5FC109; absent where it was not ours to set
 *
 * 5FFF43, read when keys are listed, one A0 for each slot that we know something of:
 *   80 01 VERSION (1)
 *   A0    80 SLOT, 81 ALGORITHM (enum alg), 82 FLAGS (OWN_KEY_...), 83 PIN POLICY, TOUCH POLICY,
 *         84 ID, 85 LABEL, 86 SubjectPublicKeyInfo of a key whose slot holds no certificate
 *
 *   87    PLACES, two bytes: a bit for each of 5FFF50 ... 5FFF5F that holds a program's data object
 *
 * 5FFF50 ... 5FFF5F hold data objects (CKO_DATA) as the broker writes them.
 *
 * A reader skips tags that it does not know and refuses another version. */
#ifndef BSRE_TOKEND_PIV_OWN_H
#define BSRE_TOKEND_PIV_OWN_H
#include "driver.h"

enum {
	OWN_LABEL_OBJECT = 0x5FFF42,
	OWN_KEYS_OBJECT = 0x5FFF43,
	OWN_LABEL_MAX = 250,		/* bytes of the whole object */
	OWN_KEYS_MAX = 2900,		/* a YubiKey's objects hold 3063 */
	OWN_KEYS = 24			/* slots */
};

enum {
	OWN_PIN_TO_CHANGE = 1,
	OWN_PIN_UNSET = 4,		/* C_InitToken has made it, C_InitPIN was not called yet */
	OWN_BEGUN = 2			/* `init` has not come to its end: secrets may be the factory's */
};

struct own_label {
	struct span label;		/* borrowed */
	uint8_t     flags;
	uint8_t     manage_alg;		/* 0: none said */
	uint32_t    firmware;		/* 0: none said */
};

enum {
	OWN_KEY_HAS_CERT = 1,
	OWN_KEY_NONE = 2,		/* what is in the slot is a throw-away key: it is not shown */
	OWN_KEY_ATTESTED = 4		/* made on the token, and the token can prove it */
};

struct own_key {
	uint8_t     slot, alg, flags, pin_policy, touch_policy;
	struct span id, label, spki;	/* borrowed */
};
struct own_keys { size_t n; struct own_key key[OWN_KEYS]; uint16_t places; };

/* There and back. BAD_REPLY: not ours, or another version's. */
err  own_label_get(struct span value, struct own_label *out) MUST_USE;
void own_label_put(struct buf *b, const struct own_label *l);
err  own_keys_get(struct span value, struct own_keys *out) MUST_USE;
void own_keys_put(struct buf *b, const struct own_keys *k);

/* The slot's entry; NULL: none. */
struct own_key *own_key_find(struct own_keys *k, uint32_t slot);

/* The same, made if it is not there. NULL: all places are taken. */
struct own_key *own_key_make(struct own_keys *k, uint32_t slot);
#endif
