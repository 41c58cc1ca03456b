/* A reader's connection: vpcd's frames in both directions, whoever made the connection. */
#include "config.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/log.h"
#include "token.h"

enum { POWER_OFF = 0, POWER_ON = 1, RESET = 2, GET_ATR = 4, WATCH = 5 };

bool port_add(struct token *t, int fd, bool vpcd)
{
	for (size_t i = 0; i < PORTS; i++)
		if (!t->ports[i] || t->ports[i]->fd < 0) {
			if (!t->ports[i])
				t->ports[i] = malloc(sizeof *t->ports[i]);
			if (!t->ports[i])
				return false;
			struct port *p = t->ports[i];
			p->fd = fd;
			p->vpcd = vpcd;
			p->powered = p->watch = false;
			p->n = 0;
			return true;
		}
	return false;
}

static bool any_powered(const struct token *t)
{
	for (size_t i = 0; i < PORTS; i++)
		if (t->ports[i] && t->ports[i]->fd >= 0 && t->ports[i]->powered)
			return true;
	return false;
}

/* vpcd takes an end where a reply is due for an empty reply, and pcscd hands that on as a success.
 * A reply that breaks off behind its length is an error to it, as for a reader whose card was
 * pulled. */
static void break_off(struct port *p)
{
	(void)send(p->fd, "\0\2", 2, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
		sizeof(struct linger));
}

void port_close(struct token *t, struct port *p)
{
	bool was = p->powered;

	if (p->vpcd && t->asker == p)
		break_off(p);
	close(p->fd);
	p->fd = -1;
	p->powered = false;
	if (t->asker == p)
		t->asker = NULL;	/* the card goes on working as long as it has power */
	if (was && !any_powered(t)) {
		token_abandon(t, NULL);
		token_power(t, false);
	}
}

/* vpcd writes length and body one after the other: with Nagle's algorithm on its side and a
 * delayed acknowledgement on ours each APDU would take 40 ms. The kernel forgets QUICKACK. */
static void quick(const struct port *p)
{
	if (p->vpcd)
		(void)setsockopt(p->fd, IPPROTO_TCP, TCP_QUICKACK, &(int){ 1 }, sizeof(int));
}

void port_read(struct token *t, struct port *p)
{
	quick(p);
	ssize_t n = recv(p->fd, p->in + p->n, sizeof p->in - p->n, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		port_close(t, p);
		return;
	}
	quick(p);
	p->n += (size_t)n;
}

void port_send(struct token *t, struct port *p, struct span body)
{
	uint8_t frame[2 + REPLY_MAX];
	struct buf b = BUF(frame);

	if (p->fd < 0)
		return;
	buf_counted(&b, body, 2);
	struct cur c = cur_of(buf_span(&b));
	while (cur_left(&c)) {
		/* a reader that takes no replies must not stop the others */
		ssize_t n = send(p->fd, c.p, cur_left(&c), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			port_close(t, p);
			return;
		}
		(void)cur_take(&c, (size_t)n);
	}
	quick(p);
}

void port_tell(struct token *t, struct port *p)
{
	if (p->watch)
		port_send(t, p, SPAN(t->plugged));
}

static void power(struct token *t, struct port *p, bool on)
{
	bool was = any_powered(t);

	p->powered = on && t->plugged;
	if (t->busy && (t->asker == p || !any_powered(t))) {
		token_abandon(t, p);
		card_reset(&t->card);
	}
	if (any_powered(t) == was)
		return;
	token_power(t, !was);
	record_event(&t->record, was ? "power off" : "power on");
}

static void control_byte(struct token *t, struct port *p, uint8_t byte)
{
	switch (byte) {
	case POWER_OFF:
	case POWER_ON:
		power(t, p, byte == POWER_ON);
		break;
	case RESET:
		if (!t->plugged || !p->powered)
			break;
		token_abandon(t, p);
		card_reset(&t->card);
		record_event(&t->record, "reset");
		break;
	case GET_ATR:
		port_send(t, p, t->plugged ? (struct span){ t->atr, t->atr_n } : SPAN_NONE);
		break;
	case WATCH:
		p->watch = true;
		port_tell(t, p);
		break;
	default:
		port_close(t, p);		/* not a reader */
	}
}

/* Spoils a finished reply as the fault says. */
static void spoil(struct token *t, const struct fault *f, struct buf *reply)
{
	if (f->kind == FAULT_CORRUPT)
		reply->p[timing_random(&t->timing) % reply->n] ^= 0x55;
	else if (f->kind == FAULT_TRUNCATE)
		reply->n /= 2;
}

/* The card's answer, or the transcript's. */
static void answer(struct token *t, struct span command, struct buf *reply)
{
	if (!t->replay.text) {
		card_transmit(&t->card, command, reply);
		return;
	}
	card_peek(&t->card, command);
	if (!ok(replay_transmit(&t->replay, command, reply)))
		log_line(LOG_WARNING, "replay line=%u another command was expected", t->replay.line);
}

static void apdu(struct token *t, struct port *p, struct span command)
{
	struct buf reply = BUF(t->reply);
	struct fault f = faults_next(&t->faults);
	uint64_t began = now_us();

	t->count++;
	t->asker = p;
	if (f.kind == FAULT_SW || (f.kind == FAULT_CUT && !f.after))
		card_peek(&t->card, command);
	else
		answer(t, command, &reply);
	if (f.kind == FAULT_SW)
		buf_be(&reply, f.sw, 2);
	enum mask mask = !t->card.hot ? MASK_NONE : f.kind == FAULT_TRUNCATE ? MASK_ALL : MASK_DATA;
	uint64_t cost = timing_cost(&t->timing, t->card.work, t->card.work_alg,
		command.n + reply.n);
	spoil(t, &f, &reply);
	t->cut_due = f.kind == FAULT_CUT;
	t->cut_link = f.link;
	trace_apdu(&t->trace, began, command, t->cut_due ? SPAN_NONE : buf_span(&reply), mask);
	if (!t->cut_due)
		record_apdu(&t->record, command, buf_span(&reply), mask);
	t->reply_n = reply.n;
	t->busy = true;
	/* `before`: at once, and the card has not worked */
	t->due = t->cut_due && !f.after ? began : began + cost;
	if (f.kind == FAULT_STALL)
		t->due = f.us == UINT64_MAX ? UINT64_MAX : t->due + f.us;
}

static void serve(struct token *t, struct port *p, struct span body)
{
	if (body.n == 1)
		control_byte(t, p, body.p[0]);
	else if (body.n && p->powered)
		apdu(t, p, body);
	else if (body.n)
		port_send(t, p, SPAN_NONE);	/* no power, no card */
}

/* May this be served while the card is at work? What a reader answers without asking its card; and
 * power and reset of who waits for the card, or of anybody once it is stuck for ever. */
static bool cuts_in(const struct token *t, const struct port *p, struct span body)
{
	if (body.n != 1)
		return false;
	return body.p[0] == GET_ATR || body.p[0] == WATCH
		|| (now_us() < t->due && (p == t->asker || t->due == UINT64_MAX));
}

bool port_serve(struct token *t, struct port *p)
{
	struct cur c = cur_of((struct span){ p->in, p->n });
	struct span body = cur_counted(&c, 2);

	if (c.bad || (t->busy && !cuts_in(t, p, body)))
		return false;
	serve(t, p, body);
	if (p->fd < 0)
		return true;
	struct buf b = BUF(p->in);
	buf_put(&b, cur_rest(&c));
	wipe(p->in + b.n, p->n - b.n);
	p->n = b.n;
	return true;
}
