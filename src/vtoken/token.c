/* The token's loop: ports, orders and the reply that is due, one after the other. */
#include "config.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "token.h"

static volatile sig_atomic_t stopped;

uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static void tell_all(struct token *t)
{
	for (size_t i = 0; i < PORTS; i++)
		if (t->ports[i] && t->ports[i]->fd >= 0)
			port_tell(t, t->ports[i]);
}

enum { AWAY_US = 1000000 };

void token_unplug(struct token *t)
{
	t->replug = 0;				/* who pulls it out means it */
	if (!t->plugged)
		return;
	t->plugged = false;
	t->busy = t->cut_due = false;
	for (size_t i = 0; i < PORTS; i++) {
		struct port *p = t->ports[i];
		if (p && p->fd >= 0 && (p->powered || p->vpcd))
			port_close(t, p);
	}
	t->asker = NULL;
	if (t->card.undo.open)
		card_undo(&t->card);
	/* No hand pulls and puts in within a second, and vpcd, which looks every 400 ms (later under load),
	 * takes a card that was away for less for one that broke. */
	t->vpcd_retry = now_us() + AWAY_US;
	token_power(t, false);
	tell_all(t);
}

void token_plug(struct token *t)
{
	if (t->plugged)
		return;
	t->plugged = true;
	t->replug = 0;
	tell_all(t);
}

enum { BUMP_US = 600000 };		/* pcscd looks every 400 ms */

void token_bump(struct token *t)
{
	if (!t->plugged)
		return;
	token_unplug(t);
	t->replug = now_us() + BUMP_US;
}

static void take_atr(struct token *t)
{
	struct buf b = BUF(t->atr);

	if (!t->next_atr_n)
		return;
	buf_put(&b, (struct span){ t->next_atr, t->next_atr_n });
	t->atr_n = b.n;
	t->card.t0 = !atr_has_t1(buf_span(&b));
	t->next_atr_n = 0;
}

void token_power(struct token *t, bool on)
{
	card_power(&t->card, on);
	if (!on)
		take_atr(t);
}

bool token_atr(struct token *t, const char *text)
{
	struct buf b = BUF(t->next_atr);

	t->next_atr_n = 0;
	if (!atr_read(text, &b))
		return false;
	t->next_atr_n = b.n;
	if (!t->card.powered)
		take_atr(t);
	return true;
}

/* The command in progress ends without a reply, as one does when the power is taken away under it:
 * its asker, if that is somebody else, is told. */
void token_abandon(struct token *t, const struct port *by)
{
	struct port *asker = t->asker;

	if (!t->busy)
		return;
	t->busy = t->cut_due = false;
	t->asker = NULL;
	wipe(t->reply, sizeof t->reply);
	if (t->card.undo.open)
		card_undo(&t->card);
	if (!asker || asker->fd < 0)
		return;
	if (asker->vpcd && asker != by) {
		t->asker = asker;		/* so that vpcd learns it as an error */
		port_close(t, asker);
	} else {
		port_send(t, asker, SPAN_NONE);
	}
}

err token_swap(struct token *t, const char *path, const char **why)
{
	struct state *next = calloc(1, sizeof *next);

	if (!next)
		return FAIL(GENERAL);
	err e = state_open(next, path, why);
	if (!ok(e)) {
		state_close(next);
		free(next);
		return e;
	}
	token_bump(t);
	token_power(t, false);
	state_close(t->state);
	free(t->state);
	t->state = t->card.state = next;
	return OK;
}

err token_foreign(struct token *t, struct span command, struct buf *reply)
{
	if (!t->plugged || t->busy)
		return FAIL(GENERAL);
	if (!t->card.powered)
		token_power(t, true);
	card_transmit(&t->card, command, reply);
	card_keep(&t->card);
	trace_apdu(&t->trace, now_us(), command, buf_span(reply),
		t->card.hot ? MASK_DATA : MASK_NONE);
	return OK;
}

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

/* The command's time is over: its effect stays, and the reply goes out, or the token goes away. */
static void deliver(struct token *t)
{
	card_keep(&t->card);
	if (t->cut_due) {
		if (t->cut_link)
			token_bump(t);
		else
			token_unplug(t);
		return;
	}
	t->busy = false;
	if (t->asker)
		port_send(t, t->asker, (struct span){ t->reply, t->reply_n });
	t->asker = NULL;
	wipe(t->reply, sizeof t->reply);
}

/* Frames that have arrived, one port after the other. When one makes the card work, its neighbour
 * is the first to be asked afterwards. */
static bool serve_ports(struct token *t)
{
	size_t first = t->turn;
	bool served = false;

	for (size_t i = 0; i < PORTS; i++) {
		struct port *p = t->ports[(first + i) % PORTS];
		bool was = t->busy;
		while (p && p->fd >= 0 && port_serve(t, p))
			served = true;
		if (t->busy && !was)
			t->turn = (first + i + 1) % PORTS;
	}
	return served;
}

static int timeout_ms(const struct token *t)
{
	uint64_t now = now_us(), at = UINT64_MAX;

	if (t->busy)
		at = t->due;
	else if (t->replug)
		at = t->replug;
	else if (t->vpcd_port && t->plugged)
		at = t->vpcd_retry > now ? t->vpcd_retry : now + 200000;
	if (at == UINT64_MAX)
		return -1;
	return at <= now ? 0 : (int)((at - now + 999) / 1000);
}

enum { FDS = 2 + CONTROLS + PORTS };

static void fill(const struct token *t, struct pollfd *f)
{
	f[0] = (struct pollfd){ .fd = t->listen_fd, .events = POLLIN };
	f[1] = (struct pollfd){ .fd = t->control_fd, .events = POLLIN };
	for (size_t i = 0; i < CONTROLS; i++)
		f[2 + i] = (struct pollfd){ .fd = t->controls[i].fd, .events = POLLIN };
	for (size_t i = 0; i < PORTS; i++) {
		const struct port *p = t->ports[i];
		bool listens = p && p->fd >= 0 && p->n < sizeof p->in;
		f[2 + CONTROLS + i] = (struct pollfd){ .fd = listens ? p->fd : -1, .events = POLLIN };
	}
}

static void accept_all(struct token *t, const struct pollfd *f)
{
	if (f[0].revents) {
		int fd = accept4(t->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0 && !port_add(t, fd, false))
			close(fd);
	}
	if (f[1].revents) {
		int fd = accept4(t->control_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			control_add(t, fd);
	}
}

static void turn(struct token *t)
{
	struct pollfd f[FDS];

	if (t->replug && now_us() >= t->replug)
		token_plug(t);
	vpcd_connect(t);
	fill(t, f);
	if (poll(f, FDS, timeout_ms(t)) < 0)
		return;
	for (size_t i = 0; i < CONTROLS; i++)
		if (f[2 + i].revents && t->controls[i].fd == f[2 + i].fd)
			control_read(t, &t->controls[i]);
	for (size_t i = 0; i < PORTS; i++) {
		const struct pollfd *at = &f[2 + CONTROLS + i];
		if (at->fd >= 0 && at->revents && t->ports[i]->fd == at->fd)
			port_read(t, t->ports[i]);
	}
	accept_all(t, f);
}

void token_run(struct token *t)
{
	struct sigaction act = { .sa_handler = stop }, ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);	/* a file limit is a full disk, not an end */
	while (!stopped && !t->stop) {
		turn(t);
		/* as long as there are frames: no event will come for what has been read */
		do {
			if (t->busy && now_us() >= t->due)
				deliver(t);
		} while (serve_ports(t));
	}
}
