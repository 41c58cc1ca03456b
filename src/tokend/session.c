/* Sessions: opened, found, ended with their program or their token. */
#include "config.h"
#include <stdlib.h>
#include "dialog.h"
#include "session.h"

struct session *session_find(struct peer *p, uint32_t id)
{
	struct session *s = p->sessions;

	while (s && s->id != id)
		s = s->next;
	return s && s->token ? s : NULL;
}

err session_want(struct request *rq, uint32_t id, struct session **s)
{
	*s = session_find(rq->peer, id);
	return *s ? OK : FAIL(SESSION_GONE);
}

err session_open(struct peer *p, struct token *t, uint32_t flags, uint32_t *id)
{
	struct login *l = login_find(p, t);

	if (peers_usage(p).sessions >= PEER_SESSIONS_MAX)
		return FAIL(SESSION_COUNT);
	if (l && l->user == CKU_SO && !(flags & CKF_RW_SESSION))
		return FAIL(SESSION_RW_SO);
	struct session *s = calloc(1, sizeof *s);
	if (!s)
		return FAIL(QUOTA);
	*s = (struct session){ .next = p->sessions, .peer = p, .token = t, .id = broker_next_id(),
	                       .flags = flags & CKF_RW_SESSION };
	p->sessions = s;
	p->session_count++;
	*id = s->id;
	return OK;
}

void op_end(struct op *op)
{
	EVP_MD_CTX_free(op->md);
	if (op->data)
		wipe(op->data, op->data_cap);
	free(op->data);
	free(op->label);
	secret_drop(op->context);
	*op = (struct op){ 0 };
}

size_t object_bytes(const struct object *o)
{
	return o->der.n + o->attrs.n + o->label.n + o->id.n;
}

void object_gone(struct peer *p, struct object *o)
{
	p->object_count--;
	p->bytes -= object_bytes(o);
	object_free(o);
}

void session_objects_end(struct peer *p, const struct token *t)
{
	for (struct session *s = p->sessions; s; s = s->next)
		for (struct object **at = &s->objects; *at && s->token == t;) {
			struct object *o = *at;
			if (!attr_flag(o, CKA_PRIVATE)) {
				at = &o->next;
				continue;
			}
			*at = o->next;
			object_gone(p, o);
		}
}

static void session_free(struct session *s)
{
	dialogs_end_session(s);
	for (int i = 0; i < OP_KINDS; i++)
		op_end(&s->ops[i]);
	while (s->objects) {
		struct object *o = s->objects;
		s->objects = o->next;
		object_gone(s->peer, o);
	}
	s->peer->session_count--;
	free(s);
}

/* C_CloseSession of the last session logs the program out (PKCS#11 5.6.7). */
static void logout_if_last(struct peer *p, struct token *t)
{
	for (struct session *s = p->sessions; s; s = s->next)
		if (s->token == t)
			return;
	if (t && login_find(p, t))
		login_end(p, t);
}

void session_close(struct session *gone)
{
	struct peer *p = gone->peer;
	struct token *t = gone->token;

	for (struct session **at = &p->sessions; *at; at = &(*at)->next)
		if (*at == gone) {
			*at = gone->next;
			session_free(gone);
			break;
		}
	logout_if_last(p, t);
}

void sessions_end(struct peer *p)
{
	while (p->sessions) {
		struct session *s = p->sessions;
		p->sessions = s->next;
		session_free(s);
	}
}

void sessions_end_slot(struct peer *p, struct token *t)
{
	for (struct session **at = &p->sessions; *at;) {
		struct session *s = *at;
		if (s->token != t) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		session_free(s);
	}
	logout_if_last(p, t);
}

void sessions_end_token(struct token *t)
{
	for (struct peer *p = broker.peers; p; p = p->next)
		for (struct session *s = p->sessions; s; s = s->next)
			if (s->token == t) {
				for (int i = 0; i < OP_KINDS; i++)
					op_end(&s->ops[i]);
				s->token = NULL;
			}
}

void contexts_end(struct peer *p, struct token *t)
{
	for (struct session *s = p->sessions; s; s = s->next)
		for (int i = 0; i < OP_KINDS && s->token == t; i++) {
			secret_drop(s->ops[i].context);
			s->ops[i].context = NULL;
		}
}

void contexts_end_token(struct token *t)
{
	for (struct peer *p = broker.peers; p; p = p->next)
		contexts_end(p, t);
}

uint32_t session_user(const struct session *s)
{
	struct login *l = s->token ? login_find(s->peer, s->token) : NULL;

	return l ? l->user : CKU_NONE;
}

uint32_t session_state(const struct session *s)
{
	bool rw = s->flags & CKF_RW_SESSION;

	switch (session_user(s)) {
	case CKU_SO:   return CKS_RW_SO_FUNCTIONS;
	case CKU_USER: return rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
	default:       return rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
	}
}
