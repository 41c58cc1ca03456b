/* One call of a program while it is being answered, and how it is answered. */
#ifndef BSRE_TOKEND_REQUEST_H
#define BSRE_TOKEND_REQUEST_H
#include "wire/calls.h"
#include "wire/frame.h"
#include "wire/records.h"

struct peer;
struct session;
struct token;

/* A handler answers at once (OK or an error), or returns PENDING after request_keep() and answers
 * later, or PARKED: the same frame is served again when the token it named has been read. */
struct request {
	struct request *next;		/* of the peer's waiting ones */
	struct peer    *peer;		/* NULL: the program is gone, nobody waits for the answer */
	uint32_t        id;		/* 0: no answer is wanted */
	uint16_t        call;
	const void     *parked;		/* PARKED: waits for this token or dialog; NULL: for the first scan */
	uint8_t        *frame;		/* PARKED: the body, owned */
	size_t          frame_n;
};

/* A copy of rq that outlives the handler; counted against the peer's quota. NULL: quota or memory. */
struct request *request_keep(struct request *rq);

/* Frees it without an answer. */
void request_drop(struct request *rq);

/* Refuses after a second, so that a program which repeats a PIN for ever does it slowly. What the handler
 * returns: PENDING. */
err request_refuse_slowly(struct request *rq, err e) MUST_USE;

/* Answers a kept request of a call without OUT fields after ms. */
void request_answer_later(struct request *kept, err e, uint64_t ms);

/* Drops the slow refusals that nobody waits for any more, so that who comes and goes fills no memory. */
void requests_forget(void);

/* One answer_X for each stanza: sends the reply to whoever still waits and frees rq. out may be NULL
 * where e is not OK. */
#define CALL(id, x) void answer_##x(struct request *rq, err e, struct x##_out *out);
#define IN(type, name)
#define OUT(type, name)
#define END
#include "wire/calls.def"
#undef CALL

/* The handlers, one a stanza: serve-*.c. `in` borrows from the frame; what `out` borrows must live
 * until the handler has returned. */
#define CALL(id, x) err serve_##x(struct request *rq, struct x##_in *in, struct x##_out *out) MUST_USE;
#include "wire/calls.def"
#undef CALL
#undef IN
#undef OUT
#undef END

/* Decodes one frame and serves it: replies, keeps or parks. BAD_FRAME: hang up on the peer. */
err request_serve(struct peer *p, const struct frame *f) MUST_USE;

/* Serves the requests that are parked at a token or dialog (NULL: at the first scan) again. */
void requests_unpark(const void *what);

/* Answers the requests that are parked there with e: it is gone. */
void requests_fail(const void *what, err e);

/* Parks rq until requests_unpark is called for the same: what the handler returns. */
err request_park(struct request *rq, const void *what) MUST_USE;
#endif
