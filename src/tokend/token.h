/* Readers, and the tokens in them: arrival, identification, reading, removal. */
#ifndef BSRE_TOKEND_TOKEN_H
#define BSRE_TOKEND_TOKEN_H
#include "broker.h"
#include "child.h"
#include "pin.h"
#include "wire/records.h"

enum { NAME_MAX_BYTES = 256, TRIES_UNKNOWN = 255, TRIES_NOT_LAST = 254 };

struct job;
struct object;
struct ReaderState_in;

struct reader {
	struct reader    *next;
	char              name[NAME_MAX_BYTES];
	uint8_t           atr[33];
	size_t            atr_n;
	bool              present, exclusive, gone;
	uint32_t          count;		/* the reader's own event counter */
	unsigned          crashes;		/* workers lost, or silence, since the card was put in */
	sd_event_source  *again;		/* when a card that was mute or held by another is tried again */
	enum reader_state state;
	struct token     *token;		/* NULL: empty, or nothing that a driver knows */
	unsigned          row;			/* whose card it is, in the table of drivers (modules.h) */
	struct reader    *of;			/* not NULL: no reader, but a further token of that one's card */
	unsigned          part;			/* which of them, from 1 */
	bool              own;			/* no reader of pcscd, but a slot of the row's module */
	unsigned          turn;			/* when its module last told of it */
};

enum load { LOAD_NONE, LOAD_RUNS, LOAD_DONE };

struct token {
	struct token    *next;
	struct reader   *reader;
	uint32_t         id;
	bool             known;			/* identified: programs see it */
	bool             gone;			/* pulled out: only those who hold a pointer see it */
	char             driver[32], serial[64], label[128], manufacturer[64], model[64];
	uint32_t         firmware, flags, algs, pin_min, pin_max;
	struct tries     tries;
	struct child     worker;
	struct job      *jobs, *running;	/* queue; the one the worker has */
	uint32_t         turn_now;		/* whose place in the queue it has come to */
	bool             open;			/* a transaction is open at the card */
	bool             proven;		/* and a PIN or another secret was sent in it */
	bool             soiled;		/* its worker's PKCS#11 module was given a secret */
	uint64_t         since;			/* when others last had a chance at it */
	uint64_t         closed;		/* when our last transaction ended */
	uint64_t         pause_end;		/* when the pause that runs is over */
	unsigned         pauses;		/* that ended late, one after the other */
	uint32_t         fresh;			/* session whose context login was the worker's last command */
	sd_event_source *linger, *pause, *watchdog, *touch;
	bool             touch_wanted;		/* the job at the card is done only when a person touches it */
	uint32_t         touch_shown;		/* the notification that says so; 0: none */
	enum load        load;
	bool             whole;			/* every private key was seen */
	bool             merging;		/* what is read anew is held against what is known */
	unsigned         reading;		/* things that are still to be read */
	uint32_t         turn;			/* which reading: jobs of an earlier one are of no use */
	struct object   *objects;
};

/* Starts the monitors: pcscd's, and one for each virtual token's socket (NULL-terminated). */
err tokens_watch(bool pcsc, char *const *vtokens) MUST_USE;

/* A virtual token's socket? */
bool reader_is_vtoken(const struct reader *r);

/* For modules.c: a module (its row) told one of its slots in its turn; those of an earlier turn are gone; all
 * modules have told. */
void told_slot(struct ReaderState_in *in, unsigned row, unsigned turn);
void slots_gone(unsigned row, unsigned turn);
void tokens_scanned(void);

/* True once every reader has been told and what is in it is identified, or given up. */
bool tokens_settled(void);

/* What the monitors know of pcscd. */
enum service_state tokens_service(void);

/* Text as a C string, cut where there is no room. */
void keep_text(char *out, size_t cap, struct span s);

/* The token by its number; NULL: none, or it is gone. */
struct token *token_find(uint32_t id);

/* Begins to read the objects where that was not done yet. Requests that need them are parked. */
void token_load(struct token *t);

/* The card does not answer or its worker died: the token is gone, its reader unusable until the card
 * was pulled. */
void token_lost(struct token *t, bool quarantine);

/* Asks the card anew who it is; what is known stays until it has answered. */
void token_identify(struct token *t);

/* Another worker in place of one whose module was given a secret, which it may not have wiped; everything else
 * stays. */
void token_renew(struct token *t);

/* Its worker says that it is gone. What the reader knows of that may come later. */
void token_vanished(struct token *t);

/* CKF_TOKEN_INITIALIZED: `init` came to its end, or somebody else's program set the token up: not all its
 * secrets are the factory's (as far as it tells). */
bool token_is_set_up(const struct token *t);

/* For CardInit: forget what was read, identify anew. Its number stays. */
void token_reidentify(struct token *t);
#endif
