/* Hostile frames: every stanza of every table is read from the same bytes. What is read whole is written
 * again, and must be the same bytes. */
#include "config.h"
#include <stdlib.h>
#include "wire/calls.h"
#include "wire/events.h"
#include "wire/frame.h"
#include "wire/jobs.h"
#include "wire/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint8_t room[FRAME_MAX + 64];

static void same(struct span in, const struct buf *b)
{
	if (b->bad || !span_eq(in, buf_span(b)))
		abort();
}

#define ROUND(x, side) \
static void round_##x##_##side(struct span in) \
{ \
	struct cur c = cur_of(in); \
	struct buf b = BUF(room); \
	struct x##_##side m; \
	x##_get_##side(&c, &m); \
	if (!cur_done(&c)) \
		return; \
	x##_put_##side(&b, &m); \
	same(in, &b); \
}
#define JOB CALL
#define EVENT CALL
#define RECORD CALL
#define END
#define IN(type, name)
#define OUT(type, name)
#define CALL(id, x) ROUND(x, in) ROUND(x, out)
#include "wire/calls.def"
#include "wire/jobs.def"
#include "wire/events.def"
#include "wire/records.def"
#undef CALL

static void (*const rounds[])(struct span) = {
#define CALL(id, x) round_##x##_in, round_##x##_out,
#include "wire/calls.def"
#include "wire/jobs.def"
#include "wire/events.def"
#include "wire/records.def"
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct frame f;

	if (n > FRAME_MAX)
		return 0;
	if (ok(frame_open((struct span){ data, n }, &f)))
		(void)frame_err(&f);
	for (size_t i = 0; i < sizeof rounds / sizeof rounds[0]; i++)
		rounds[i]((struct span){ data, n });
	return 0;
}
