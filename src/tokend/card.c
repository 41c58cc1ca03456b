/* APDUs out, replies in. */
#include "config.h"
#include "card.h"
#include "lib/log.h"

enum {
	SHORT_MAX = 255,		/* bytes of data in a short command */
	CLA_CHAINED = 0x10,
	INS_GET_RESPONSE = 0xC0,
	SW_OK = 0x9000, SW_MORE = 0x6100, SW_LE = 0x6C00, SW_LENGTH = 0x6700
};

/* One command as it goes over the line. le: bytes wanted (0: none, 256 or 65536: all there is). */
struct line { uint8_t cla, ins, p1, p2; struct span data; uint32_t le; bool extended, hot; };

void apdu_drop(struct apdu *a)
{
	if (a->hot)
		wipe(a->data.p, a->data.cap);
}

void card_init(struct card *card, struct reader *reader)
{
	card->reader = reader;
	card->extended = card_atr_extended((struct span){ reader->atr, reader->atr_n }, reader->protocol);
}

void card_wipe(struct card *card)
{
	wipe(card->rx, card->high);
	card->high = 0;
}

static void put_line(struct buf *b, const struct line *l)
{
	unsigned width = l->extended ? 2 : 1;

	buf_put(b, SPAN(l->cla, l->ins, l->p1, l->p2));
	if (l->extended)
		buf_be(b, 0, 1);
	if (l->data.n)
		buf_be(b, l->data.n, width);
	buf_put(b, l->data);
	if (l->le)
		buf_be(b, l->le & (l->extended ? 0xFFFFu : 0xFFu), width);
}

/* Sends it once; appends the reply to rsp and takes the status word off its end. */
static err send_line(struct card *card, const struct line *l, struct buf *rsp, uint16_t *sw)
{
	uint8_t room[APDU_DATA_MAX + 9];
	struct buf cmd = BUF(room);
	size_t before = rsp->n;

	put_line(&cmd, l);
	card->count++;
	err e = cmd.bad ? FAIL(DATA_LENGTH)
		: card->reader->transmit(card->reader, buf_span(&cmd), rsp);
	if (l->hot)
		wipe(room, sizeof room);
	if (rsp->n > card->high)
		card->high = rsp->n;
	if (!ok(e)) {
		log_line(LOG_TRACE, "apdu %02X%02X%02X%02X [%zu]: %s", l->cla, l->ins, l->p1, l->p2,
			l->data.n, log_err(e));
		return e;
	}
	if (rsp->bad || rsp->n - before < 2)
		return FAIL(BAD_REPLY);
	rsp->n -= 2;
	*sw = (uint16_t)(rsp->p[rsp->n] << 8 | rsp->p[rsp->n + 1]);
	log_line(LOG_TRACE, "apdu %02X%02X%02X%02X [%zu]%s: [%zu] %04X", l->cla, l->ins, l->p1, l->p2,
		l->data.n, l->extended ? " extended" : "", rsp->n - before, *sw);
	return OK;
}

/* The same, and once more with the length that a 6Cxx names. */
static err send_le(struct card *card, struct line *l, struct buf *rsp, uint16_t *sw)
{
	size_t before = rsp->n;

	TRY(send_line(card, l, rsp, sw));
	if ((*sw & 0xFF00) != SW_LE)
		return OK;
	rsp->n = before;
	l->le = *sw & 0xFF ? *sw & 0xFF : 256;
	return send_line(card, l, rsp, sw);
}

/* The command in short form: chained where its data are long (ISO/IEC 7816-4, 5.1.1.1). */
static err send_short(struct card *card, const struct apdu *a, struct buf *rsp, uint16_t *sw)
{
	struct cur data = cur_of(buf_span(&a->data));
	struct line l = { 0, a->ins, a->p1, a->p2, SPAN_NONE, 0, false, a->hot };

	while (cur_left(&data) > SHORT_MAX) {
		l.cla = CLA_CHAINED;
		l.data = cur_take(&data, SHORT_MAX);
		TRY(send_line(card, &l, rsp, sw));
		if (*sw != SW_OK)
			return OK;		/* the caller sees the status word */
		rsp->n = 0;
	}
	l.cla = 0;
	l.data = cur_rest(&data);
	l.le = a->answer == NO_ANSWER ? 0 : 256;
	return send_le(card, &l, rsp, sw);
}

