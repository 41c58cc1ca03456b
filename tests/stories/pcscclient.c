/* A program that uses PC/SC directly, as any other on the machine may, as it is told on stdin: one
 * command a line, one answer a line. It stands for gpg, another vendor's module, a curious person. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

enum { WORDS = 4, REPLY_MOST = 65538, LINE_MOST = 8192, NAMES_MOST = 2048 };

static SCARDCONTEXT context;
static SCARDHANDLE card;
static DWORD protocol;
static char beside[2 * REPLY_MOST + 32];	/* what is said behind the result */

/* connect shared|exclusive [N]: to the N-th reader, the first where none is named. */
static LONG do_connect(char *w[WORDS])
{
	DWORD share = strcmp(w[1], "exclusive") ? SCARD_SHARE_SHARED : SCARD_SHARE_EXCLUSIVE;
	char names[NAMES_MOST], *name = names;
	DWORD n = sizeof names;
	LONG rv = context ? SCARD_S_SUCCESS : SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);

	if (rv == SCARD_S_SUCCESS)
		rv = SCardListReaders(context, NULL, names, &n);
	for (long i = atol(w[2]); rv == SCARD_S_SUCCESS && i > 1 && *name; i--)
		name += strlen(name) + 1;
	return rv != SCARD_S_SUCCESS ? rv :
		SCardConnect(context, name, share, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol);
}

static DWORD ending(const char *word)
{
	return strcmp(word, "reset") ? SCARD_LEAVE_CARD : SCARD_RESET_CARD;
}

static LONG do_disconnect(char *w[WORDS])
{
	return SCardDisconnect(card, ending(w[1]));
}

/* Says how many milliseconds it had to wait. */
static LONG do_begin(char *w[WORDS])
{
	struct timespec a, b;
	DWORD p;

	(void)w;
	clock_gettime(CLOCK_MONOTONIC, &a);
	LONG rv = SCardBeginTransaction(card);
	while (rv == SCARD_W_RESET_CARD) {
		SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
			SCARD_LEAVE_CARD, &p);
		rv = SCardBeginTransaction(card);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	snprintf(beside, sizeof beside, "%ld",
		(long)((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000));
	return rv;
}

static LONG do_end(char *w[WORDS])
{
	return SCardEndTransaction(card, ending(w[1]));
}

static LONG do_reconnect(char *w[WORDS])
{
	return SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, ending(w[1]),
		&protocol);
}

/* send HEX: says the status word, then the reply's data. */
static LONG do_send(char *w[WORDS])
{
	static BYTE out[LINE_MOST], in[REPLY_MOST];
	DWORD n = 0, got = sizeof in;
	unsigned byte;

	for (const char *at = w[1]; sscanf(at, "%2x", &byte) == 1; at += 2)
		out[n++] = (BYTE)byte;
	LONG rv = SCardTransmit(card, protocol == SCARD_PROTOCOL_T1 ? SCARD_PCI_T1 : SCARD_PCI_T0, out, n,
		NULL, in, &got);
	if (rv != SCARD_S_SUCCESS || got < 2)
		return rv;
	int at = snprintf(beside, sizeof beside, "%02X%02X ", in[got - 2], in[got - 1]);
	for (DWORD i = 0; i + 2 < got; i++)
		at += snprintf(beside + at, sizeof beside - (size_t)at, "%02X", in[i]);
	return rv;
}

static const struct { const char *name; LONG (*run)(char *w[WORDS]); } commands[] = {
	{ "connect", do_connect }, { "reconnect", do_reconnect }, { "disconnect", do_disconnect },
	{ "begin", do_begin }, { "end", do_end }, { "send", do_send },
};

static LONG obey(char *line)
{
	static char nothing[] = "";
	char *w[WORDS], *rest = line;

	for (int i = 0; i < WORDS; i++)
		w[i] = rest ? strsep(&rest, " ") : nothing;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (!strcmp(w[0], commands[i].name))
			return commands[i].run(w);
	return SCARD_E_INVALID_PARAMETER;
}

int main(void)
{
	static char line[LINE_MOST];

	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		*beside = '\0';
		LONG rv = obey(line);
		printf("%s%s%s\n", rv == SCARD_S_SUCCESS ? "OK" : pcsc_stringify_error(rv), *beside ? " " : "",
			beside);
		fflush(stdout);
	}
	return 0;
}
