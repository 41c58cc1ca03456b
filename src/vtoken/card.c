/* The card's edge: APDUs taken apart, chained and long ones put together, commands dispatched,
 * replies handed out in the pieces that the reader asked for. */
#include "config.h"
#include "piv.h"

enum { CLA_CHAIN = 0x10, INS_SELECT = 0xA4, INS_GET_RESPONSE = 0xC0, INS_VERIFY = 0x20,
	INS_AUTHENTICATE = 0x87, INS_GET_DATA = 0xCB, INS_PUT_DATA = 0xDB,
	INS_READ_CONFIG = 0x1D,
	LE_SHORT = 256, LE_EXTENDED = 65536 };

typedef enum sw (*runner)(struct card *, const struct apdu *, struct buf *);
struct row { uint8_t ins; runner run; unsigned models; bool hot; };

static const struct row rows[] = {
#define INS(ins, name, models, hot, title) { ins, piv_##name, models, hot },
#include "ins.def"
#undef INS
};

static const struct row select_row = { INS_SELECT, card_select, MODEL_PLAIN | MODEL_YUBICO, false };
static const struct row config_row = { INS_READ_CONFIG, card_read_config, MODEL_YUBICO, false };

void card_init(struct card *c, struct state *state, enum model model)
{
	*c = (struct card){ .state = state, .model = model };
}

void card_reset(struct card *c)
{
	secret_wipe(&c->session.expect);
	c->session = (struct session){ 0 };
	c->chain.open = false;
	wipe(c->chain.bytes, sizeof c->chain.bytes);
	wipe(c->answer.bytes, sizeof c->answer.bytes);
	c->answer.n = c->answer.at = 0;
}

void card_power(struct card *c, bool on)
{
	card_reset(c);
	c->powered = on;
}

void card_keep(struct card *c)
{
	key_drop(&c->undo.was);
	c->undo.open = false;
}

void card_undo(struct card *c)
{
	struct key *k = &c->state->keys[c->undo.slot];

	key_drop(k);
	*k = c->undo.was;
	c->undo.was = (struct key){ 0 };
	c->undo.open = false;
	(void)card_commit(c);
}

enum sw card_commit(struct card *c)
{
	return ok(state_commit(c->state)) ? SW_OK : SW_MEMORY;
}

/* Lc, data and Le behind the header (ISO 7816-4, 5.1 and 12.1.1), short and extended. */
static bool parse_body(struct cur *in, bool no_extended, struct apdu *a)
{
	size_t left = cur_left(in);

	a->data = SPAN_NONE;
	a->le = LE_SHORT;
	if (left == 0)
		return true;
	size_t n = cur_u8(in);
	bool extended = n == 0 && left > 1;
	if (extended && no_extended)
		return false;
	if (left == 1) {
		a->le = n ? n : LE_SHORT;
		return true;
	}
	if (extended)
		n = cur_u16(in);
	if (extended && left == 3) {
		a->le = n ? n : LE_EXTENDED;
		return !in->bad;
	}
	a->data = cur_take(in, n);
	if (in->bad || n == 0)
		return false;
	if (extended)
		a->le = LE_EXTENDED;
	if (cur_left(in)) {
		size_t le = (size_t)cur_be(in, extended ? 2 : 1);
		a->le = le ? le : extended ? LE_EXTENDED : LE_SHORT;
	}
	return cur_done(in);
}

static enum sw parse(const struct card *c, struct span command, struct apdu *a)
{
	struct cur in = cur_of(command);

	a->cla = cur_u8(&in);
	a->ins = cur_u8(&in);
	a->p1 = cur_u8(&in);
	a->p2 = cur_u8(&in);
	if (in.bad || !parse_body(&in, c->no_extended || c->t0, a))
		return SW_LENGTH;
	if (a->cla & 0x80 || a->cla & 0x60)		/* proprietary, reserved (5.4.1) */
		return SW_CLA;
	if (a->cla & 0x0C)
		return SW_NO_SECURE;
	if (a->cla & 0x03)
		return SW_NO_CHANNEL;
	return SW_OK;
}

static const struct row *find_row(const struct card *c, uint8_t ins)
{
	if (ins == INS_SELECT)
		return &select_row;
	if (c->session.applet == APPLET_MANAGEMENT && ins == INS_READ_CONFIG)
		return &config_row;
	if (c->session.applet != APPLET_PIV)
		return NULL;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].ins == ins && rows[i].models & c->model)
			return &rows[i];
	return NULL;
}

/* What the instruction alone says, whichever application and model are there: secret, not, or (an
 * unknown one) who knows. */
static bool hot_instruction(uint8_t ins)
{
	if (ins == INS_SELECT || ins == INS_GET_RESPONSE || ins == INS_READ_CONFIG)
		return false;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].ins == ins)
			return rows[i].hot;
	return true;
}

static bool same_command(const struct card *c, const struct apdu *a)
{
	const uint8_t *h = c->chain.head;

	return h[1] == a->ins && h[2] == a->p1 && h[3] == a->p2;
}

