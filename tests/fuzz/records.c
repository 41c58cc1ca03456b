/* How libFuzzer changes an input of steps (a byte of kind, a byte of whom, two of length, a body): step by
 * step, so that the lengths stay right. A target has it by being linked with this. */
#include "config.h"
#include <stdlib.h>
#include "lib/span.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t most, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t an, const uint8_t *b, size_t bn, uint8_t *out,
                                 size_t most, unsigned seed);
/* libFuzzer's own; not there where the corpus is only run */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t most);

enum { HEAD = 4, STEPS_MAX = 512, BODY_MAX = 8192 };

/* The steps of an input; what is behind the last whole one is left out. */
static size_t split(struct span in, struct span *steps)
{
	size_t n = 0;

	for (struct cur c = cur_of(in); cur_left(&c) >= HEAD && n < STEPS_MAX; n++) {
		const uint8_t *p = c.p;
		cur_take(&c, 2);
		cur_counted(&c, 2);
		if (c.bad)
			break;
		steps[n] = (struct span){ p, (size_t)(c.p - p) };
	}
	return n;
}

static struct span changed(struct span step, unsigned *seed)
{
	static uint8_t room[HEAD + BODY_MAX];
	struct buf b = BUF(room);

	buf_put(&b, span_first(step, sizeof room));
	if (b.n < HEAD)
		return step;
	if (rand_r(seed) % 8 == 0)
		room[rand_r(seed) % 2] = (uint8_t)rand_r(seed);
	size_t body = LLVMFuzzerMutate(room + HEAD, b.n - HEAD, BODY_MAX);
	room[2] = (uint8_t)(body >> 8);
	room[3] = (uint8_t)body;
	return (struct span){ room, HEAD + body };
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	static struct span steps[STEPS_MAX];
	size_t count = split((struct span){ data, n }, steps);
	unsigned how = (unsigned)rand_r(&seed) % 8;
	uint8_t *copy = malloc(most ? most : 1);
	struct buf b = { copy, 0, most, false };

	if (count == 0 || !copy) {
		free(copy);
		return LLVMFuzzerMutate(data, n, most);
	}
	size_t at = (size_t)rand_r(&seed) % count, other = (size_t)rand_r(&seed) % count;
	for (size_t i = 0; i < count && !b.bad; i++) {
		struct span step = steps[i];
		size_t before = b.n;
		if (i == at && how == 1)		/* left out */
			continue;
		if (i == at && how == 2)		/* another one before it */
			buf_put(&b, steps[other]);
		if (how == 3 && (i == at || i == other))	/* changed places */
			step = steps[i == at ? other : at];
		buf_put(&b, i == at && (how == 0 || how > 3) ? changed(step, &seed) : step);
		if (b.bad) {
			b.bad = false;
			b.n = before;
			break;
		}
	}
	memcpy(data, copy, b.n);
	free(copy);
	return b.n;
}

/* The front of one, then the rest of the other. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t an, const uint8_t *b, size_t bn, uint8_t *out,
                                 size_t most, unsigned seed)
{
	static struct span first[STEPS_MAX], second[STEPS_MAX];
	size_t n = split((struct span){ a, an }, first), m = split((struct span){ b, bn }, second);
	size_t front = n ? (size_t)rand_r(&seed) % n : 0, from = m ? (size_t)rand_r(&seed) % m : 0;
	struct buf o = { out, 0, most, false };

	for (size_t i = 0; i < front + m - from; i++) {
		struct span step = i < front ? first[i] : second[from + i - front];
		if (step.n > buf_room(&o))
			break;
		buf_put(&o, step);
	}
	return o.n;
}
