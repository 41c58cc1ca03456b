/* The program's end of the connection to the broker: one link a process, any number of threads.
 * Used by the module and the utility. libc alone; makes no thread and no process, raises no SIGPIPE. */
#ifndef BSRE_WIRE_LINK_H
#define BSRE_WIRE_LINK_H
#include "calls.h"
#include "frame.h"

struct link;

/* What a reply was read into; `out` structs borrow from it until reply_drop, which wipes and frees it.
 * One serves one call and begins as { 0 }, or with an epoch: then the call is made on that connection
 * alone and is E_SESSION_GONE, unsent, where it is lost. After the call: the epoch it was made in. */
struct reply { uint8_t *p; size_t n; uint32_t epoch; };
#define REPLY __attribute__((cleanup(reply_drop))) struct reply
void reply_drop(struct reply *r);

/* A link that is not connected yet. NULL: no memory. path: the socket; NULL: $BSRE_TOKEND_SOCKET (by
 * secure_getenv) or $XDG_RUNTIME_DIR/bsre-token/socket or /run/user/UID/bsre-token/socket. */
struct link *link_new(const char *path);

/* Ends it: every waiting call of any thread gets E_NO_DAEMON at once. link_free after all are back. */
void link_close(struct link *l);
void link_free(struct link *l);

/* After fork, in the child: closes the descriptor, sends nothing, takes no lock, frees nothing. */
void link_forget(struct link *l);

/* Grows by one with every new connection: what belongs to an older epoch is gone at the broker. 0:
 * never connected. link_check connects where need be (and says Hello), without any other call. */
uint32_t link_epoch(const struct link *l);
err      link_check(struct link *l) MUST_USE;

/* The generation that WaitEvent and TokenList speak of is the broker's; see calls.def.
 *
 * One function a stanza of calls.def: sends `in`, waits for the reply, fills `out`, which borrows from
 * `r`. Any thread; a slow call delays no other. The link connects by itself, once a call, where it is
 * not connected; a call whose connection breaks under way is not sent again: E_NO_DAEMON. E_QUOTA: no
 * memory, or more than a frame holds (FRAME_DATA_MAX bytes in one field always fit).
 * E_NO_DAEMON also where no broker runs, where the socket's other end is not the same user, or where
 * link_close came; E_BAD_FRAME after which the link is closed: nonsense from the broker. */
#define CALL(id, x) err call_##x(struct link *l, struct x##_in *in, struct x##_out *out, struct reply *r) MUST_USE;
#define IN(type, name)
#define OUT(type, name)
#define END
#include "calls.def"
#undef CALL
#undef IN
#undef OUT
#undef END

/* OpUpdate without an answer, for data that are only hashed: blocks where the broker reads slower.
 * epoch: the connection that the session belongs to; E_SESSION_GONE where that one is lost. */
err post_OpUpdate(struct link *l, uint32_t epoch, struct OpUpdate_in *in) MUST_USE;
#endif
