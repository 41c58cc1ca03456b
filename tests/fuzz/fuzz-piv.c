/* A hostile PIV card: any bytes as its replies to a whole dialogue of jobs, through the worker's frames.
 * Input: a byte of conditions, the number of jobs, a byte for each; then replies, each with a length of
 * two bytes before it (FFFF: pulled out; FFFE: reset by others). After the last the card refuses all. */
#include "config.h"
#include <openssl/rand.h>
#include <stdlib.h>
#include "tokend/worker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { SHORT = 1, VERIFIED = 2, MANAGED = 4, JOBS_MAX = 16, PULLED = 0xFFFF, LOST = 0xFFFE };

static struct worker worker;
static struct reader hostile;
static struct cur replies;

/* libcrypto's, here without chance: what failed once fails again, and a recorded card's proof that it
 * has the management key holds. */
int RAND_bytes(unsigned char *out, int n)
{
	memset(out, 0x5A, (size_t)n);
	return 1;
}

static void need(bool fine)
{
	if (!fine)
		abort();
}

/* --- the reader ------------------------------------------------------------------------------ */
static err transmit(struct reader *r, struct span command, struct buf *reply)
{
	unsigned n = cur_u16(&replies);

	need(command.n >= 4 && command.p);
	if (replies.bad) {
		buf_be(reply, 0x6D00, 2);
		return OK;
	}
	if (n == PULLED)
		return FAIL(TOKEN_GONE);
	r->lost = n == LOST;
	if (r->lost)
		return FAIL(BAD_REPLY);
	struct span bytes = span_first((struct span){ replies.p, cur_left(&replies) }, n);
	cur_take(&replies, bytes.n);
	if (bytes.n > buf_room(reply))
		return FAIL(BAD_REPLY);
	buf_put(reply, bytes);
	return OK;
}

static err begin(struct reader *r)
{
	r->lost = false;
	return OK;
}

static err end(struct reader *r, enum ending how)
{
	(void)r, (void)how;
	return OK;
}

static void close_nothing(struct reader *r)
{
	(void)r;
}

static err open_hostile(struct span name, struct reader **out)
{
	(void)name;
	*out = &hostile;
	return OK;
}

static void put_in_reader(bool extended)
{
	static const uint8_t yubikey[] = { 0x3B, 0xFD, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x15, 0x80,
		0x73, 0xC0, 0x21, 0xC0, 0x57, 0x59, 0x75, 0x62, 0x69, 0x4B, 0x65, 0x79, 0x40 };

	hostile = (struct reader){ .transmit = transmit, .begin = begin, .end = end,
		.close = close_nothing, .protocol = extended };
	struct buf atr = BUF(hostile.atr);
	buf_put(&atr, SPAN_OF(yubikey));
	hostile.atr_n = atr.n;
}

/* --- jobs ------------------------------------------------------------------------------------ */
#define PIN { 6, "654321" }
#define PUK { 8, "87654321" }

static const uint8_t block[512] = { 0, 1 }, point[97] = { 4 };

