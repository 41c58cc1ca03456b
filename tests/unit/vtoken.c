/* A card for unit tests: hex in, status words out. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "vtoken.h"

void unhex(struct buf *b, const char *hex)
{
	unsigned byte;
	int n;

	for (; sscanf(hex, " %2x%n", &byte, &n) == 1; hex += n)
		buf_be(b, byte, 1);
	assert_false(b->bad);
}

struct desk *desk_new(enum model model)
{
	struct desk *d = calloc(1, sizeof *d);

	assert_non_null(d);
	assert_true(ok(state_blank(&d->state, 12345678)));
	card_init(&d->card, &d->state, model);
	card_power(&d->card, true);
	assert_int_equal(apdu(d, "00A404000BA000000308000010000100 00"), 0x9000);
	return d;
}

void desk_free(struct desk *d)
{
	card_keep(&d->card);
	state_close(&d->state);
	free(d);
}

unsigned apdu_bytes(struct desk *d, struct span command)
{
	struct buf b = BUF(d->reply);

	card_transmit(&d->card, command, &b);
	assert_false(b.bad);
	assert_in_range(b.n, 2, REPLY_MAX);
	d->n = b.n - 2;
	return (unsigned)d->reply[b.n - 2] << 8 | d->reply[b.n - 1];
}

unsigned apdu(struct desk *d, const char *hex)
{
	uint8_t bytes[4096];
	struct buf b = BUF(bytes);

	unhex(&b, hex);
	return apdu_bytes(d, buf_span(&b));
}

struct span reply(const struct desk *d)
{
	return (struct span){ d->reply, d->n };
}

unsigned extended(struct desk *d, uint32_t header, struct span body)
{
	uint8_t bytes[8192];
	struct buf b = BUF(bytes);

	buf_be(&b, header, 4);
	buf_be(&b, 0, 1);
	buf_counted(&b, body, 2);
	buf_be(&b, 0, 2);
	return apdu_bytes(d, buf_span(&b));
}

/* One block through the factory's management key. */
static void block(struct desk *d, bool encrypt, struct span in, struct buf *out)
{
	const struct mgm *m = &d->state.mgm;

	assert_true(ok(cipher_block(m->cipher, secret_span(&m->key), encrypt, in, out)));
}

unsigned login_mgm(struct desk *d, bool mutual)
{
	const struct cipher *how = d->state.mgm.cipher;
	uint8_t answer[16], host[16] = { 7, 7, 7 }, body[64];
	struct buf a = BUF(answer), b = BUF(body);
	uint32_t header = 0x0087009Bu | (uint32_t)how->id << 8;

	if (extended(d, header, mutual ? SPAN(0x7C, 2, 0x80, 0) : SPAN(0x7C, 2, 0x81, 0)) != 0x9000)
		return 0;
	struct cur c = cur_of(reply(d)), t = tlv_want(&c, 0x7C);
	struct span given = tlv_bytes(&t, mutual ? 0x80 : 0x81);
	assert_int_equal(given.n, how->block);
	block(d, !mutual, given, &a);
	TLV(&b, 0x7C) {
		tlv_put(&b, mutual ? 0x80 : 0x82, buf_span(&a));
		if (mutual)
			tlv_put(&b, 0x81, (struct span){ host, how->block });
	}
	return extended(d, header, buf_span(&b));
}
