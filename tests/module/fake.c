/* The broker without cards: one thread, poll, everything from memory. */
#include "config.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fake.h"
#include "wire/calls.h"
#include "wire/frame.h"
#include "wire/records.h"

enum { PEERS = 32, SESSIONS = 256, TOKENS = 20, CALLS = 64, PARKED = 64 };

static struct token { uint32_t no; char serial[17]; } tokens[TOKENS];
static struct session {
	uint32_t no, token, op_key[OP_KINDS];
	int      peer;
	bool     rw, live[OP_KINDS], context;
	uint64_t sum, bytes;
} sessions[SESSIONS];
static struct peer { int fd; bool user, so; size_t n; uint8_t in[FRAME_MAX]; } peers[PEERS];
static struct { int peer; uint32_t id, session; uint64_t generation; } parked[PARKED];
static uint32_t last_token, last_session;
static uint64_t generation = 1, streamed;
static long counts[CALLS];
static uint8_t list_room[8192];

/* What a handler says besides an err: no reply now. */
#define LATER FAIL(REFUSED)

struct ask { int peer; uint32_t id; };

/* --- replies ---------------------------------------------------------------------------------- */
static void say(int peer, struct buf *b)
{
	if (b->bad || send(peers[peer].fd, b->p, b->n, MSG_NOSIGNAL) < 0)
		return;
}

static void refuse(int peer, uint32_t id, err e)
{
	uint8_t room[FRAME_HEAD];
	struct buf b = BUF(room);

	frame_begin(&b, id, e.code, e.sw);
	frame_end(&b, 0);
	say(peer, &b);
}

/* --- state ------------------------------------------------------------------------------------ */
static struct token *token_of(uint32_t no)
{
	for (size_t i = 0; no && i < TOKENS; i++)
		if (tokens[i].no == no)
			return &tokens[i];
	return NULL;
}

static struct session *session_of(int peer, uint32_t no)
{
	for (size_t i = 0; no && i < SESSIONS; i++)
		if (sessions[i].no == no && sessions[i].peer == peer)
			return &sessions[i];
	return NULL;
}

static void wake(void)
{
	generation++;
	for (size_t i = 0; i < PARKED; i++) {
		if (!parked[i].id)
			continue;
		if (parked[i].session) {
			if (session_of(parked[i].peer, parked[i].session))
				continue;
			refuse(parked[i].peer, parked[i].id, FAIL(TOKEN_GONE));
		} else {
			uint8_t room[64];
			struct buf b = BUF(room);
			struct WaitEvent_out out = { .now = generation };
			frame_begin(&b, parked[i].id, 0, 0);
			WaitEvent_put_out(&b, &out);
			frame_end(&b, 0);
			say(parked[i].peer, &b);
		}
		parked[i].id = 0;
	}
}

static err park(const struct ask *a, uint32_t session)
{
	for (size_t i = 0; i < PARKED; i++)
		if (!parked[i].id) {
			parked[i].peer = a->peer;
			parked[i].id = a->id;
			parked[i].session = session;
			return LATER;
		}
	return FAIL(QUOTA);
}

static bool plug(const char *serial)
{
	for (size_t i = 0; i < TOKENS; i++)
		if (!tokens[i].no) {
			tokens[i].no = ++last_token;
			snprintf(tokens[i].serial, sizeof tokens[i].serial, "%.16s", serial);
			wake();
			return true;
		}
	return false;
}

static bool pull(const char *serial)
{
	for (size_t i = 0; i < TOKENS; i++)
		if (tokens[i].no && strcmp(tokens[i].serial, serial) == 0) {
			for (size_t j = 0; j < SESSIONS; j++)
				if (sessions[j].token == tokens[i].no)
					sessions[j].no = 0;
			tokens[i].no = 0;
			wake();
			return true;
		}
	return false;
}

/* --- the calls -------------------------------------------------------------------------------- */
static err serve_Hello(struct ask *a, struct Hello_in *in, struct Hello_out *out)
{
	(void)a;
	*out = (struct Hello_out){ .version = in->version, .build = span_str("fake") };
	return OK;
}

static err serve_TokenList(struct ask *a, struct TokenList_in *in, struct TokenList_out *out)
{
	struct buf b = BUF(list_room);

	(void)a, (void)in;
	for (size_t i = 0; i < TOKENS; i++)
		if (tokens[i].no) {
			struct TokenRec_in t = {
				.token = tokens[i].no, .serial = span_str(tokens[i].serial),
				.label = span_str("fake token"),
			};
			TokenRec_put_in(&b, &t);
		}
	out->generation = generation;
	out->list = buf_span(&b);
	return OK;
}