/* A job's request into b; gives its number. high: four bits that vary it. */
static uint16_t put_job(struct buf *b, unsigned which, unsigned high)
{
	static const uint32_t slots[] = { 0x9A, 0x9C, 0x9D, 0x9E, 0x82, 0x95, 0xF9, 0 };
	uint32_t slot = slots[high & 7];

#define PUT_JOB(x, ...) x##_put_in(b, &(struct x##_in){ __VA_ARGS__ }); return x##_ID
	switch (which) {
	case 0: PUT_JOB(CardOpen, .reader = span_str("x"), .known = SPAN_OF("1234"));
	case 1: PUT_JOB(CardList, .call_id = 0);
	case 2: PUT_JOB(CardCert, .slot = slot, .most = high & 8 ? 200 : 0);
	case 3: PUT_JOB(CardLogin, .user = high & 1, .fresh = high & 2, .pin = PIN, .tries = high & 4 ? 255 : 3);
	case 4: PUT_JOB(CardUse, .auth = high & 1, .pin = PIN, .tries = 254, .slot = slot, .alg = ALG_RSA2048,
		.prim = PRIM_RSA_PRIVATE, .in = span_first(SPAN_OF(block), 256));
	case 5: PUT_JOB(CardUse, .auth = AUTH_FRESH, .pin = PIN, .tries = 254, .slot = slot, .alg = ALG_P384,
		.prim = high & 8 ? PRIM_EC_DH : PRIM_EC_SIGN, .in = SPAN_OF(point));
	case 6: PUT_JOB(CardGenerate, .pin = PIN, .tries = 254, .slot = slot, .alg = high & 8 ? ALG_P256 : ALG_RSA2048,
		.touch_policy = high & 1, .id = SPAN_OF("i"), .label = SPAN_OF("label"));
	case 7: PUT_JOB(CardCertWrite, .pin = PIN, .tries = 254, .slot = slot,
		.der = high & 8 ? SPAN_NONE : SPAN_OF(block));
	case 8: PUT_JOB(CardKeyDestroy, .pin = PIN, .tries = 254, .slot = slot);
	case 9: PUT_JOB(CardKeyName, .pin = PIN, .tries = 254, .slot = slot, .label = SPAN_OF("name"));
	case 10: PUT_JOB(CardPinChange, .which = high & 1, .old = PIN, .new = PUK);
	case 11: PUT_JOB(CardPinUnblock, .puk = PUK, .pin = PIN);
	case 12: PUT_JOB(CardInit, .prove = high & 1, .pin = PIN, .puk = PUK, .label = SPAN_OF("label"));
	case 13: PUT_JOB(CardAttest, .slot = slot);
	case 14: PUT_JOB(CardDataRead, .object = high & 1 ? 0x5FC106 : 0x7E);
	default: PUT_JOB(CardClose, .call_id = 0);
	}
}

static void check_keys(struct span keys)
{
	struct cur c = cur_of(keys);
	struct KeyRec_in rec;

	while (cur_left(&c))
		KeyRec_get_in(&c, &rec);
	need(cur_done(&c));
}

/* A reply that says OK carries what its row says, and nothing after it. */
static void check_reply(uint16_t job, struct span frame)
{
	struct frame f;

	need(ok(frame_open(frame, &f)) && err_known(f.what));
	if (f.what != E_OK)
		return;
	struct cur c = cur_of(f.body);
	switch (job) {
#define IN(type, name)
#define OUT(type, name)
#define END
#define JOB(id, x) case id: { struct x##_out out; x##_get_out(&c, &out); break; }
#include "wire/jobs.def"
#undef JOB
#undef IN
#undef OUT
#undef END
	default: need(false);
	}
	need(cur_done(&c));
	if (job == CardList_ID) {
		struct CardList_out out;
		c = cur_of(f.body);
		CardList_get_out(&c, &out);
		check_keys(out.keys);
	}
}

static void do_job(unsigned byte)
{
	static uint8_t in_room[FRAME_MAX], out_room[FRAME_MAX];
	struct buf in = BUF(in_room), out = BUF(out_room);

	size_t at = frame_begin(&in, 1, 0, 0);
	uint16_t job = put_job(&in, byte & 15, byte >> 4);
	frame_end(&in, at);
	struct buf head = { in_room + 8, 0, 2, false };
	buf_be(&head, job, 2);
	need(ok(worker_serve(&worker, buf_span(&in), &out)));
	check_reply(job, buf_span(&out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cur in = cur_of((struct span){ data, n });
	unsigned how = cur_u8(&in), count = cur_u8(&in);
	struct span jobs = cur_take(&in, count < JOBS_MAX ? count : JOBS_MAX);

	if (in.bad)
		return 0;
	put_in_reader(!(how & SHORT));
	worker.open = open_hostile;
	replies = in;
	do_job(0);
	for (size_t i = 0; i < jobs.n; i++) {
		worker.token.verified = worker.token.verified || (how & VERIFIED && worker.token.held);
		worker.token.managed = worker.token.managed || (how & MANAGED && worker.token.held);
		do_job(jobs.p[i]);
	}
	worker_close_card(&worker);
	return 0;
}
