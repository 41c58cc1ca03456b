/* A card: APDUs (ISO/IEC 7816-4) on a reader, with all that a driver should not have to know: chained
 * commands, replies in pieces, extended lengths, wrong Le. */
#ifndef BSRE_TOKEND_CARD_H
#define BSRE_TOKEND_CARD_H
#include "lib/err.h"
#include "lib/secret.h"
#include "lib/tlv.h"
#include "reader.h"

enum {
	APDU_DATA_MAX = 4096,		/* bytes of command data that a driver can build */
	CARD_REPLY_MAX = 65536,		/* bytes of a whole reply: more is a hostile card */
	CARD_ROUNDS_MAX = 256		/* GET RESPONSE in a row */
};

struct card {
	struct reader *reader;
	bool     extended;		/* takes lengths above 255; a 6700 on such a command turns it off */
	uint32_t count;			/* commands sent */
	size_t   high;			/* bytes of rx that were ever written since card_wipe */
	uint8_t  rx[CARD_REPLY_MAX + 2];
};

/* What the command wants back: nothing, up to 256 bytes, or perhaps more, which extended length
 * carries in one piece. */
enum answer { NO_ANSWER, SHORT_ANSWER, LONG_ANSWER };

/* A command under construction: APDU(a, ins, p1, p2, answer); fill a.data; card_do(). */
struct apdu {
	uint8_t     ins, p1, p2;
	enum answer answer;
	bool        hot;		/* holds or brings a secret: wiped */
	bool        front;		/* a short reply's first piece is enough: no GET RESPONSE */
	struct buf  data;
};
#define APDU(name, ins_, p1_, p2_, answer_) \
	uint8_t name##_room[APDU_DATA_MAX]; \
	struct apdu name __attribute__((cleanup(apdu_drop))) = \
		{ .ins = (ins_), .p1 = (p1_), .p2 = (p2_), .answer = (answer_), .data = BUF(name##_room) }
void apdu_drop(struct apdu *a);

/* Takes a reader over and looks into its ATR. */
void card_init(struct card *card, struct reader *reader);

/* Sends the command, in as many pieces as it takes, and gives what came back, without the status word:
 * borrowed from the card until the next command. Refuses: DATA_LENGTH where the command was too long to
 * build, BAD_REPLY at an endless or unreadable reply, what the status word says (sw.def), and what
 * the reader says. */
err card_do(struct card *card, struct apdu *a, struct cur *reply) MUST_USE;

/* Wipes what commands brought back. */
void card_wipe(struct card *card);

/* Do the historical bytes of this ATR say that the card takes extended lengths (ISO/IEC 7816-4, 8.1.1.2.7,
 * compact-TLV tag 7, third byte)? protocol: 1 for T=1; under T=0 the answer is no. */
bool card_atr_extended(struct span atr, int protocol);
#endif