static err serve_TokenInfo(struct ask *a, struct TokenInfo_in *in, struct TokenInfo_out *out)
{
	const struct token *t = token_of(in->token);

	(void)a;
	if (!t)
		return FAIL(NO_TOKEN);
	*out = (struct TokenInfo_out){
		.label = span_str("Ini label yang panjangnya 31 by\xC3\xA9"),
		.manufacturer = span_str("fake"), .model = span_str("PIV"),
		.serial = span_str(t->serial), .reader = span_str("Fake reader 00"),
		.flags = CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED,
		.pin_min = 6, .pin_max = 8, .pin_tries = 3, .puk_tries = 3, .firmware = 0x050403,
		.sessions = 1, .session_count = SESSIONS,
	};
	return OK;
}

static err serve_WaitEvent(struct ask *a, struct WaitEvent_in *in, struct WaitEvent_out *out)
{
	out->now = generation;
	return in->generation != generation ? OK : park(a, 0);
}

static err serve_MechList(struct ask *a, struct MechList_in *in, struct MechList_out *out)
{
	struct buf b = BUF(list_room);
	struct MechRec_in rows[] = {
		{ .type = CKM_RSA_PKCS, .smallest = 2048, .largest = 4096, .flags = CKF_SIGN | CKF_HW },
		{ .type = CKM_SHA256, .flags = CKF_DIGEST },
		{ .type = CKM_SHA256_RSA_PKCS_PSS, .smallest = 2048, .largest = 4096, .flags = CKF_SIGN | CKF_HW },
	};

	(void)a;
	if (!token_of(in->token))
		return FAIL(NO_TOKEN);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		MechRec_put_in(&b, &rows[i]);
	out->list = buf_span(&b);
	return OK;
}

static err serve_SessionOpen(struct ask *a, struct SessionOpen_in *in, struct SessionOpen_out *out)
{
	if (!token_of(in->token))
		return FAIL(NO_TOKEN);
	for (size_t i = 0; i < SESSIONS; i++)
		if (!sessions[i].no) {
			sessions[i] = (struct session){
				.no = ++last_session, .token = in->token, .peer = a->peer,
				.rw = in->flags & CKF_RW_SESSION,
			};
			out->session = last_session;
			return OK;
		}
	return FAIL(SESSION_COUNT);
}

#define WANT(s, a, in) \
	struct session *s = session_of((a)->peer, (in)->session); \
	if (!s) \
		return FAIL(SESSION_GONE)

static err serve_SessionClose(struct ask *a, struct SessionClose_in *in, struct SessionClose_out *out)
{
	(void)out;
	WANT(s, a, in);
	s->no = 0;
	wake();
	return OK;
}

static err serve_SessionCloseAll(struct ask *a, struct SessionCloseAll_in *in,
				 struct SessionCloseAll_out *out)
{
	(void)out;
	for (size_t i = 0; i < SESSIONS; i++)
		if (sessions[i].token == in->token && sessions[i].peer == a->peer)
			sessions[i].no = 0;
	peers[a->peer].user = peers[a->peer].so = false;
	return OK;
}

static err serve_SessionInfo(struct ask *a, struct SessionInfo_in *in, struct SessionInfo_out *out)
{
	WANT(s, a, in);
	bool user = peers[a->peer].user;
	out->state = s->rw ? (user ? CKS_RW_USER_FUNCTIONS : CKS_RW_PUBLIC_SESSION) :
			     (user ? CKS_RO_USER_FUNCTIONS : CKS_RO_PUBLIC_SESSION);
	out->flags = s->rw ? CKF_RW_SESSION : 0;
	return OK;
}

static err serve_Login(struct ask *a, struct Login_in *in, struct Login_out *out)
{
	(void)out;
	WANT(s, a, in);
	if (!in->given)
		return FAIL(CANCELED);
	if (!span_eq(secret_span(&in->pin), span_str("123456")))
		return (err){ E_PIN_WRONG, 0x63C2 };
	if (in->user == CKU_CONTEXT_SPECIFIC)
		s->context = true;
	else if (peers[a->peer].user)
		return FAIL(LOGGED_IN);
	else
		peers[a->peer].user = true;
	return OK;
}

static err serve_Logout(struct ask *a, struct Logout_in *in, struct Logout_out *out)
{
	(void)out;
	WANT(s, a, in);
	if (!peers[a->peer].user || !s->no)
		return FAIL(PIN_NEEDED);
	peers[a->peer].user = false;
	return OK;
}

