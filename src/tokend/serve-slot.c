/* Hello, and what is known of tokens, readers and mechanisms: all from memory. */
#include "config.h"
#include "dialog.h"
#include "lib/log.h"
#include "mech.h"
#include "modules.h"
#include "peer.h"
#include "quirks.h"
#include "session.h"
#include "token.h"

/* What a handler's `out` borrows lives here until the reply is made. */
static uint8_t room[FRAME_DATA_MAX];

static err list(struct buf *b, struct span *out)
{
	*out = buf_span(b);
	return b->bad ? FAIL(QUOTA) : OK;
}

/* The token of a call that names one. */
static err want_token(uint32_t id, struct token **t)
{
	*t = token_find(id);
	return *t && (*t)->known ? OK : FAIL(NO_TOKEN);
}

/* What prompts need of a program; and how it is let in. */
static void meet(struct peer *p, const struct Hello_in *in)
{
	struct terminal *t = &p->terminal;

	keep_text(t->tty, sizeof t->tty, in->tty);
	keep_text(t->term, sizeof t->term, in->term);
	keep_text(t->locale, sizeof t->locale, in->locale);
	keep_text(t->display, sizeof t->display, in->display);
	keep_text(t->wayland, sizeof t->wayland, in->wayland);
	p->app = apps_find(&broker.conf.apps, p->program, p->sandbox);
	if (!dialog_possible(p))
		p->app.mode = MODE_APP_PIN;
	log_line(LOG_INFO, "peer pid=%d logs in by %s %s", (int)p->pid, mode_name(p->app.mode), p->sandbox);
}

err serve_Hello(struct request *rq, struct Hello_in *in, struct Hello_out *out)
{
	if (in->version != WIRE_VERSION || in->word != sizeof(CK_ULONG))
		return FAIL(WRONG_VERSION);
	if (!tokens_settled())
		return request_park(rq, NULL);
	meet(rq->peer, in);
	rq->peer->greeted = true;
	broker_cancel(&rq->peer->patience);
	out->version = WIRE_VERSION;
	out->build = span_str(PACKAGE_VERSION);
	return OK;
}

err serve_TokenList(struct request *rq, struct TokenList_in *in, struct TokenList_out *out)
{
	struct buf b = BUF(room);

	(void)rq, (void)in;
	for (struct token *t = broker.tokens; t; t = t->next) {
		struct TokenRec_in rec = { .token = t->id, .serial = span_str(t->serial), .label = span_str(t->label) };
		if (t->known && !t->gone)
			TokenRec_put_in(&b, &rec);
	}
	out->generation = broker.generation;
	return list(&b, &out->list);
}

/* CKF_ of CK_TOKEN_INFO (PKCS#11 3.2). */
static uint64_t token_flags(const struct token *t, enum mode mode)
{
	uint64_t flags = CKF_LOGIN_REQUIRED;

	if (mode == MODE_PAP)
		flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	if (mode == MODE_ON_USE)
		flags &= ~(uint64_t)CKF_LOGIN_REQUIRED;
	if (!(t->flags & TOKEN_PIN_UNSET))
		flags |= CKF_USER_PIN_INITIALIZED;
	if (token_is_set_up(t))
		flags |= CKF_TOKEN_INITIALIZED;
	if (t->flags & TOKEN_PIN_TO_CHANGE)
		flags |= CKF_USER_PIN_TO_BE_CHANGED;
	if (t->tries.user == 0)
		flags |= CKF_USER_PIN_LOCKED;
	else if (t->tries.user == 1)
		flags |= CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY;
	else if (t->tries.user == 2)
		flags |= CKF_USER_PIN_COUNT_LOW;
	if (t->tries.puk == 0)
		flags |= CKF_SO_PIN_LOCKED;
	else if (t->tries.puk == 1)
		flags |= CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY;
	else if (t->tries.puk == 2)
		flags |= CKF_SO_PIN_COUNT_LOW;
	return flags;
}

static void count_sessions(const struct request *rq, const struct token *t, struct TokenInfo_out *out)
{
	for (struct peer *p = broker.peers; p; p = p->next)
		for (struct session *s = p->sessions; s; s = s->next) {
			if (s->token != t || p != rq->peer)
				continue;
			out->sessions++;
			out->rw_sessions += s->flags & CKF_RW_SESSION ? 1 : 0;
		}
}

