/* A CAC card for tests: libcacard's emulation, which keeps its keys in an NSS database, plugged into
 * vsmartcard's vpcd, which plays its reader for pcscd.
 *
 *   caccard PORT NSSDB NICKNAME...     until it is ended; up to ten certificates that have a key there
 *
 * The card's PIN is the database's password. SIGUSR1 pulls it out of the reader, SIGUSR2 puts it in again. */
#include <arpa/inet.h>
#include <errno.h>
#include <libcacard.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FRAME = 65535, ATR = 40, RETRY_MS = 200 };
enum { POWER_OFF, POWER_ON, RESET, GET_ATR = 4 };	/* orders, one byte each; all else is an APDU */

static int orders;		/* a signalfd */
static bool out;		/* the card is not in the reader */

/* Waits for something to read at fd, or so long; orders that come meanwhile are taken. */
static bool readable(int fd, int ms)
{
	struct pollfd at[2] = { { .fd = orders, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	struct signalfd_siginfo info;

	if (poll(at, 2, ms) <= 0)
		return false;
	if (at[0].revents && read(orders, &info, sizeof info) == sizeof info)
		out = info.ssi_signo == SIGUSR1;
	return at[1].revents != 0;
}

/* Exactly so many bytes. vpcd sends length and body apart: an ACK that is held back costs 40 ms each
 * time, and the kernel forgets after a while that it was told so. */
static bool get(int fd, unsigned char *to, size_t size)
{
	while (size > 0 && !out) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &(int){ 1 }, sizeof(int));
		if (!readable(fd, -1))
			continue;
		ssize_t n = recv(fd, to, size, 0);
		if (n <= 0)
			return false;
		to += n;
		size -= (size_t)n;
	}
	return !out;
}

static bool put(int fd, unsigned char *frame, size_t size)
{
	frame[0] = (unsigned char)(size >> 8);
	frame[1] = (unsigned char)size;
	for (size_t sent = 0; sent < size + 2;) {
		ssize_t n = send(fd, frame + sent, size + 2 - sent, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return false;
		sent += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* Up from cold. libcacard tells the ATR here alone, and it is asked for all the time, to see whether a
 * card is there: the answer is kept, since to power a card on is to reset it. */
static unsigned char atr[2 + ATR];
static int atr_size;

static bool power_on(VReader *reader)
{
	atr_size = ATR;
	return vreader_power_on(reader, atr + 2, &atr_size) == VREADER_OK;
}

static bool apdu(int fd, VReader *reader, unsigned char *command, size_t size)
{
	static unsigned char frame[2 + FRAME];
	int answer = FRAME;

	if (vreader_xfr_bytes(reader, command, (int)size, frame + 2, &answer) != VREADER_OK) {
		frame[2] = 0x6F;
		frame[3] = 0x00;
		answer = 2;
	}
	return put(fd, frame, (size_t)answer);
}

static bool order(int fd, VReader *reader, unsigned char what)
{
	switch (what) {
	case POWER_OFF:
		(void)vreader_power_off(reader);
		return true;
	case POWER_ON:
		return power_on(reader);
	case RESET:
		(void)vreader_power_off(reader);
		return power_on(reader);
	case GET_ATR:
		return put(fd, atr, (size_t)atr_size);
	default:
		return true;
	}
}

/* One stay in the reader: until the card is pulled or vpcd ends the connection. */
static void serve(int fd, VReader *reader)
{
	static unsigned char command[FRAME];
	unsigned char length[2];

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	while (get(fd, length, sizeof length)) {
		size_t size = (size_t)length[0] << 8 | length[1];
		if (!get(fd, command, size))
			return;
		if (size == 1 ? !order(fd, reader, command[0]) : size && !apdu(fd, reader, command, size))
			return;
	}
}

/* The card in libcacard's only reader; NULL where the database does not have what it needs. */
static VReader *card(const char *folder, char **names, int count)
{
	char options[4096];
	int used = snprintf(options, sizeof options, "db=\"sql:%s\" use_hw=no soft=(,Test reader,CAC,", folder);

	for (int i = 0; i < count && used > 0 && used < (int)sizeof options; i++)
		used += snprintf(options + used, sizeof options - (size_t)used, ",%s", names[i]);
	if (used <= 0 || used + 1 >= (int)sizeof options)
		return NULL;
	options[used] = ')';
	options[used + 1] = '\0';
	VCardEmulOptions *parsed = vcard_emul_options(options);
	if (!parsed || vcard_emul_init(parsed) != VCARD_EMUL_OK)
		return NULL;
	VReaderList *readers = vreader_get_reader_list();
	VReaderListEntry *first = readers ? vreader_list_get_first(readers) : NULL;
	return first ? vreader_list_get_reader(first) : NULL;
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fputs("usage: caccard PORT NSSDB NICKNAME...\n", stderr);
		return 64;
	}
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);		/* before libcacard starts threads */
	orders = signalfd(-1, &set, SFD_CLOEXEC);
	VReader *reader = card(argv[2], argv + 3, argc - 3);
	if (!reader || !power_on(reader)) {
		fprintf(stderr, "caccard: no card comes of %s: it wants certificates with their keys\n", argv[2]);
		return 1;
	}
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	for (;; (void)readable(-1, out ? -1 : RETRY_MS)) {
		int fd = out ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
			serve(fd, reader);
		if (fd >= 0)
			close(fd);
	}
}
