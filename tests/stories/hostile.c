/* A program that does to the token service what no honest one does: hostile ATTACK SECONDS. It says what
 * it reached; how the others fared is for the story to see. */
#include "config.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "wire/calls.h"
#include "wire/frame.h"
#include "wire/records.h"

enum { MANY = 600, PATIENCE_MS = 3000 };

static double until;
static uint32_t token, last_id;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int dial_as(int flags)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const char *path = getenv("BSRE_TOKEND_SOCKET");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path ? path : "");
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int dial(void)
{
	return dial_as(0);
}

/* --- frames, as far as an honest program makes them ---------------------------------------------- */
#define MAKE(b, call, id, ...) do { \
	struct call##_in in_ = { __VA_ARGS__ }; \
	size_t at_ = frame_begin(b, id, call##_ID, 0); \
	call##_put_in(b, &in_); \
	frame_end(b, at_); \
} while (0)

static bool give(int fd, const struct buf *b)
{
	return send(fd, b->p, b->n, MSG_NOSIGNAL) == (ssize_t)b->n;
}

/* One reply. False: the service hung up, or says nothing for long. */
static bool get(int fd, struct buf *room, struct frame *f)
{
	struct pollfd p = { fd, POLLIN, 0 };

	while (!frame_size(buf_span(room)) || frame_size(buf_span(room)) > room->n) {
		if (poll(&p, 1, PATIENCE_MS) <= 0)
			return false;
		size_t want = room->n < 4 ? 4 - room->n : frame_size(buf_span(room)) - room->n;
		ssize_t n = recv(fd, room->p + room->n, want, 0);
		if (n <= 0)
			return false;
		buf_grow(room, (size_t)n);
	}
	return ok(frame_open(buf_span(room), f));
}

/* The error that a call is answered with; 0xFFFF: none came. */
static unsigned ask(int fd, const struct buf *b, struct buf *room, struct frame *f)
{
	room->n = 0;
	return give(fd, b) && get(fd, room, f) ? f->what : 0xFFFF;
}

static uint8_t out_room[FRAME_MAX], in_room[FRAME_MAX];

static int greeted(uint32_t version)
{
	struct buf b = BUF(out_room), r = BUF(in_room);
	struct TokenList_out list;
	struct TokenRec_in rec;
	struct frame f;
	int fd = dial();

	if (fd < 0)
		return -1;
	MAKE(&b, Hello, ++last_id, .version = version, .word = sizeof(long));
	unsigned e = ask(fd, &b, &r, &f);
	if (e != E_OK) {
		printf("hello: %u\n", e);
		close(fd);
		return -1;
	}
	b.n = 0;
	MAKE(&b, TokenList, ++last_id, .call_id = 0);
	if (ask(fd, &b, &r, &f) == E_OK) {
		struct cur c = cur_of(f.body);
		TokenList_get_out(&c, &list);
		c = cur_of(list.list);
		TokenRec_get_in(&c, &rec);
		token = rec.token;
	}
	return fd;
}

static uint32_t session(int fd, unsigned *error)
{
	struct buf b = BUF(out_room), r = BUF(in_room);
	struct SessionOpen_out out;
	struct frame f;

	MAKE(&b, SessionOpen, ++last_id, .token = token);
	*error = ask(fd, &b, &r, &f);
	if (*error != E_OK)
		return 0;
	struct cur c = cur_of(f.body);
	SessionOpen_get_out(&c, &out);
	return out.session;
}

