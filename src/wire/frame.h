/* One message on any of our sockets: a head of 12 bytes and the fields of its stanza. */
#ifndef BSRE_WIRE_FRAME_H
#define BSRE_WIRE_FRAME_H
#include "lib/err.h"
#include "lib/span.h"

enum {
	WIRE_VERSION = 2,
	FRAME_HEAD = 12,		/* u32 bytes after the head, u32 id, u16 what, u16 sw */
	FRAME_MAX = 65536,		/* bytes, the head included: more is a broken or hostile peer */
	FRAME_DATA_MAX = 60000		/* what one field of a frame may hold, so that the rest has room */
};

/* what: the call in a request, the err code in a reply. id: the reply carries the request's; 0 wants
 * no reply. sw: the card's status word in a reply, 0 in a request. */
struct frame { uint32_t id; uint16_t what, sw; struct span body; };

/* Begins a frame in b; gives where it began, for frame_end, which writes its length. A frame over
 * FRAME_MAX makes b bad. */
size_t frame_begin(struct buf *b, uint32_t id, uint16_t what, uint16_t sw);
void   frame_end(struct buf *b, size_t begin);

/* Bytes of the whole frame whose front is s, known from 4 bytes on; 0: more bytes are needed.
 * More than FRAME_MAX: hang up. */
size_t frame_size(struct span s);

/* Takes a whole frame (frame_size bytes) apart; body borrows from s. BAD_FRAME: shorter than a head. */
err frame_open(struct span s, struct frame *out) MUST_USE;

/* The err that a reply carries; BAD_FRAME where err.def does not know it. */
err frame_err(const struct frame *f);
#endif