/* May this command's bytes hold a secret? Asked before anything is done with it, because what is
 * refused is traced as well. When in doubt they may. */
static bool is_hot(const struct card *c, enum sw parsed, const struct apdu *a)
{
	if (parsed != SW_OK)
		return true;
	if (c->chain.open && same_command(c, a))
		return c->chain.hot;
	return a->ins == INS_GET_DATA || a->ins == INS_PUT_DATA ? piv_data_hot(a->data)
		: hot_instruction(a->ins);
}

/* One link of a chain (5.3.3): kept until the last one, which has the bit cleared. A chain that
 * another command interrupts is forgotten. */
static enum sw link_chain(struct card *c, struct apdu *a)
{
	bool more = a->cla & CLA_CHAIN;

	if (c->chain.open && !same_command(c, a)) {
		c->chain.open = false;
		c->session.fresh = false;	/* what was begun stood in between */
	}
	if (!c->chain.open && !more)
		return SW_OK;
	if (!c->chain.open) {
		c->chain.n = 0;
		c->chain.hot = c->hot;
	}
	struct buf b = { .p = c->chain.bytes, .n = c->chain.n, .cap = sizeof c->chain.bytes };
	struct buf head = BUF(c->chain.head);
	buf_put(&head, SPAN(a->cla, a->ins, a->p1, a->p2));
	buf_put(&b, a->data);
	c->chain.open = more && !b.bad;
	if (b.bad)
		return SW_LENGTH;
	c->chain.n = b.n;
	a->data = buf_span(&b);
	return SW_OK;
}

/* As many bytes of the answer as fit into Le, and how many there are still (5.3.4). */
static void hand_out(struct card *c, size_t le, struct buf *reply)
{
	size_t left = c->answer.n - c->answer.at, n = le < left ? le : left;

	if (n > REPLY_MAX - 2)
		n = REPLY_MAX - 2;
	buf_put(reply, (struct span){ c->answer.bytes + c->answer.at, n });
	c->answer.at += n;
	left -= n;
	c->hot = c->hot || c->answer.hot;
	buf_be(reply, left ? SW_MORE | (left > 0xFF ? 0 : left) : SW_OK, 2);
	if (left == 0) {
		wipe(c->answer.bytes, c->answer.n);
		c->answer.n = c->answer.at = 0;
	}
}

/* A whole command, its chain put together. */
static enum sw run(struct card *c, const struct row *row, const struct apdu *a)
{
	struct buf out = BUF(c->answer.bytes);

	out.cap -= 2;
	enum sw sw = row->run(c, a, &out);
	if (a->ins != INS_VERIFY)
		c->session.fresh = false;
	if (out.bad)
		sw = SW_UNKNOWN;
	c->answer.n = sw == SW_OK ? out.n : 0;
	c->answer.at = 0;
	c->answer.hot = c->hot;
	return sw;
}

static enum sw take_command(struct card *c, struct apdu *a)
{
	const struct row *row = find_row(c, a->ins);

	if (!row)
		return SW_INS;
	enum sw sw = link_chain(c, a);
	if (sw != SW_OK || a->cla & CLA_CHAIN)
		return sw;
	sw = run(c, row, a);
	if (c->hot)
		wipe(c->chain.bytes, sizeof c->chain.bytes);
	return sw;
}

/* What counts only for the very next command is over with any other one, whatever becomes of it. The
 * parts of a chain are one command, and GET RESPONSE belongs to the one before. */
static void expire(struct card *c, enum sw parsed, const struct apdu *a)
{
	if (parsed != SW_OK || (a->ins != INS_VERIFY && a->ins != INS_AUTHENTICATE))
		c->session.fresh = false;
	if (parsed != SW_OK || (a->ins != INS_AUTHENTICATE && a->ins != INS_GET_RESPONSE))
		c->session.challenge = CHALLENGE_NONE;
}

void card_transmit(struct card *c, struct span command, struct buf *reply)
{
	struct apdu a;
	enum sw sw = parse(c, command, &a);

	card_keep(c);
	c->work = WORK_NONE;
	c->work_alg = NULL;
	c->hot = is_hot(c, sw, &a);
	expire(c, sw, &a);
	if (sw == SW_OK && a.ins == INS_GET_RESPONSE) {
		if (c->answer.at < c->answer.n)
			hand_out(c, a.le, reply);
		else
			buf_be(reply, SW_CONDITIONS, 2);
		return;
	}
	c->answer.n = c->answer.at = 0;
	if (sw == SW_OK)
		sw = take_command(c, &a);
	if (sw == SW_OK && c->answer.n)
		/* T=0 moves data one way in a command (ISO 7816-3, 12.2.1) */
		hand_out(c, c->t0 && a.data.n ? 0 : a.le, reply);
	else
		buf_be(reply, sw, 2);
}

void card_peek(struct card *c, struct span command)
{
	struct apdu a;

	c->work = WORK_NONE;
	c->work_alg = NULL;
	c->hot = is_hot(c, parse(c, command, &a), &a);
}
