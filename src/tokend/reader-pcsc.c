/* A reader of pcscd. */
#include "config.h"
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>
#include "children.h"
#include "lib/log.h"
#include "reader.h"

enum {
	TRIES = 3,			/* a card that is reset again and again by others */
	CONNECT_S = 5,			/* the same where its transaction makes SCardConnect wait */
	POLL_MS = 50,
	SEEN_MS = 1500			/* how long pcscd may take to see that a card was pulled */
};

void (*reader_gives_up)(void);
unsigned reader_patience = 15;

struct pcsc {
	struct reader r;
	SCARDCONTEXT  context;
	SCARDHANDLE   card;
	bool          connected, begun;
	char          name[MAX_READERNAME];
};

/* What a failure of pcsc-lite means to us; what is not in the list is a reader that failed. */
static err err_from_pcsc(LONG rv)
{
	static const struct { LONG rv; uint16_t code; } map[] = {
		{ SCARD_S_SUCCESS,             E_OK },
		{ SCARD_W_REMOVED_CARD,        E_TOKEN_GONE },
		{ SCARD_E_NO_SMARTCARD,        E_TOKEN_GONE },
		{ SCARD_E_READER_UNAVAILABLE,  E_TOKEN_GONE },
		{ SCARD_E_UNKNOWN_READER,      E_TOKEN_GONE },
		{ SCARD_E_INVALID_HANDLE,      E_TOKEN_GONE },
		{ SCARD_E_SHARING_VIOLATION,   E_TOKEN_BUSY },
		{ SCARD_E_NO_SERVICE,          E_NO_READERS },
		{ SCARD_E_SERVICE_STOPPED,     E_NO_READERS },
		{ SCARD_W_SECURITY_VIOLATION,  E_REFUSED },
	};

	for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
		if (map[i].rv == rv)
			return (err){ map[i].code, 0 };
	return FAIL(BAD_REPLY);
}

static err failed(const char *what, LONG rv)
{
	if (rv != SCARD_S_SUCCESS)
		log_line(LOG_INFO, "%s: %s", what, pcsc_stringify_error(rv));
	return err_from_pcsc(rv);
}

static err reconnect(struct pcsc *p)
{
	DWORD protocol;

	return failed("SCardReconnect", SCardReconnect(p->card, SCARD_SHARE_SHARED,
		SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, SCARD_LEAVE_CARD, &protocol));
}

/* A command that did not get through is most often a card that was pulled, which pcscd itself learns a
 * moment later. */
static bool pulled(struct pcsc *p)
{
	SCARD_READERSTATE s = { .szReader = p->name, .dwCurrentState = SCARD_STATE_UNAWARE };
	LONG rv = SCardGetStatusChange(p->context, 0, &s, 1);

	for (int turn = 0; turn < TRIES && rv == SCARD_S_SUCCESS; turn++) {
		if (!(s.dwEventState & SCARD_STATE_PRESENT))
			return true;
		s.dwCurrentState = s.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
		rv = SCardGetStatusChange(p->context, SEEN_MS, &s, 1);
	}
	return rv != SCARD_S_SUCCESS && rv != SCARD_E_TIMEOUT;
}

/* What a failure means once the card was connected. A pcscd that dies shows itself in many ways; to who
 * was connected even as "not authorised". */
static err failed_later(struct pcsc *p, const char *what, LONG rv)
{
	err e = failed(what, rv);

	if (e.code == E_REFUSED || e.code == E_NO_READERS || (e.code == E_BAD_REPLY && pulled(p)))
		return FAIL(TOKEN_GONE);
	return e;
}

static err transmit(struct reader *r, struct span command, struct buf *reply)
{
	struct pcsc *p = (struct pcsc *)r;
	const SCARD_IO_REQUEST *pci = r->protocol == 1 ? SCARD_PCI_T1 : SCARD_PCI_T0;
	DWORD n = (DWORD)buf_room(reply);

	LONG rv = SCardTransmit(p->card, pci, command.p, (DWORD)command.n, NULL,
		reply->p + reply->n, &n);
	if (rv == SCARD_W_RESET_CARD) {
		p->r.lost = true;
		p->begun = false;		/* the reset ended it */
		TRY(reconnect(p));
		return FAIL(BAD_REPLY);
	}
	TRY(failed_later(p, "SCardTransmit", rv));
	buf_grow(reply, n);
	return reply->bad ? FAIL(BAD_REPLY) : OK;
}