err serve_TokenInfo(struct request *rq, struct TokenInfo_in *in, struct TokenInfo_out *out)
{
	struct token *t;

	TRY(want_token(in->token, &t));
	*out = (struct TokenInfo_out){
		.label = span_str(t->label), .manufacturer = span_str(t->manufacturer),
		.model = span_str(t->model), .serial = span_str(t->serial),
		.reader = span_str(t->reader->name), .driver = span_str(t->driver),
		.flags = token_flags(t, rq->peer->app.mode), .pin_min = t->pin_min, .pin_max = t->pin_max,
		.pin_tries = t->tries.user, .puk_tries = t->tries.puk, .firmware = t->firmware,
		.session_count = PEER_SESSIONS_MAX, .rw_session_count = PEER_SESSIONS_MAX,
	};
	count_sessions(rq, t, out);
	return OK;
}

err serve_TokenState(struct request *rq, struct TokenState_in *in, struct TokenState_out *out)
{
	struct token *t;

	(void)rq;
	TRY(want_token(in->token, &t));
	out->flags = t->flags;
	return OK;
}

err serve_WaitEvent(struct request *rq, struct WaitEvent_in *in, struct WaitEvent_out *out)
{
	out->now = broker.generation;
	if (in->generation != broker.generation)
		return OK;
	return request_keep(rq) ? FAIL(PENDING) : FAIL(QUOTA);
}

err serve_Ping(struct request *rq, struct Ping_in *in, struct Ping_out *out)
{
	(void)rq, (void)in, (void)out;
	return OK;
}

err serve_ReaderList(struct request *rq, struct ReaderList_in *in, struct ReaderList_out *out)
{
	struct buf b = BUF(room);

	(void)rq, (void)in;
	for (struct reader *r = broker.readers; r; r = r->next) {
		struct ReaderRec_in rec = { .name = span_str(r->name), .state = r->state,
		                            .token = r->token ? r->token->id : 0, .atr = { r->atr, r->atr_n } };
		if (!r->gone)
			ReaderRec_put_in(&b, &rec);
	}
	return list(&b, &out->list);
}

err serve_ServiceRead(struct request *rq, struct ServiceRead_in *in, struct ServiceRead_out *out)
{
	(void)rq, (void)in;
	out->state = tokens_service();
	return OK;
}

err serve_LoginList(struct request *rq, struct LoginList_in *in, struct LoginList_out *out)
{
	struct buf b = BUF(room);
	struct token *t;

	(void)rq;
	TRY(want_token(in->token, &t));
	for (struct peer *p = broker.peers; p; p = p->next) {
		struct login *l = login_find(p, t);
		if (!l)
			continue;
		struct LoginRec_in rec = { .pid = (uint32_t)p->pid, .user = l->user, .program = span_str(p->program) };
		LoginRec_put_in(&b, &rec);
	}
	return list(&b, &out->list);
}

err serve_MechList(struct request *rq, struct MechList_in *in, struct MechList_out *out)
{
	struct buf b = BUF(room);
	struct token *t;

	(void)rq;
	TRY(want_token(in->token, &t));
	mech_list(t, &b);
	return list(&b, &out->list);
}

err serve_ReaderDriver(struct request *rq, struct ReaderDriver_in *in, struct ReaderDriver_out *out)
{
	const struct reader *r = broker.readers;

	(void)rq;
	while (r && !span_eq(span_str(r->name), in->reader))
		r = r->next;
	if (!r || r->gone || !r->present)
		return FAIL(NOT_FOUND);
	if (r->token || r->state == READER_NO_MODULE || r->state == READER_QUARANTINED) {
		out->driver = span_str(drivers_name(r));
		out->why = span_str(drivers_why(r));
	}
	return OK;
}

err serve_TokenWays(struct request *rq, struct TokenWays_in *in, struct TokenWays_out *out)
{
	struct token *t;

	(void)rq;
	TRY(want_token(in->token, &t));
	const struct quirk *q = quirk_of(t);
	out->module = t->flags & TOKEN_BY_ID ? 1 : 0;
	out->flags = q ? q->flags : 0;
	out->init = span_str(q ? q->init : "");
	return OK;
}