static err serve_Find(struct ask *a, struct Find_in *in, struct Find_out *out)
{
	struct buf b = BUF(list_room);

	WANT(s, a, in);
	for (uint32_t i = FAKE_CERT; i < FAKE_OBJECTS && s->no; i++)
		if (i < FAKE_PRIVATE || peers[a->peer].user)
			buf_be(&b, i, 4);
	out->handles = buf_span(&b);
	return OK;
}

static struct ValueRec_in value_of(uint64_t type)
{
	static CK_OBJECT_CLASS class = CKO_CERTIFICATE;

	switch (type) {
	case CKA_CLASS: return (struct ValueRec_in){ .value = { (uint8_t *)&class, sizeof class } };
	case CKA_LABEL: return (struct ValueRec_in){ .value = span_str("label") };
	case CKA_ID:    return (struct ValueRec_in){ .value = { NULL, 0 } };
	case CKA_PRIVATE_EXPONENT: return (struct ValueRec_in){ .rv = CKR_ATTRIBUTE_SENSITIVE };
	default:        return (struct ValueRec_in){ .rv = CKR_ATTRIBUTE_TYPE_INVALID };
	}
}

static err serve_AttrGet(struct ask *a, struct AttrGet_in *in, struct AttrGet_out *out)
{
	struct buf b = BUF(list_room);
	struct cur c = cur_of(in->types);

	WANT(s, a, in);
	if (!in->object || in->object >= FAKE_OBJECTS || !s->no)
		return FAIL(NOT_FOUND);
	while (cur_left(&c)) {
		struct ValueRec_in v = value_of(cur_u64(&c));
		ValueRec_put_in(&b, &v);
	}
	out->values = buf_span(&b);
	return OK;
}

static err serve_OpInit(struct ask *a, struct OpInit_in *in, struct OpInit_out *out)
{
	WANT(s, a, in);
	if (!in->op || in->op >= OP_KINDS)
		return FAIL(BAD_FRAME);
	if (in->op != OP_DIGEST && (!in->key || in->key >= FAKE_OBJECTS))
		return FAIL(KEY_NOT_FOUND);
	if (s->live[in->op])
		return FAIL(OP_ACTIVE);
	s->live[in->op] = true;
	s->op_key[in->op] = in->key;
	s->sum = s->bytes = 0;
	out->most = in->op == OP_DIGEST ? 16 : 256;
	return OK;
}

/* The digest of this broker: how many bytes came, and their sum. */
static void add(struct session *s, struct span data)
{
	s->bytes += data.n;
	for (size_t i = 0; i < data.n; i++)
		s->sum = s->sum * 31 + data.p[i];
}

static err serve_OpUpdate(struct ask *a, struct OpUpdate_in *in, struct OpUpdate_out *out)
{
	(void)out;
	WANT(s, a, in);
	if (!in->op || in->op >= OP_KINDS || !s->live[in->op])
		return FAIL(OP_NONE);
	add(s, in->data);
	streamed += in->data.n;
	return OK;
}

static err result_of(struct session *s, uint32_t op, struct OpFinish_out *out)
{
	struct buf b = BUF(list_room);

	switch (op) {
	case OP_DIGEST:
		buf_be(&b, s->bytes, 8);
		buf_be(&b, s->sum, 8);
		break;
	case OP_VERIFY:
		return FAIL(SIGNATURE_INVALID);
	case OP_DECRYPT:
		buf_str(&b, "plain");
		break;
	default:
		buf_fill(&b, 0xAB, 256);
	}
	out->result = buf_span(&b);
	return OK;
}

static err serve_OpFinish(struct ask *a, struct OpFinish_in *in, struct OpFinish_out *out)
{
	WANT(s, a, in);
	if (!in->op || in->op >= OP_KINDS || !s->live[in->op])
		return FAIL(OP_NONE);
	uint32_t key = s->op_key[in->op];
	if (key == FAKE_ALWAYS && !s->context)
		return FAIL(PIN_NEEDED);
	if (key == FAKE_STUCK)
		return park(a, in->session);
	s->context = false;
	s->live[in->op] = false;
	add(s, in->data);
	return result_of(s, in->op, out);
}

static err serve_OpCancel(struct ask *a, struct OpCancel_in *in, struct OpCancel_out *out)
{
	(void)out;
	WANT(s, a, in);
	if (in->op && in->op < OP_KINDS)
		s->live[in->op] = false;
	return OK;
}

#define SERVED(X) \
	X(Hello) X(TokenList) X(TokenInfo) X(WaitEvent) X(MechList) X(SessionOpen) X(SessionClose) \
	X(SessionCloseAll) X(SessionInfo) X(Login) X(Logout) X(Find) X(AttrGet) X(OpInit) X(OpUpdate) \
	X(OpFinish) X(OpCancel)