static err send_extended(struct card *card, const struct apdu *a, struct buf *rsp, uint16_t *sw)
{
	struct line l = { 0, a->ins, a->p1, a->p2, buf_span(&a->data),
		a->answer == NO_ANSWER ? 0 : 65536, true, a->hot };

	return send_le(card, &l, rsp, sw);
}

/* Extended form where it saves a round; short form otherwise and where the card or the reader turns
 * out not to carry extended commands. */
static err send_any(struct card *card, const struct apdu *a, struct buf *rsp, uint16_t *sw)
{
	bool longer = a->data.n > SHORT_MAX || (a->answer == LONG_ANSWER && !a->front);

	if (card->extended && longer) {
		err e = send_extended(card, a, rsp, sw);
		if (ok(e) ? *sw != SW_LENGTH : e.code != E_BAD_REPLY || card->reader->lost)
			return e;
		log_line(LOG_INFO, "the card does not take extended lengths");
		card->extended = false;
		rsp->n = 0;
		rsp->bad = false;
	}
	return send_short(card, a, rsp, sw);
}

/* Fetches what a 61xx says is left (ISO/IEC 7816-4, 7.6.1). */
static err fetch_rest(struct card *card, bool hot, struct buf *rsp, uint16_t *sw)
{
	for (unsigned round = 0; (*sw & 0xFF00) == SW_MORE; round++) {
		struct line more = { .ins = INS_GET_RESPONSE, .le = *sw & 0xFF ? *sw & 0xFF : 256, .hot = hot };
		size_t before = rsp->n;
		if (round == CARD_ROUNDS_MAX)
			return FAIL(BAD_REPLY);
		TRY(send_le(card, &more, rsp, sw));
		if ((*sw & 0xFF00) == SW_MORE && rsp->n == before)
			return FAIL(BAD_REPLY);		/* more, it says, and gives nothing */
	}
	return OK;
}

err card_do(struct card *card, struct apdu *a, struct cur *reply)
{
	struct buf rsp = BUF(card->rx);
	uint16_t sw = 0;

	*reply = cur_bad();
	if (a->data.bad)
		return FAIL(DATA_LENGTH);
	TRY(send_any(card, a, &rsp, &sw));
	if (a->front && (sw & 0xFF00) == SW_MORE)
		sw = SW_OK;
	TRY(fetch_rest(card, a->hot, &rsp, &sw));
	TRY(err_from_sw(sw));
	*reply = cur_of(buf_span(&rsp));
	return OK;
}

/* Skips the interface bytes TA..TD (ISO/IEC 7816-3, 8.2.3). Gives how many historical bytes follow. */
static size_t skip_interface(struct cur *atr)
{
	cur_u8(atr);				/* TS */
	uint8_t t0 = cur_u8(atr), td = t0;

	while (td & 0xF0) {
		bool more = td & 0x80;
		cur_take(atr, (size_t)!!(td & 0x10) + !!(td & 0x20) + !!(td & 0x40));
		td = more ? cur_u8(atr) : 0;
	}
	return t0 & 0x0F;
}

bool card_atr_extended(struct span atr, int protocol)
{
	struct cur c = cur_of(atr);
	size_t n = skip_interface(&c);
	struct cur hist = cur_of(cur_take(&c, n));

	if (protocol != 1 || c.bad || cur_u8(&hist) != 0x80)
		return false;
	while (cur_left(&hist)) {
		uint8_t head = cur_u8(&hist);
		struct span value = cur_take(&hist, head & 0x0F);
		if (head >> 4 == 7 && value.n == 3)
			return value.p[2] & 0x40;
	}
	return false;
}
