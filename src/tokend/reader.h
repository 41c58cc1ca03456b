/* Hardware is this handful of functions. Behind them: pcscd (reader-pcsc.c), the virtual token's own
 * socket (reader-vtoken.c) and, in tests, a transcript (reader-replay.c). */
#ifndef BSRE_TOKEND_READER_H
#define BSRE_TOKEND_READER_H
#include "lib/err.h"
#include "lib/span.h"

enum { ATR_MAX = 33 };			/* bytes, ISO/IEC 7816-3, 8.2.1 */

/* How a transaction ends: the card keeps its state, or is reset. */
enum ending { END_LEAVE, END_RESET };

struct reader {
	/* Sends one command and appends the whole reply, status word included. TOKEN_GONE: pulled out;
	 * BAD_REPLY: the reader could not carry it. Where the card was reset behind our back `lost` is set:
	 * nothing that was said to it before still holds, and the transaction is over. */
	err  (*transmit)(struct reader *, struct span command, struct buf *reply) MUST_USE;
	/* Waits for the card to be ours alone, whoever else uses it. A reset by others in between does not
	 * fail it: a transaction begins knowing nothing. */
	err  (*begin)(struct reader *) MUST_USE;
	err  (*end)(struct reader *, enum ending) MUST_USE;
	/* Lets go of everything; a transaction that is still open ends with a reset. Frees the reader. */
	void (*close)(struct reader *);

	uint8_t atr[ATR_MAX];
	size_t  atr_n;
	int     protocol;		/* T=0 or T=1 */
	bool    lost;
	bool    cryptoki;		/* it is a PKCS#11 module's: no commands go through it */
};

/* What opens a reader: NO_TOKEN, TOKEN_BUSY (held by another program alone), NO_READERS (no pcscd),
 * TOKEN_GONE. The caller ends it with close(). */
typedef err reader_opener(struct span name, struct reader **out);
reader_opener reader_open;		/* by the name's form: one of the two below */
reader_opener reader_open_pcsc;
reader_opener reader_open_vtoken;	/* "vtoken:" and the socket's path */

/* Called from a signal handler right before the process ends because another program keeps the card
 * (WORKER_EXIT_BUSY): the last chance to say so. NULL: nobody wants it. */
extern void (*reader_gives_up)(void);

/* Seconds that another program's transaction is waited for. */
extern unsigned reader_patience;

/* A copy of a name as a C string; false where it is empty, too long or holds a NUL. */
bool reader_name(struct span name, char *out, size_t cap);
#endif