#define ONE(x) \
static void one_##x(struct ask *a, struct cur *c) \
{ \
	static uint8_t room[FRAME_MAX]; \
	struct buf b = BUF(room); \
	struct x##_in in; \
	struct x##_out out = { 0 }; \
	x##_get_in(c, &in); \
	err e = cur_done(c) ? serve_##x(a, &in, &out) : FAIL(BAD_FRAME); \
	frame_begin(&b, a->id, e.code, e.sw); \
	if (ok(e)) \
		x##_put_out(&b, &out); \
	frame_end(&b, 0); \
	if (a->id && e.code != E_REFUSED) \
		say(a->peer, &b); \
}
SERVED(ONE)

static void serve(int peer, const struct frame *f)
{
	struct ask a = { peer, f->id };
	struct cur c = cur_of(f->body);

	if (f->what < CALLS)
		counts[f->what]++;
	switch (f->what) {
#define CASE(x) case x##_ID: one_##x(&a, &c); break;
	SERVED(CASE)
	default: refuse(peer, f->id, FAIL(NOT_SUPPORTED));
	}
}

/* --- the loop --------------------------------------------------------------------------------- */
static void leave(int peer)
{
	close(peers[peer].fd);
	peers[peer].fd = 0;
	for (size_t i = 0; i < SESSIONS; i++)
		if (sessions[i].peer == peer)
			sessions[i].no = 0;
	for (size_t i = 0; i < PARKED; i++)
		if (parked[i].peer == peer)
			parked[i].id = 0;
}

static void hear(int at)
{
	struct peer *p = &peers[at];
	ssize_t n = recv(p->fd, p->in + p->n, sizeof p->in - p->n, 0);
	struct frame f;
	size_t size;

	if (n <= 0) {
		leave(at);
		return;
	}
	p->n += (size_t)n;
	while ((size = frame_size((struct span){ p->in, p->n })) && size <= p->n) {
		if (ok(frame_open((struct span){ p->in, size }, &f)))
			serve(at, &f);
		struct buf rest = { p->in, 0, sizeof p->in, false };
		buf_put(&rest, (struct span){ p->in + size, p->n - size });
		p->n = rest.n;
	}
}

static void welcome(int listener)
{
	int fd = accept(listener, NULL, NULL);

	for (int i = 0; i < PEERS && fd >= 0; i++)
		if (!peers[i].fd) {
			peers[i].fd = fd;
			peers[i].n = 0;
			peers[i].user = false;
			return;
		}
	close(fd);
}

static void obey(int orders)
{
	char line[64] = { 0 };
	long answer = 0;

	if (read(orders, line, sizeof line - 1) <= 0)
		_exit(0);
	if (strncmp(line, "plug ", 5) == 0)
		answer = plug(line + 5) ? 0 : -1;
	else if (strncmp(line, "pull ", 5) == 0)
		answer = pull(line + 5) ? 0 : -1;
	else if (strncmp(line, "count ", 6) == 0)
		answer = counts[atoi(line + 6) % CALLS];
	else
		answer = (long)streamed;
	if (write(orders, &answer, sizeof answer) < 0)
		_exit(0);
}

static void run(int listener, int orders)
{
	struct pollfd p[PEERS + 2];

	for (;;) {
		p[0] = (struct pollfd){ listener, POLLIN, 0 };
		p[1] = (struct pollfd){ orders, POLLIN, 0 };
		for (int i = 0; i < PEERS; i++)
			p[i + 2] = (struct pollfd){ peers[i].fd ? peers[i].fd : -1, POLLIN, 0 };
		if (poll(p, PEERS + 2, -1) < 0)
			_exit(1);
		for (int i = 0; i < PEERS; i++)
			if (p[i + 2].revents)
				hear(i);
		if (p[0].revents)
			welcome(listener);
		if (p[1].revents)
			obey(orders);
	}
}

struct fake fake_start(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int pair[2], listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	unlink(path);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 16) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		run(listener, pair[1]);
	}
	close(listener);
	close(pair[1]);
	return (struct fake){ pid, pair[0] };
}

long fake_order(struct fake *f, const char *order)
{
	long answer = -1;

	if (write(f->orders, order, strlen(order)) < 0 ||
	    read(f->orders, &answer, sizeof answer) != sizeof answer)
		return -1;
	return answer;
}

void fake_kill(struct fake *f)
{
	if (f->pid <= 0)
		return;
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	close(f->orders);
	f->pid = 0;
}