/* --- waiting for other programs -------------------------------------------------------------- */
/* Nothing can call SCardConnect and SCardBeginTransaction back while another program has the card. The
 * process is the worker of this one card and has sent nothing yet: ending it is the clean way out. */
static void too_long(int signal)
{
	(void)signal;
	if (reader_gives_up)
		reader_gives_up();
	_exit(WORKER_EXIT_BUSY);
}

static void limit_wait(unsigned seconds)
{
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = too_long }, NULL);
	alarm(seconds);
}

/* Waits until no other program has a transaction: PCSCLITE_NO_BLOCKING makes SCardStatus say so, and not
 * SCardBeginTransaction. A removal or reset is left for that to find. */
static err wait_free(struct pcsc *p)
{
	const struct timespec pause = { 0, POLL_MS * 1000000L };

	for (unsigned ms = 0; ms < reader_patience * 1000u; ms += POLL_MS) {
		DWORD state, protocol, n = ATR_MAX;
		BYTE atr[ATR_MAX];
		if (SCardStatus(p->card, NULL, NULL, &state, &protocol, atr, &n) != SCARD_E_SHARING_VIOLATION)
			return OK;
		nanosleep(&pause, NULL);
	}
	return FAIL(TOKEN_BUSY);
}

static LONG begin_now(struct pcsc *p)
{
	LONG rv = SCARD_W_RESET_CARD;

	for (int i = 0; i < TRIES && rv == SCARD_W_RESET_CARD; i++) {
		rv = SCardBeginTransaction(p->card);
		if (rv == SCARD_W_RESET_CARD && !ok(reconnect(p)))
			return SCARD_E_NO_SMARTCARD;
	}
	return rv;
}

static err begin(struct reader *r)
{
	struct pcsc *p = (struct pcsc *)r;

	TRY(wait_free(p));
	limit_wait(reader_patience);
	LONG rv = begin_now(p);
	limit_wait(0);
	p->begun = rv == SCARD_S_SUCCESS;
	p->r.lost = false;
	return failed_later(p, "SCardBeginTransaction", rv);
}

static err end(struct reader *r, enum ending how)
{
	struct pcsc *p = (struct pcsc *)r;

	if (!p->begun)
		return OK;
	p->begun = false;
	LONG rv = SCardEndTransaction(p->card, how == END_RESET ? SCARD_RESET_CARD : SCARD_LEAVE_CARD);
	if (rv == SCARD_W_RESET_CARD)
		return OK;			/* somebody else did what we were about to */
	return failed_later(p, "SCardEndTransaction", rv);
}

static void close_pcsc(struct reader *r)
{
	struct pcsc *p = (struct pcsc *)r;

	if (p->connected)
		SCardDisconnect(p->card, p->begun ? SCARD_RESET_CARD : SCARD_LEAVE_CARD);
	SCardReleaseContext(p->context);
	free(p);
}

static err connect_card(struct pcsc *p)
{
	DWORD protocol = 0, n = ATR_MAX, state = 0, wire = 0;

	limit_wait(reader_patience < CONNECT_S ? reader_patience : CONNECT_S);
	LONG rv = SCardConnect(p->context, p->name, SCARD_SHARE_SHARED,
		SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &p->card, &protocol);
	limit_wait(0);
	TRY(failed("SCardConnect", rv));
	p->connected = true;
	p->r.protocol = protocol == SCARD_PROTOCOL_T1;
	rv = SCardStatus(p->card, NULL, NULL, &state, &wire, p->r.atr, &n);
	if (rv == SCARD_E_SHARING_VIOLATION) {
		TRY(wait_free(p));
		n = ATR_MAX;
		rv = SCardStatus(p->card, NULL, NULL, &state, &wire, p->r.atr, &n);
	}
	TRY(failed("SCardStatus", rv));
	p->r.atr_n = n;
	return OK;
}

err reader_open_pcsc(struct span name, struct reader **out)
{
	struct pcsc *p = calloc(1, sizeof *p);

	if (!p || !reader_name(name, p->name, sizeof p->name)) {
		free(p);
		return FAIL(NO_TOKEN);
	}
	setenv("PCSCLITE_NO_BLOCKING", "1", 1);
	p->r = (struct reader){ .transmit = transmit, .begin = begin, .end = end, .close = close_pcsc };
	LONG rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &p->context);
	if (rv != SCARD_S_SUCCESS) {
		free(p);
		return failed("SCardEstablishContext", rv);
	}
	err e = connect_card(p);
	if (!ok(e)) {
		close_pcsc(&p->r);
		return e;
	}
	*out = &p->r;
	return OK;
}
