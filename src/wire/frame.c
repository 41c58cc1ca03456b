/* Frames: head in, head out. */
#include "config.h"
#include "frame.h"

size_t frame_begin(struct buf *b, uint32_t id, uint16_t what, uint16_t sw)
{
	size_t begin = b->n;

	buf_be(b, 0, 4);
	buf_be(b, id, 4);
	buf_be(b, what, 2);
	buf_be(b, sw, 2);
	return begin;
}

void frame_end(struct buf *b, size_t begin)
{
	if (b->bad || b->n - begin > FRAME_MAX) {
		b->bad = true;
		return;
	}
	struct buf head = { b->p + begin, 0, 4, false };
	buf_be(&head, b->n - begin - FRAME_HEAD, 4);
}

size_t frame_size(struct span s)
{
	struct cur c = cur_of(s);
	size_t n = cur_u32(&c);

	return c.bad ? 0 : n + FRAME_HEAD;
}

err frame_open(struct span s, struct frame *out)
{
	struct cur c = cur_of(s);

	cur_u32(&c);
	out->id = cur_u32(&c);
	out->what = cur_u16(&c);
	out->sw = cur_u16(&c);
	out->body = cur_rest(&c);
	return c.bad ? FAIL(BAD_FRAME) : OK;
}

err frame_err(const struct frame *f)
{
	return err_known(f->what) ? (err){ f->what, f->sw } : FAIL(BAD_FRAME);
}
