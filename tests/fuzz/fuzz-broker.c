/* Hostile programs, workers and monitors against the real broker, in one process: its loop, its socket and
 * its children's sockets are real, but the children are this file, and time is told by the input.
 * Input: steps, each a byte of kind, a byte of whom, two of length, a body. */
#include "config.h"
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "broker-desk.h"
#include "tokend/conf.h"
#include "tokend/door.h"
#include "tokend/peer.h"
#include "tokend/token.h"
#include "wire/calls.h"
#include "wire/events.h"
#include "wire/frame.h"
#include "wire/jobs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum kind {
	CALL_OF,		/* a program's call: u16 call, its fields */
	RAW_OF,			/* bytes of a program */
	HANG_UP,
	REPLY,			/* a worker's: u16 job, err, status word, its fields; where that job waits */
	UNASKED,		/* the same, whatever it waits for */
	WORKER_RAW,
	WORKER_DIES,
	TELL,			/* the monitor's: u16 event, its fields */
	MONITOR_RAW,
	MONITOR_DIES,
	TIME,			/* the next timer */
	SCANNED,		/* readers told in time, or not: programs wait no longer */
	KINDS
};
enum { PROGRAMS = 2, POSTED = 0x80, STEPS_MAX = 400, CALLS_MAX = 512 };

/* --- programs ------------------------------------------------------------------------------------ */
static struct program {
	int      fd;			/* -1: not connected */
	uint32_t calls;			/* calls that wanted an answer; their ids count from 1 */
	bool     answered[CALLS_MAX];
	bool     raw;			/* it may have sent calls of any id */
	uint8_t  in[FRAME_MAX];
	size_t   in_n;
} programs[PROGRAMS] = { { .fd = -1 }, { .fd = -1 } };
static struct sockaddr_un door = { .sun_family = AF_UNIX };
static socklen_t door_n;

static void program_ends(struct program *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static bool program_begins(struct program *p)
{
	if (p->fd >= 0)
		return true;
	*p = (struct program){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) };
	need(p->fd >= 0 && connect(p->fd, (const struct sockaddr *)&door, door_n) == 0);
	desk_settle();
	return true;
}

/* A program gets one answer to each call that wanted one, and none of the broker's own numbers. */
static void program_reads(struct program *p, const struct frame *f)
{
	if (!p->raw) {
		need(f->id >= 1 && f->id <= p->calls && !p->answered[f->id]);
		p->answered[f->id] = true;
	}
	need(frame_err(f).code == f->what && f->what != E_PENDING && f->what != E_PARKED);
	need(f->what == E_OK || f->body.n == 0);
}

static void program_hears(struct program *p)
{
	struct frame f;
	size_t at = 0, size;
	ssize_t n = 1;

	while (p->fd >= 0 && (n = recv(p->fd, p->in + p->in_n, sizeof p->in - p->in_n, MSG_DONTWAIT)) > 0) {
		p->in_n += (size_t)n;
		for (at = 0; (size = frame_size((struct span){ p->in + at, p->in_n - at })) &&
				size <= p->in_n - at; at += size) {
			need(ok(frame_open((struct span){ p->in + at, size }, &f)));
			program_reads(p, &f);
		}
		need(size <= FRAME_MAX);
		memmove(p->in, p->in + at, p->in_n - at);
		p->in_n -= at;
	}
	if (p->fd >= 0 && (n == 0 || (n < 0 && errno != EAGAIN)))
		program_ends(p);
}

static void program_calls(struct program *p, bool posted, struct cur *c)
{
	static uint8_t room[FRAME_MAX];
	struct buf b = BUF(room);
	uint16_t call = cur_u16(c);

	if (c->bad || p->calls + 1 == CALLS_MAX || !program_begins(p))
		return;
	frame_begin(&b, posted ? 0 : ++p->calls, call, 0);
	buf_put(&b, cur_rest(c));
	frame_end(&b, 0);
	if (!b.bad && send(p->fd, b.p, b.n, MSG_NOSIGNAL) < 0)
		program_ends(p);
}

/* --- one step ------------------------------------------------------------------------------------ */
static void say_raw(int fd, struct cur *c)
{
	struct span s = cur_rest(c);

	if (s.n && send(fd, s.p, s.n, MSG_NOSIGNAL) < 0)
		return;			/* the broker has hung up */
}

