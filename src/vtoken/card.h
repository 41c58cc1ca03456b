/* The virtual card: a command APDU goes in, a reply with its status word comes out. No sockets
 * and no clocks here. Clauses are ISO/IEC 7816-4:2013's and SP 800-73-4, part 2's. */
#ifndef BSRE_VTOKEN_CARD_H
#define BSRE_VTOKEN_CARD_H
#include "state.h"

enum {
	COMMAND_MAX = 65535,		/* bytes of one command APDU */
	DATA_MAX    = 4096,		/* bytes of command data, chained ones together */
	REPLY_MAX   = 4096 + 2,		/* bytes of one reply with its status word */
	CHALLENGE_MAX = 16
};

enum sw {
	SW_OK               = 0x9000,
	SW_MORE             = 0x6100,
	SW_TRIES            = 0x63C0,
	SW_MEMORY           = 0x6581,
	SW_LENGTH           = 0x6700,
	SW_NO_CHANNEL       = 0x6881,
	SW_NO_SECURE        = 0x6882,
	SW_SECURITY         = 0x6982,
	SW_BLOCKED          = 0x6983,
	SW_CONDITIONS       = 0x6985,
	SW_DATA             = 0x6A80,
	SW_FUNCTION         = 0x6A81,
	SW_NO_FILE          = 0x6A82,
	SW_FULL             = 0x6A84,
	SW_P1P2             = 0x6A86,
	SW_NO_REFERENCE     = 0x6A88,
	SW_INS              = 0x6D00,
	SW_CLA              = 0x6E00,
	SW_UNKNOWN          = 0x6F00
};

enum model { MODEL_PLAIN = 1, MODEL_YUBICO = 2 };	/* NIST alone; with Yubico's extensions */
enum applet { APPLET_NONE, APPLET_PIV, APPLET_MANAGEMENT, APPLET_DUMMY };
enum challenge_kind { CHALLENGE_NONE, CHALLENGE_SENT, WITNESS_SENT };

/* What kind of work the last command was, for the timing model. */
enum work { WORK_NONE, WORK_SELECT, WORK_VERIFY, WORK_KEY, WORK_GENERATE };

struct apdu {
	uint8_t     cla, ins, p1, p2;
	struct span data;
	size_t      le;			/* most bytes of reply data that the reader wants */
};

/* What a reset forgets (SP 800-73-4, part 2, 2.3). `fresh`: VERIFY was the command before. */
struct session {
	enum applet applet;
	bool        pin, fresh, mgm;
	enum challenge_kind challenge;
	struct secret expect;		/* the challenge, or the witness before its encryption */
};

struct card {
	struct state  *state;
	enum model     model;
	bool           big_rsa, no_extended, powered;
	bool           t0;		/* T=0: replies to commands with data are fetched */
	struct session session;

	struct { uint8_t head[4], bytes[DATA_MAX]; size_t n; bool open, hot; } chain;
	struct { uint8_t bytes[REPLY_MAX]; size_t n, at; bool hot; } answer;

	/* the key that a new one has taken the place of, until that one's time is over */
	struct { struct key was; size_t slot; bool open; } undo;

	/* what the last command was, for those who look from outside (time, traces) */
	enum work      work;
	const struct alg *work_alg;
	bool           hot;		/* its bytes may hold a secret */
};

/* A card without power that plays this state; both live as long as the caller wants. */
void card_init(struct card *c, struct state *state, enum model model);

/* Power on, power off, warm reset: every one drops the security status. */
void card_power(struct card *c, bool on);
void card_reset(struct card *c);

/* One command APDU; the reply, at least a status word, is appended to a buf with room for
 * REPLY_MAX bytes. Any bytes at all may come in. */
void card_transmit(struct card *c, struct span command, struct buf *reply);

/* For a command that is not going to be run: says in c->hot whether it may hold a secret, and that
 * there was no work. */
void card_peek(struct card *c, struct span command);

/* A generated key is in its slot for good, or (its card lost power before it was finished) what was
 * there before is. Before the next command one of the two must be called; it keeps by itself. */
void card_keep(struct card *c);
void card_undo(struct card *c);

/* For the commands (piv-*.c): keeps what was changed in the state. SW_OK or SW_MEMORY. */
enum sw card_commit(struct card *c);
#endif
