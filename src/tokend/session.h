/* A Cryptoki session: its operations, its session objects, and whose it is. */
#ifndef BSRE_TOKEND_SESSION_H
#define BSRE_TOKEND_SESSION_H
#include <openssl/evp.h>
#include "object.h"
#include "peer.h"
#include "token.h"

struct mech;

/* A running operation. Data are hashed as they come, or gathered where the mechanism hashes nothing. */
struct op {
	bool               live, busy;		/* busy: its last part is at the card */
	uint32_t           id;			/* another one each time; 0 where none is live */
	const struct mech *mech;
	uint64_t           hash, mgf, salt;	/* PSS and OAEP: CKM_, CKG_, bytes */
	uint8_t           *label;		/* OAEP's, owned */
	size_t             label_n;
	uint32_t           key;			/* object */
	struct secret     *context;		/* PIN of a context login for this operation, until it is used */
	EVP_MD_CTX        *md;
	uint8_t           *data;		/* gathered, owned, wiped */
	size_t             data_n, data_cap;
	err                failed;		/* what went wrong in an update that nobody waited for */
};

struct session {
	struct session *next;			/* of the peer */
	struct peer    *peer;
	struct token   *token;			/* NULL: it was pulled out, the session is dead */
	uint32_t        id, flags;
	struct op       ops[OP_KINDS];
	struct object  *objects;
};

/* The peer's session by its number; NULL: none, or its token is gone. */
struct session *session_find(struct peer *p, uint32_t id);

/* As above, as the handlers' first line: SESSION_GONE. */
err session_want(struct request *rq, uint32_t id, struct session **s) MUST_USE;

/* QUOTA, SESSION_COUNT, SESSION_RW_SO. */
err  session_open(struct peer *p, struct token *t, uint32_t flags, uint32_t *id) MUST_USE;
void session_close(struct session *s);
void sessions_end(struct peer *p);			/* the program went */
void sessions_end_slot(struct peer *p, struct token *t);/* C_CloseAllSessions */
void sessions_end_token(struct token *t);		/* the token went: sessions stay, dead */

/* CKS_ of the session, from its flags and the program's login. */
uint32_t session_state(const struct session *s);

/* CKU_ of who is logged in for this session, CKU_NONE where nobody is. */
#define CKU_NONE 0xFFFFFFFFu
uint32_t session_user(const struct session *s);

/* A session object that is the peer's no more: freed, and its room given back. */
size_t object_bytes(const struct object *o);
void   object_gone(struct peer *p, struct object *o);

/* The end of a login: the program's private session objects at the token go (PKCS#11 5.6.9). */
void   session_objects_end(struct peer *p, const struct token *t);

/* Ends an operation: its data and the PIN that was given for it are wiped. */
void op_end(struct op *op);

/* PINs that were given for single operations go: all at a token; a program's at it. The operations stay,
 * and ask again. */
void contexts_end_token(struct token *t);
void contexts_end(struct peer *p, struct token *t);
#endif