static void worker_says(struct fake *w, bool asked, struct cur *c)
{
	static uint8_t room[FRAME_MAX];
	struct buf b = BUF(room);
	uint16_t job = cur_u16(c), code = cur_u16(c), sw = cur_u16(c);

	if (c->bad || (asked && w->job != job))
		return;
	frame_begin(&b, 1, code, sw);
	buf_put(&b, cur_rest(c));
	frame_end(&b, 0);
	w->job = 0;
	if (!b.bad && send(w->fd, b.p, b.n, MSG_NOSIGNAL) < 0)
		fake_ends(w);
}

static void monitor_says(struct fake *m, struct cur *c)
{
	static uint8_t room[FRAME_MAX];
	struct buf b = BUF(room);

	frame_begin(&b, 0, cur_u16(c), 0);
	buf_put(&b, cur_rest(c));
	frame_end(&b, 0);
	if (!b.bad && send(m->fd, b.p, b.n, MSG_NOSIGNAL) < 0)
		fake_ends(m);
}

static void scanned(void)
{
	broker.scan_over = true;
	requests_unpark(NULL);
}

static void child_step(enum kind kind, struct fake *f, struct cur *body)
{
	if (!f)
		return;
	switch (kind) {
	case REPLY: case UNASKED:
		worker_says(f, kind == REPLY, body);
		break;
	case TELL:
		monitor_says(f, body);
		break;
	case WORKER_RAW: case MONITOR_RAW:
		f->dirty = true;
		say_raw(f->fd, body);
		break;
	default:
		fake_ends(f);
	}
}

static void step(enum kind kind, uint8_t whom, struct span bytes)
{
	struct program *p = &programs[whom % PROGRAMS];
	struct cur body = cur_of(bytes);

	switch (kind) {
	case CALL_OF:
		program_calls(p, whom & POSTED, &body);
		break;
	case RAW_OF:
		if (program_begins(p)) {
			p->raw = true;
			say_raw(p->fd, &body);
		}
		break;
	case HANG_UP:
		program_ends(p);
		break;
	case TIME:
		desk_time();
		break;
	case SCANNED:
		scanned();
		break;
	case TELL: case MONITOR_RAW: case MONITOR_DIES:
		child_step(kind, fake_of("monitor", 0), &body);
		break;
	default:
		child_step(kind, fake_of("worker", whom), &body);
	}
	desk_settle();
	for (int i = 0; i < PROGRAMS; i++)
		program_hears(&programs[i]);
	desk_settle();
}

/* --- a broker for each input --------------------------------------------------------------------- */
static void begin(void)
{
	static const uint8_t scan_done[] = { 0, ScanDone_ID };
	static bool begun;

	if (!begun) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		desk_open();
		snprintf(door.sun_path + 1, sizeof door.sun_path - 1, "bsre-fuzz-broker-%d", (int)getpid());
		door_n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(door.sun_path + 1));
		need(bind(fd, (const struct sockaddr *)&door, door_n) == 0 && listen(fd, 8) == 0);
		need(ok(peers_start()) && ok(door_open(fd)) && ok(tokens_watch(true, NULL)));
		monitor_says(fake_of("monitor", 0), &(struct cur){ .p = scan_done, .end = scan_done + 2 });
		begun = true;
	}
	conf_default(&broker.conf);
	broker.scan_over = false;
	broker.scans_open = 1;
	broker.pcsc_up = false;
	broker.generation = 0;
	broker.last_id = 0;
}

/* Everybody leaves; then nothing may be left. */
static void end(void)
{
	for (int i = 0; i < PROGRAMS; i++)
		program_ends(&programs[i]);
	desk_settle();
	desk_close();
	need(!broker.peers && !broker.tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cur c = cur_of((struct span){ data, n });

	begin();
	for (unsigned i = 0; cur_left(&c) && i < STEPS_MAX; i++) {
		uint8_t kind = cur_u8(&c), whom = cur_u8(&c);
		struct span body = cur_counted(&c, 2);
		if (!c.bad)
			step((enum kind)(kind % KINDS), whom, body);
	}
	end();
	return 0;
}
