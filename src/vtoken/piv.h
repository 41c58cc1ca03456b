/* The commands of the PIV application, one function each; for card.c and piv-*.c. A function
 * writes reply data and gives the status word; data with another word than 9000 are dropped. */
#ifndef BSRE_VTOKEN_PIV_H
#define BSRE_VTOKEN_PIV_H
#include "card.h"

#define INS(ins, name, models, hot, title) \
	enum sw piv_##name(struct card *c, const struct apdu *a, struct buf *out);
#include "ins.def"
#undef INS

/* SELECT (3.1.1): by AID, whichever application it is. */
enum sw card_select(struct card *c, const struct apdu *a, struct buf *out);

/* Yubico's management application: READ CONFIG, its one command here. */
enum sw card_read_config(struct card *c, const struct apdu *a, struct buf *out);

/* May the data of a GET DATA or PUT DATA be about an object that holds a secret? False only where
 * they begin with a tag list that names another one. */
bool piv_data_hot(struct span data);

/* GENERAL AUTHENTICATE with the management key (A.1): what was asked for, by tag. */
enum { AUTH_WITNESS, AUTH_CHALLENGE, AUTH_RESPONSE, AUTH_EXPONENT, AUTH_FIELDS };
struct auth { struct span v[AUTH_FIELDS]; bool has[AUTH_FIELDS]; };
enum sw piv_auth_mgm(struct card *c, uint8_t cipher, const struct auth *in, struct buf *out);

/* The policies in tags AA and AB behind a GENERATE or IMPORT, into k; the rest of the cursor.
 * False: not policies, or this model has none. */
bool piv_policies(const struct card *c, size_t slot, struct cur *in, struct key *k);

/* Is this what a PIN (digits in the plain model) or PUK (below 80 in the other) of 6 to 8 bytes
 * padded with FF looks like? */
bool piv_pin_shaped(const struct card *c, uint8_t ref, struct span v);

/* The value, tries and whether it is a PIN or a PUK that P2 names; NULL: neither. */
struct tries *piv_tries(struct card *c, uint8_t ref);

enum { REF_PIN = 0x80, REF_PUK = 0x81, REF_MGM = 0x9B };
#endif
