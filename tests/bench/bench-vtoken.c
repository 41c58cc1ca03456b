/* How many APDUs a second: the card's code alone, over the token's own socket, through pcscd; beside
 * them what pcscd itself costs for a call that reaches no card. Runs on a card-desk. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>
#include "vtoken/card.h"

enum { ROUNDS = 3000 };

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void stop(const char *why)
{
	fprintf(stderr, "bench-vtoken: %s\n", why);
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* --- three ways to the card, each with one command -------------------------------------------- */
static struct card card;
static int link_fd;
static SCARDCONTEXT context;
static SCARDHANDLE handle;
static DWORD protocol;

static void alone(struct span command)
{
	uint8_t room[REPLY_MAX];
	struct buf b = BUF(room);

	card_transmit(&card, command, &b);
	if (b.p[b.n - 2] == 0x6D)
		stop("the card refused");
}

static void get(uint8_t *p, size_t n)
{
	while (n) {
		ssize_t got = recv(link_fd, p, n, 0);
		if (got <= 0)
			stop("the socket was closed");
		p += got;
		n -= (size_t)got;
	}
}

static void direct(struct span command)
{
	uint8_t room[8192], head[2];
	struct buf b = BUF(room);

	buf_counted(&b, command, 2);
	if (send(link_fd, b.p, b.n, MSG_NOSIGNAL) != (ssize_t)b.n)
		stop("the socket takes nothing");
	get(head, 2);
	get(room, (size_t)(head[0] << 8 | head[1]));
}

static void through(struct span command)
{
	uint8_t room[8192];
	DWORD n = sizeof room;

	if (SCardTransmit(handle, SCARD_PCI_T1, command.p, command.n, NULL, room, &n) != 0)
		stop("SCardTransmit failed");
}

/* --- two calls that reach pcscd and no card --------------------------------------------------- */
static void status(struct span none)
{
	uint8_t atr[MAX_ATR_SIZE];
	char name[256];
	DWORD n = sizeof name, state, a = sizeof atr;

	(void)none;
	if (SCardStatus(handle, name, &n, &state, &protocol, atr, &a) != 0)
		stop("SCardStatus failed");
}

static void transaction(struct span none)
{
	(void)none;
	if (SCardBeginTransaction(handle) != 0 || SCardEndTransaction(handle, SCARD_LEAVE_CARD) != 0)
		stop("a transaction failed");
}

/* One row: the median, the 95th percentile, and how many a second that makes. */
static void measure(const char *what, void (*call)(struct span), struct span command)
{
	static double took[ROUNDS];
	double sum = 0;

	for (int i = 0; i < ROUNDS; i++) {
		double began = now();
		call(command);
		took[i] = now() - began;
		sum += took[i];
	}
	qsort(took, ROUNDS, sizeof *took, by_value);
	printf("%-38s %9.1f %9.1f %10.0f\n", what, took[ROUNDS / 2] * 1e6,
		took[ROUNDS * 95 / 100] * 1e6, ROUNDS / sum);
}

static void link_up(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	link_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(link_fd, (struct sockaddr *)&at, sizeof at) != 0)
		stop("no token at VTOKEN_DIRECT");
	if (send(link_fd, "\0\1\1", 3, 0) != 3)		/* power on */
		stop("the socket takes nothing");
}

static void connect_pcscd(void)
{
	char names[4096];
	DWORD n = sizeof names;

	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != 0
			|| SCardListReaders(context, NULL, names, &n) != 0
			|| SCardConnect(context, names, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, &handle,
				&protocol) != 0)
		stop("no card in pcscd");
}

int main(void)
{
	static struct state state;
	const char *path = getenv("VTOKEN_DIRECT");
	static const uint8_t select[] = { 0, 0xA4, 4, 0, 5, 0xA0, 0, 0, 3, 8 };
	static const uint8_t tries[] = { 0, 0x20, 0, 0x80 };
	static const uint8_t cert[] = { 0, 0xCB, 0x3F, 0xFF, 0, 0, 5, 0x5C, 3, 0x5F, 0xFF, 1, 0, 0 };

	if (!path)
		stop("VTOKEN_DIRECT is not set; run it by tests/tools/card-desk");
	if (!ok(state_blank(&state, 1)))
		stop("no blank token");
	card_init(&card, &state, MODEL_YUBICO);
	card_power(&card, true);
	link_up(path);
	connect_pcscd();
	printf("%-38s %9s %9s %10s\n", "", "median us", "p95 us", "a second");
	alone(SPAN_OF(select));
	measure("the card's code, tries left", alone, SPAN_OF(tries));
	measure("the card's code, a certificate", alone, SPAN_OF(cert));
	direct(SPAN_OF(select));
	measure("its own socket, tries left", direct, SPAN_OF(tries));
	measure("its own socket, a certificate", direct, SPAN_OF(cert));
	measure("pcscd alone, SCardStatus", status, SPAN_NONE);
	measure("pcscd alone, an empty transaction", transaction, SPAN_NONE);
	through(SPAN_OF(select));
	measure("pcscd and vpcd, tries left", through, SPAN_OF(tries));
	measure("pcscd and vpcd, a certificate", through, SPAN_OF(cert));
	SCardDisconnect(handle, SCARD_RESET_CARD);
	return 0;
}
