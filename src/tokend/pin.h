/* Who is logged in, the PINs that are kept for that, and the rules that guard a token's tries. */
#ifndef BSRE_TOKEND_PIN_H
#define BSRE_TOKEND_PIN_H
#include "broker.h"
#include "lib/secret.h"

struct object;
struct peer;
struct request;
struct token;

/* A salted digest of the PIN or PUK that the card refused last, so that it is not sent again. */
struct wrong { bool set; uint8_t digest[32]; };

/* What is known of a token's tries, 255: not known. guesses: wrong PINs of programs that have not proven
 * it since; one is forgiven an hour, counted from guessed. */
struct tries {
	uint32_t     user, puk;
	struct wrong pin_wrong, puk_wrong;
	bool         puk_lost;		/* a try of it was lost here: the card allows more than are left */
	unsigned     guesses;
	uint64_t     guessed;
};

/* The same of one program, at the token where it gave a PIN last. */
struct guesses { uint32_t token; unsigned wrong; bool proven; };

/* One program's login at one token. pin: kept in the arena; NULL where
 * `retain-pin = no` (then the open transaction is the login). */
struct login {
	struct login  *next;			/* of the peer */
	struct token  *token;
	uint32_t       user;			/* CKU_ */
	struct secret *pin;
	uint64_t       used;			/* when a key was last used with it */
};

/* The program's login at the token; NULL: it has none. */
struct login *login_find(const struct peer *p, const struct token *t);

/* QUOTA: no room in the arena. */
err  login_add(struct peer *p, struct token *t, uint32_t user, const struct secret *pin) MUST_USE;

/* A copy of its PIN for a job, in the arena; empty where none is kept. NULL: no room. */
struct secret *login_pin(const struct login *l);

/* C_Logout; all of a program; all at a token (removal). The last one's end closes the card. */
void login_end(struct peer *p, struct token *t);
void logins_end(struct peer *p);
void logins_end_token(struct token *t);

/* A PIN of the user that some program's login keeps at the token; NULL: none. */
const struct secret *login_kept(const struct token *t);

/* Programs that are logged in at the token. */
unsigned logins_count(const struct token *t);

/* May it be one at all, also one that is to be set? PIN_LENGTH, PIN_INVALID. */
err  pin_fits(const struct token *t, const struct secret *pin) MUST_USE;

/* What can be said of a PIN or PUK without the card: PIN_UNSET, PIN_LENGTH, PIN_REPEATED. Costs no try. */
err  pin_refuse(struct token *t, const struct secret *pin) MUST_USE;
err  puk_refuse(struct token *t, const struct secret *puk) MUST_USE;

/* The same for a program, which may not spend the last try either: PIN_LAST_TRY. (The utility asks a person, and
 * says so.) */
err  puk_refuse_program(struct token *t, const struct secret *puk) MUST_USE;

/* What the handler returns then: noted in the ledger as `what`, with the key that the PIN was for (NULL: none), and
 * answered slowly where the program repeats itself. */
err  pin_refused(struct request *rq, struct token *t, const struct object *key, const char *what, err e) MUST_USE;

/* A PIN of this program (NULL: one that is gone) is not sent: too many were wrong, and it has proven none.
 * A PIN that is kept fills the card's own counter again and again; this is the counter that it does not. */
bool pin_barred(struct token *t, const struct peer *by);

/* What the card says of its PIN's tries now (TRIES_UNKNOWN: nothing). Fewer than were known: not this daemon
 * lost them, and no PIN that was kept is sent before one was proven. */
void pin_tries_seen(struct token *t, uint32_t left);

/* The outcome of a VERIFY with this PIN, given by that program (NULL: gone, or pin NULL: a kept one):
 * counts tries and guesses, remembers a wrong one, forgets it at a right one. */
void pin_outcome(struct token *t, struct peer *by, const struct secret *pin, err e);

/* The same for the PUK. */
void puk_outcome(struct token *t, const struct secret *puk, err e);
#endif
