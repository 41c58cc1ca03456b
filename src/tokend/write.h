/* Changes on the token itself: certificates, names, key pairs, destruction. All of them want a
 * read-write session of a program whose user is logged in, and answer later. */
#ifndef BSRE_TOKEND_WRITE_H
#define BSRE_TOKEND_WRITE_H
#include "session.h"

/* The session, with the token's objects read; PARKED until they are. */
err want_loaded(struct request *rq, uint32_t id, struct session **s) MUST_USE;

/* The object, if the session may see it. */
err want_object(struct session *s, uint32_t handle, struct object **o) MUST_USE;

/* A new session object of a template; CKA_CLASS was looked at. */
err session_object(struct session *s, CK_ULONG cls, struct span attrs, struct object **made) MUST_USE;

err write_object(struct request *rq, struct session *s, CK_ULONG cls, struct span attrs) MUST_USE;

/* Answers KeyDestroy where a reason is given (SPAN_NONE: none), else ObjectDestroy. */
err write_destroy(struct request *rq, struct session *s, struct object *o, struct span reason) MUST_USE;
err write_names(struct request *rq, struct session *s, struct object *o, struct span attrs) MUST_USE;

/* SESSION_RO, PIN_NEEDED. */
err may_write(struct request *rq, struct session *s) MUST_USE;

/* Posts a job that changes the token, with the PIN kept at login. Takes j (NULL: QUOTA); PENDING. */
err write_post(struct request *rq, struct session *s, struct job *j) MUST_USE;

/* What a failed job means for logins and tries; gives the error that the program is told. */
err use_outcome(struct job *j, err e) MUST_USE;
#endif