/* --- the attacks --------------------------------------------------------------------------------- */
static int rubbish(void)
{
	uint8_t bytes[4096];
	unsigned n = 0;

	for (; now() < until; n++) {
		int fd = n % 2 ? greeted(WIRE_VERSION) : dial();
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (uint8_t)rand();
		if (n % 3)
			bytes[0] = bytes[1] = 0;		/* a length that could be */
		if (fd >= 0 && send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
			perror("send");
		if (fd >= 0)
			close(fd);
	}
	printf("rubbish %u times\n", n);
	return 0;
}

/* Fronts of frames, a byte at a time, on as many connections as one gets. */
static int half(void)
{
	struct buf b = BUF(out_room);
	unsigned n = 0, closed = 0;
	int fds[MANY];

	MAKE(&b, Hello, 1, .version = WIRE_VERSION, .word = sizeof(long));
	for (; n < MANY && (fds[n] = dial_as(SOCK_NONBLOCK)) >= 0; n++)
		;
	for (size_t at = 0; at < b.n - 1 && now() < until; at++) {
		for (unsigned i = 0; i < n; i++)
			if (fds[i] >= 0 && send(fds[i], b.p + at, 1, MSG_NOSIGNAL) != 1) {
				close(fds[i]);
				fds[i] = -1;
				closed++;
			}
		usleep(20000);
	}
	printf("half: %u connections, %u cut off\n", n, closed);
	return 0;
}

/* Calls without end, and not one reply is read. */
static int flood(void)
{
	struct buf b = BUF(out_room);
	int fd = greeted(WIRE_VERSION);
	unsigned long n = 0;

	b.n = 0;
	while (b.n < 60000)
		MAKE(&b, MechList, ++last_id, .token = token);
	while (fd >= 0 && now() < until) {
		struct pollfd p = { fd, POLLOUT, 0 };
		if (poll(&p, 1, 100) == 1 && send(fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
			n++;
		else if (p.revents & (POLLHUP | POLLERR))
			break;
	}
	printf("flood: %lu times 60 kB\n", n);
	return 0;
}

static int sessions(void)
{
	int fd = greeted(WIRE_VERSION);
	unsigned e = E_OK, n = 0;

	while (fd >= 0 && n < 1000000 && session(fd, &e))
		n++;
	printf("sessions %u error %u\n", n, e);
	return 0;
}

static int objects(void)
{
	static uint8_t value[50000], room[FRAME_DATA_MAX];
	struct buf attrs = BUF(room);
	int fd = greeted(WIRE_VERSION);
	unsigned long cls = CKO_DATA;
	unsigned e, n = 0;
	uint32_t s = fd < 0 ? 0 : session(fd, &e);
	struct AttrRec_in a = { .type = CKA_CLASS, .value = { (uint8_t *)&cls, sizeof cls } },
		v = { .type = CKA_VALUE, .value = SPAN_OF(value) };

	AttrRec_put_in(&attrs, &a);
	AttrRec_put_in(&attrs, &v);
	for (e = E_OK; s && e == E_OK && n < 1000000; n += e == E_OK) {
		struct buf b = BUF(out_room), r = BUF(in_room);
		struct frame f;
		MAKE(&b, ObjectCreate, ++last_id, .session = s, .attrs = buf_span(&attrs));
		e = ask(fd, &b, &r, &f);
	}
	printf("objects %u error %u\n", n, e);
	return 0;
}

/* Numbers of sessions and objects that others may have. */
static int forge(void)
{
	int fd = greeted(WIRE_VERSION);
	unsigned tried = 0, worked = 0;

	for (uint32_t s = 1; fd >= 0 && s < 5000; s++) {
		struct buf b = BUF(out_room), r = BUF(in_room);
		struct frame f;
		switch (s % 4) {
		case 0: MAKE(&b, SessionInfo, ++last_id, .session = s / 4); break;
		case 1: MAKE(&b, OpFinish, ++last_id, .session = s / 4, .op = OP_SIGN); break;
		case 2: MAKE(&b, Logout, ++last_id, .session = s / 4); break;
		case 3: MAKE(&b, SessionClose, ++last_id, .session = s / 4); break;
		}
		tried++;
		worked += ask(fd, &b, &r, &f) != E_SESSION_GONE;
	}
	printf("forge %u worked %u\n", tried, worked);
	return worked != 0;
}

static int connections(void)
{
	static int fds[MANY];
	unsigned n = 0, good = 0;

	for (; n < MANY; n++) {
		fds[n] = greeted(WIRE_VERSION);
		good += fds[n] >= 0;
		if (fds[n] < 0 && n > 100)
			break;
	}
	while (now() < until)
		usleep(100000);
	printf("connections %u of %u\n", good, n);
	return 0;
}

/* Work for the card, and gone before it is done, again and again. */
static int leave(void)
{
	unsigned n = 0;

	for (; now() < until; n++) {
		int fd = greeted(WIRE_VERSION);
		struct buf b = BUF(out_room);
		if (fd < 0)
			break;
		for (int i = 0; i < 60; i++) {
			struct secret puk = { .n = 8, .b = "00000000" };
			MAKE(&b, PinVerify, ++last_id, .token = token, .pin = puk);
		}
		(void)give(fd, &b);
		close(fd);
	}
	printf("left %u times\n", n);
	return 0;
}

/* Wrong PUKs and PINs, each another, without a person's word: what the service says to each. */
static int spend(void)
{
	int fd = greeted(WIRE_VERSION);

	for (uint8_t i = 0; i < 9; i++) {
		struct buf b = BUF(out_room), r = BUF(in_room);
		struct secret wrong = { .n = 8, .b = "0000000" }, new = { .n = 8, .b = "73016482" };
		struct frame f;
		uint32_t which = (uint32_t)(i % 3 == 1 ? CKU_SO : CKU_USER);
		wrong.b[7] = (uint8_t)('0' + i);
		if (i % 3 == 0)
			MAKE(&b, PinUnblock, ++last_id, .token = token, .puk = wrong, .pin = new);
		else
			MAKE(&b, PinChange, ++last_id, .token = token, .which = which, .old = wrong,
			     .new = new);
		unsigned code = ask(fd, &b, &r, &f);
		printf("%s ", err_known((uint16_t)code) ? err_name((err){ (uint16_t)code, 0 }) : "none");
	}
	printf("\n");
	return 0;
}

static int version(void)
{
	int fd = greeted(WIRE_VERSION + 1), old = greeted(0);

	return fd >= 0 || old >= 0;
}

/* A call before Hello, and a length that no frame has: cut off. */
static int rude(void)
{
	struct buf b = BUF(out_room), r = BUF(in_room);
	struct frame f;
	int fd = dial();

	MAKE(&b, TokenList, 1, .call_id = 0);
	unsigned first = ask(fd, &b, &r, &f);
	b.n = 0;
	buf_be(&b, 0xFFFFFFF0, 4);
	fd = dial();
	unsigned second = ask(fd, &b, &r, &f);
	printf("rude %u %u\n", first, second);
	return first != 0xFFFF || second != 0xFFFF;
}

static const struct { const char *name; int (*run)(void); } attacks[] = {
	{ "rubbish", rubbish }, { "half", half }, { "flood", flood }, { "sessions", sessions },
	{ "objects", objects }, { "forge", forge }, { "connections", connections }, { "leave", leave },
	{ "version", version }, { "rude", rude }, { "spend", spend },
};

int main(int argc, char **argv)
{
	until = now() + (argc > 2 ? atof(argv[2]) : 1);
	for (size_t i = 0; argc > 1 && i < sizeof attacks / sizeof attacks[0]; i++)
		if (!strcmp(argv[1], attacks[i].name))
			return attacks[i].run();
	fprintf(stderr, "usage: hostile ATTACK SECONDS\n");
	return 64;
}
