/* Hostile state files of the virtual token. The first byte says whether the rest is a whole file, or
 * a body that gets a right header and checksum so that what is behind them is reached. */
#include "config.h"
#include <openssl/sha.h>
#include <stdlib.h>
#include "vtoken/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What was read must be writable, and then read the same. */
static void again(struct state *s)
{
	static uint8_t room[2 * STATE_MAX];
	struct buf b = BUF(room);
	struct state copy = { .seal = s->seal };
	const char *why;

	if (!ok(state_frame(s, &b)) || !ok(state_unframe(&copy, buf_span(&b), &why))
			|| copy.serial != s->serial || copy.n_objects != s->n_objects)
		abort();
	state_clear(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t room[STATE_MAX];
	struct state s = { 0 };
	struct buf b = BUF(room);
	const char *why = NULL;
	struct cur in = cur_of((struct span){ data, n });
	bool body = cur_u8(&in) & 1;

	if (!secret_set(&s.seal, (struct span){ room, 32 }))
		abort();
	wipe(s.seal.b, 32);		/* a known key: the corpus was sealed under zeros */
	if (body) {
		uint8_t sum[SHA256_DIGEST_LENGTH];
		struct span v = cur_rest(&in);
		buf_str(&b, "BSREVTOK");
		buf_be(&b, 1, 2);
		buf_counted(&b, v, 4);
		if (b.bad)
			return 0;
		SHA256(b.p, b.n, sum);
		buf_put(&b, SPAN_OF(sum));
	} else {
		buf_put(&b, cur_rest(&in));
	}
	if (ok(state_unframe(&s, buf_span(&b), &why)))
		again(&s);
	else if (!why)
		abort();
	state_clear(&s);
	return 0;
}
