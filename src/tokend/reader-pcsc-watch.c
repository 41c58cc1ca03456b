/* Watching pcscd's readers. All waiting is inside SCardGetStatusChange, which needs a context of its own
 * and cannot be woken: the broker ends this process by a signal. */
#include "config.h"
#include <stdlib.h>
#include <winscard.h>
#include "lib/log.h"
#include "monitor.h"

enum {
	READERS = PCSCLITE_MAX_READERS_CONTEXTS,
	/* INFINITE makes pcsc-lite wake up once a minute; a day is as good */
	WAIT_MS = 24 * 60 * 60 * 1000
};

static const char pnp[] = "\\\\?PnP?\\Notification";	/* "the readers themselves have changed" */

struct place {
	char     name[MAX_READERNAME];	/* empty: a free place */
	bool     listed;
	DWORD    state;			/* as last seen */
	uint32_t told;			/* what the broker was told last */
};

struct watch {
	SCARDCONTEXT context;
	struct place places[READERS];
	DWORD        readers;		/* how many pcscd listed */
};

/* --- which readers there are ----------------------------------------------------------------- */
static struct place *place_of(struct watch *w, const char *name)
{
	struct place *free_one = NULL;

	for (size_t i = 0; i < READERS; i++) {
		if (strcmp(w->places[i].name, name) == 0)
			return &w->places[i];
		if (!free_one && !w->places[i].name[0])
			free_one = &w->places[i];
	}
	return free_one;
}

static void note_reader(struct watch *w, const char *name)
{
	struct place *p = place_of(w, name);

	w->readers++;
	if (!p)
		return;
	if (!p->name[0]) {
		if (!reader_name(span_str(name), p->name, sizeof p->name)) {
			p->name[0] = 0;
			return;
		}
		p->state = SCARD_STATE_UNAWARE;
		p->told = UINT32_MAX;
	}
	p->listed = true;
}

static void drop_unlisted(struct watch *w)
{
	for (size_t i = 0; i < READERS; i++)
		if (w->places[i].name[0] && !w->places[i].listed) {
			tell_gone(w->places[i].name);
			w->places[i].name[0] = 0;
		}
}

static LONG list_readers(struct watch *w)
{
	char names[READERS * MAX_READERNAME + 1];
	DWORD n = sizeof names;
	LONG rv = SCardListReaders(w->context, NULL, names, &n);

	if (rv == SCARD_E_NO_READERS_AVAILABLE)
		n = 0;
	else if (rv != SCARD_S_SUCCESS)
		return rv;
	w->readers = 0;
	for (size_t i = 0; i < READERS; i++)
		w->places[i].listed = false;
	for (struct cur c = cur_of((struct span){ (uint8_t *)names, n }); cur_left(&c) > 1;) {
		const char *name = (const char *)c.p;
		cur_take(&c, strnlen(name, cur_left(&c)) + 1);
		if (!c.bad && *name)
			note_reader(w, name);
	}
	drop_unlisted(w);
	return SCARD_S_SUCCESS;
}

/* --- what is in them ------------------------------------------------------------------------- */
static void told(struct place *p, const SCARD_READERSTATE *s)
{
	bool present = s->dwEventState & SCARD_STATE_PRESENT;
	bool exclusive = s->dwEventState & SCARD_STATE_EXCLUSIVE;
	uint32_t count = (uint32_t)(s->dwEventState >> 16) & 0xFFFF;
	uint32_t now = count << 2 | (uint32_t)present << 1 | (uint32_t)exclusive;
	struct ReaderState_in in = { .reader = span_str(p->name), .present = present, .count = count,
		.exclusive = exclusive };

	if (present && s->cbAtr <= ATR_MAX)
		in.atr = (struct span){ s->rgbAtr, s->cbAtr };
	p->state = s->dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	if (now == p->told)
		return;				/* somebody connected or let go: nothing to the broker */
	p->told = now;
	tell_reader(&in);
}

/* Waits for the next change and tells it. */
static LONG wait_change(struct watch *w, DWORD timeout)
{
	SCARD_READERSTATE states[READERS + 1] = { 0 };
	struct place *of[READERS];
	DWORD n = 0;

	for (size_t i = 0; i < READERS; i++)
		if (w->places[i].name[0]) {
			of[n] = &w->places[i];
			states[n].szReader = of[n]->name;
			states[n++].dwCurrentState = w->places[i].state;
		}
	states[n].szReader = pnp;
	states[n].dwCurrentState = w->readers << 16;
	LONG rv = SCardGetStatusChange(w->context, timeout, states, n + 1);
	if (rv == SCARD_E_UNKNOWN_READER)
		return SCARD_S_SUCCESS;		/* it went between the two: the next list says so */
	if (rv != SCARD_S_SUCCESS)
		return rv;
	for (DWORD i = 0; i < n; i++)
		if (states[i].dwEventState & SCARD_STATE_CHANGED)
			told(of[i], &states[i]);
	return rv;
}

/* For as long as pcscd is there. */
static LONG watch_readers(struct watch *w)
{
	LONG rv = list_readers(w);

	if (rv == SCARD_S_SUCCESS)
		rv = wait_change(w, 0);
	if (rv == SCARD_E_TIMEOUT)
		rv = SCARD_S_SUCCESS;
	tell_scan_done();
	while (rv == SCARD_S_SUCCESS || rv == SCARD_E_TIMEOUT) {
		rv = list_readers(w);
		if (rv == SCARD_S_SUCCESS)
			rv = wait_change(w, WAIT_MS);
	}
	return rv;
}

/* --- pcscd itself ---------------------------------------------------------------------------- */
static const char *socket_path(void)
{
	const char *path = secure_getenv("PCSCLITE_CSOCK_NAME");

	return path ? path : "/run/pcscd/pcscd.comm";
}

static void all_gone(struct watch *w)
{
	for (size_t i = 0; i < READERS; i++)
		w->places[i].listed = false;
	drop_unlisted(w);
}

void monitor_pcsc(void)
{
	static struct watch w;
	unsigned attempt = 0;
	bool up = true;

	for (;;) {
		LONG rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &w.context);
		if (rv == SCARD_S_SUCCESS) {
			tell_service(up = true);
			rv = watch_readers(&w);
			SCardReleaseContext(w.context);
			attempt = 0;
		}
		all_gone(&w);
		if (up) {
			log_line(LOG_INFO, "pcscd: %s", pcsc_stringify_error(rv));
			tell_service(up = false);
		}
		tell_scan_done();
		monitor_wait(socket_path(), attempt++);
	}
}
