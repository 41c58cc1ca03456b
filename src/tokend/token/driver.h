/* A driver speaks one card application. It knows nothing of PKCS#11, sockets or mechanisms, and it
 * decides nothing about PINs: hold.c asks it for what jobs.def wants. This header is all of ours that a
 * driver includes. */
#ifndef BSRE_TOKEND_DRIVER_H
#define BSRE_TOKEND_DRIVER_H
#include "tokend/card.h"
#include "lib/der.h"
#include "lib/keyslot.h"
#include "lib/log.h"
#include "wire/jobs.h"
#include "wire/records.h"

enum { TRIES_UNKNOWN = 255 };		/* as on the wire */

struct driver;

/* The token that a worker serves. */
struct token {
	struct card         *card;
	const struct driver *driver;	/* NULL: no card is open */
	void                *state;	/* the driver's own, zero at the start, wiped and freed at the end */
	struct buf           store;	/* for what `out` structs borrow: empty at the start of a job */

	/* What holds until the transaction ends; hold.c keeps it. */
	bool    held;			/* a transaction is open and the application selected */
	bool    verified;		/* we ourselves proved the PIN in it, and nothing undid that */
	bool    opened;			/* a PIN was accepted at some time in it: to be taken back at its end */
	bool    managed;		/* the driver proved an administrator's key in it */
	bool    to_reset;		/* and tried to: only a reset undoes that */
	uint8_t tries;			/* PIN tries left, as last read in it; TRIES_UNKNOWN */
	uint8_t full;			/* tries after a right PIN; 0: not known. Holds until the card goes */
	bool    whole;			/* the last list showed every key */
	uint8_t unheard;		/* tries of a transaction that was lost: the broker has not heard of them */
};

/* Every function is called inside a transaction with the application selected. A NULL entry means: this
 * kind of token cannot (NOT_SUPPORTED). What a function gives in spans lives in token->store. */
struct driver {
	const char *name;
	size_t      state;		/* bytes of struct token's state */
	bool        cryptoki;		/* for readers that are a PKCS#11 module's, and for no other */

	/* Selects the application. NOT_FOUND or any refusal: not this kind of card. */
	err (*select)(struct token *) MUST_USE;
	/* Fills everything that CardOpen gives but the driver's name. known: jobs.def. */
	err (*identify)(struct token *, struct span known, struct CardOpen_out *) MUST_USE;

	/* Tries left for the PIN, without spending one; 0: blocked. TRIES_UNKNOWN where the card counts
	 * the PIN as verified or does not say. */
	err (*tries)(struct token *, uint8_t *left) MUST_USE;
	/* The same for the PUK. */
	err (*puk_tries)(struct token *, uint8_t *left) MUST_USE;
	/* Is this a PIN that could be right? PIN_LENGTH, PIN_INVALID. The card is not asked. */
	err (*pin_check)(struct token *, const struct secret *pin) MUST_USE;
	/* PIN_WRONG with the status word that counts the tries, PIN_BLOCKED. */
	err (*verify)(struct token *, const struct secret *pin) MUST_USE;
	/* Takes back what verify gave. An error: it cannot, reset the card. */
	err (*forget)(struct token *) MUST_USE;
	/* Proves the PUK and changes nothing. PUK_WRONG, PUK_BLOCKED. */
	err (*prove)(struct token *, const struct secret *puk) MUST_USE;
	/* user: CKU_USER the PIN, CKU_SO the PUK. */
	err (*pin_change)(struct token *, uint32_t user, const struct secret *old, const struct secret *new)
		MUST_USE;
	err (*pin_unblock)(struct token *, const struct secret *puk, const struct secret *pin) MUST_USE;

	/* Key records into keys. */
	err (*list)(struct token *, struct buf *keys) MUST_USE;
	/* A certificate, or at least `most` bytes of its front unless most is 0. NOT_FOUND. */
	err (*cert)(struct token *, uint32_t slot, uint32_t most, struct buf *der) MUST_USE;
	err (*data_read)(struct token *, uint32_t object, struct buf *value) MUST_USE;
	err (*use)(struct token *, const struct CardUse_in *, struct buf *out) MUST_USE;
	err (*attest)(struct token *, uint32_t slot, struct CardAttest_out *) MUST_USE;

	/* After the PIN was verified: */
	err (*generate)(struct token *, const struct CardGenerate_in *, struct CardGenerate_out *) MUST_USE;
	err (*cert_write)(struct token *, uint32_t slot, struct span der) MUST_USE;
	err (*key_destroy)(struct token *, uint32_t slot) MUST_USE;
	err (*key_name)(struct token *, uint32_t slot, struct span id, struct span label) MUST_USE;
	err (*data_write)(struct token *, uint32_t object, struct span value) MUST_USE;

	/* Erases and personalises the token (jobs.def, CardInit). */
	err (*init)(struct token *, struct CardInit_in *, struct CardInit_out *) MUST_USE;
};

extern const struct driver
#define DRIVER(name) driver_##name,
#include "drivers.def"
#undef DRIVER
	driver_none;			/* ends the list that drivers.def began */
#endif
