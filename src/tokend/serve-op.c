/* C_DigestInit ... C_VerifyFinal: hashing and padding here, private keys at the card. */
#include "config.h"
#include <openssl/rsa.h>
#include <stdlib.h>
#include "cipher.h"
#include "load.h"
#include "ledger.h"
#include "lib/log.h"
#include "peer.h"
#include "use.h"
#include "write.h"

enum { GATHER_MAX = 4096, RESULT_MAX = 1024, DIGEST_MAX = 64 };

/* Results live here until the reply is made; then they are wiped. */
static uint8_t result[RESULT_MAX];

static const struct op_row { unsigned use, key_kind; CK_ATTRIBUTE_TYPE usage; } rows[OP_KINDS] = {
	[OP_DIGEST]         = { USE_DIGEST, 0, 0 },
	[OP_SIGN]           = { USE_SIGN, OBJ_PRIVATE, CKA_SIGN },
	[OP_VERIFY]         = { USE_SIGN, OBJ_PUBLIC, CKA_VERIFY },
	[OP_ENCRYPT]        = { USE_CIPHER, OBJ_PUBLIC, CKA_ENCRYPT },
	[OP_DECRYPT]        = { USE_CIPHER, OBJ_PRIVATE, CKA_DECRYPT },
	[OP_SIGN_RECOVER]   = { USE_RECOVER, OBJ_PRIVATE, CKA_SIGN_RECOVER },
	[OP_VERIFY_RECOVER] = { USE_RECOVER, OBJ_PUBLIC, CKA_VERIFY_RECOVER },
};

static err want_op(struct request *rq, uint32_t session, uint32_t kind, struct session **s, struct op **op)
{
	TRY(session_want(rq, session, s));
	if (kind == 0 || kind >= OP_KINDS)
		return FAIL(BAD_FRAME);
	*op = &(*s)->ops[kind];
	return (*op)->live && !(*op)->busy ? OK : FAIL(OP_NONE);
}

/* --- init ---------------------------------------------------------------------------------------- */
static err want_key(struct session *s, const struct op_row *row, const struct mech *m, uint32_t handle,
                    struct object **key)
{
	*key = object_find(s, handle);
	if (!*key)	/* it may be there, but only for who logged in */
		return object_on(s->token, handle) ? FAIL(PIN_NEEDED) : FAIL(KEY_NOT_FOUND);
	if (!((*key)->kind & row->key_kind))
		return (*key)->kind & OBJ_KEY ? FAIL(KEY_FUNCTION) : FAIL(KEY_NOT_FOUND);
	if ((*key)->key.kind != m->key)
		return FAIL(KEY_TYPE);
	/* what a program said of a key of its own holds; a token's key does what its kind can */
	return (*key)->token || attr_flag(*key, row->usage) ? OK : FAIL(KEY_FUNCTION);
}

static uint32_t longest(const struct op *op, uint32_t kind, const struct object *key)
{
	if (kind == OP_DIGEST)
		return (uint32_t)EVP_MD_get_size(mech_md(op->mech->hash));
	if (kind == OP_SIGN || kind == OP_VERIFY)
		return key->key.kind == KEY_RSA ? (uint32_t)key->key.n.n : (uint32_t)alg_signature(key->alg);
	return (uint32_t)key->key.n.n;
}

static err op_begin(struct op *op, const struct mech *m, struct span param)
{
	TRY(mech_param(m, param, op));
	op->mech = m;
	if (m->hash) {
		op->md = EVP_MD_CTX_new();
		if (!op->md || EVP_DigestInit_ex(op->md, mech_md(m->hash), NULL) != 1)
			return FAIL(QUOTA);
	}
	op->live = true;
	op->id = broker_next_id();
	return OK;
}

err serve_OpInit(struct request *rq, struct OpInit_in *in, struct OpInit_out *out)
{
	struct object *key = NULL;
	struct session *s;

	TRY(want_loaded(rq, in->session, &s));
	if (in->op == 0 || in->op >= OP_KINDS)
		return FAIL(BAD_FRAME);
	const struct op_row *row = &rows[in->op];
	struct op *op = &s->ops[in->op];
	if (op->live)
		return FAIL(OP_ACTIVE);
	const struct mech *m = mech_find(in->mech, row->use);
	if (!m || !mech_on(s->token, m))
		return FAIL(MECH_INVALID);
	if (row->key_kind)
		TRY(want_key(s, row, m, in->key, &key));
	err e = op_begin(op, m, in->param);
	if (!ok(e)) {
		op_end(op);
		return e;
	}
	op->key = in->key;
	out->most = longest(op, in->op, key);
	return OK;
}

/* --- update -------------------------------------------------------------------------------------- */
static err gather(struct op *op, struct span data)
{
	if (op->data_n + data.n > GATHER_MAX)
		return FAIL(DATA_LENGTH);
	if (!op->data) {
		op->data = malloc(GATHER_MAX);
		op->data_cap = GATHER_MAX;
		if (!op->data) {
			op->data_cap = 0;
			return FAIL(QUOTA);
		}
	}
	struct buf b = { op->data, op->data_n, op->data_cap, false };
	buf_put(&b, data);
	op->data_n = b.n;
	return OK;
}

static err op_feed(struct op *op, struct span data)
{
	if (op->md)
		return EVP_DigestUpdate(op->md, data.p, data.n) == 1 ? OK : FAIL(GENERAL);
	return gather(op, data);
}

err serve_OpUpdate(struct request *rq, struct OpUpdate_in *in, struct OpUpdate_out *out)
{
	struct session *s;
	struct op *op;

	(void)out;
	TRY(want_op(rq, in->session, in->op, &s, &op));
	if (ok(op->failed))
		op->failed = op_feed(op, in->data);
	return op->failed;
}

/* --- finish -------------------------------------------------------------------------------------- */
/* Everything that was given, hashed where the mechanism hashes. The operation itself is not changed:
 * it can be asked again after PIN_NEEDED. */
static err op_input(struct op *op, struct span last, struct buf *b)
{
	unsigned n = 0;

	TRY(op->failed);
	if (!op->md) {
		buf_put(b, (struct span){ op->data, op->data_n });
		buf_put(b, last);
		return b->bad ? FAIL(DATA_LENGTH) : OK;
	}
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good = md && buf_room(b) >= DIGEST_MAX && EVP_MD_CTX_copy_ex(md, op->md) == 1 &&
		EVP_DigestUpdate(md, last.p, last.n) == 1 && EVP_DigestFinal_ex(md, b->p, &n) == 1;
	EVP_MD_CTX_free(md);
	buf_grow(b, n);
	return good ? OK : FAIL(GENERAL);
}

/* The session and operation that a card's answer is for; NULL: both are gone by now. */
static struct op *op_of(const struct job *j)
{
	struct session *s = j->rq && j->rq->peer ? session_find(j->rq->peer, j->session) : NULL;

	return s ? &s->ops[j->flags] : NULL;
}

/* A signature leaves only if it fits the public key. One that does not was garbled, or made by a card that
 * erred (a wrong RSA-CRT result gives the private key away), or the key is another than the one remembered
 * (cache.h): all is read anew. */
static err prove_signature(struct op *op, struct job *j, struct span raw)
{
	struct object *key = object_of_slot(j->token, j->slot, OBJ_PRIVATE);

	if (!key || j->flags == OP_DECRYPT)
		return OK;
	const struct encoding *plain = key->key.kind == KEY_RSA ? &encoding_raw : &encoding_ecdsa;
	err e = plain->verify(op, key, j->first, raw);
	if (ok(e)) {
		key->unproven = false;
		return OK;
	}
	log_line(LOG_WARNING, "token=%u slot=%02x: the signature does not fit the key", j->token->id, j->slot);
	load_again(j->token);
	return FAIL(BAD_REPLY);
}

static err op_result(struct op *op, struct job *j, struct span raw, struct buf *b)
{
	TRY(prove_signature(op, j, raw));
	if (j->flags != OP_DECRYPT) {
		buf_put(b, raw);
		return b->bad ? FAIL(BAD_REPLY) : OK;
	}
	return op->mech->encoding->open(op, raw, j->first, b);
}

static void done_use(struct job *j, err e, struct cur *reply)
{
	struct buf b = BUF(result);
	struct CardUse_out got = { 0 };
	struct OpFinish_out out = { 0 };
	struct op *op = op_of(j);

	e = use_outcome(j, e);
	if (ok(e)) {
		CardUse_get_out(reply, &got);
		e = cur_done(reply) ? OK : FAIL(BAD_REPLY);
	}
	if (ok(e) && op)
		e = op_result(op, j, got.out, &b);
	log_line(LOG_INFO, "use token=%s slot=%02x op=%u: %s", j->token->serial, j->slot, j->flags, log_err(e));
	ledger_job(j->flags == OP_DECRYPT ? "decrypt" : "sign", j, e);
	if (op) {
		op->busy = false;
		if (e.code != E_PIN_NEEDED)
			op_end(op);
	}
	out.result = buf_span(&b);
	answer_OpFinish(j->rq, e, &out);
	wipe(result, sizeof result);
}

/* A private key's turn: the block that the card takes, and off it goes. */
static err finish_private(struct request *rq, struct session *s, struct op *op, uint32_t kind, struct span in)
{
	uint8_t room[RESULT_MAX];
	struct buf block = BUF(room);
	struct object *key = object_find(s, op->key);

	if (!key)
		return session_user(s) == CKU_USER ? FAIL(KEY_NOT_FOUND) : FAIL(PIN_NEEDED);
	TRY(use_ready(rq, s, key, kind, kind == OP_DECRYPT ? PURPOSE_DECRYPT : PURPOSE_SIGN));
	size_t size = key->key.kind == KEY_RSA ? key->key.n.n : alg_bits(key->alg) / 8;
	if (kind == OP_DECRYPT) {
		if (in.n != size)
			return FAIL(CIPHER_LENGTH);
		buf_put(&block, in);
	} else {
		TRY(op->mech->encoding->sign(op, in, size, &block));
	}
	enum prim prim = key->key.kind == KEY_RSA ? PRIM_RSA_PRIVATE : PRIM_EC_SIGN;
	err e = use_key(rq, s, &(struct use){ .key = key, .prim = prim, .in = buf_span(&block), .op = kind,
	                                      .mech = op->mech->type, .done = done_use });
	op->busy = e.code == E_PENDING;
	wipe(room, sizeof room);
	return e;
}

static err finish_verify(struct session *s, struct op *op, struct span in, struct span sig)
{
	struct object *key = object_find(s, op->key);

	if (!key)
		return FAIL(KEY_NOT_FOUND);
	if (sig.n != longest(op, OP_VERIFY, key))
		return FAIL(SIGNATURE_LENGTH);
	return op->mech->encoding->verify(op, key, in, sig);
}

/* The message in a signature: the public key undoes it, and the padding of signatures is taken off. */
static err finish_recover(struct session *s, struct op *op, struct span sig, struct buf *out)
{
	struct object *key = object_find(s, op->key);
	EVP_PKEY *pub = key ? mech_public(key) : NULL;
	EVP_PKEY_CTX *ctx = pub ? EVP_PKEY_CTX_new(pub, NULL) : NULL;
	int padding = op->mech->type == CKM_RSA_PKCS ? RSA_PKCS1_PADDING : RSA_NO_PADDING;
	size_t n = buf_room(out);
	bool good = ctx && EVP_PKEY_verify_recover_init(ctx) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1 &&
		EVP_PKEY_verify_recover(ctx, out->p, &n, sig.p, sig.n) == 1;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pub);
	if (good)
		buf_grow(out, n);
	return good ? OK : FAIL(SIGNATURE_INVALID);
}

static err finish_encrypt(struct session *s, struct op *op, struct span in, struct buf *out)
{
	struct object *key = object_find(s, op->key);

	return key ? op->mech->encoding->encrypt(op, key, in, out) : FAIL(KEY_NOT_FOUND);
}

static err finish(struct request *rq, struct session *s, struct op *op, struct OpFinish_in *in, struct buf *out)
{
	uint8_t room[GATHER_MAX + DIGEST_MAX];
	struct buf data = BUF(room);

	TRY(op_input(op, in->data, &data));
	struct span all = buf_span(&data);
	switch (in->op) {
	case OP_DIGEST:
		buf_put(out, all);
		return OK;
	case OP_VERIFY:
		return finish_verify(s, op, all, in->signature);
	case OP_ENCRYPT:
		return finish_encrypt(s, op, all, out);
	case OP_VERIFY_RECOVER:
		return finish_recover(s, op, all, out);
	default:
		return finish_private(rq, s, op, in->op, all);
	}
}

err serve_OpFinish(struct request *rq, struct OpFinish_in *in, struct OpFinish_out *out)
{
	struct buf b = BUF(result);
	struct session *s;
	struct op *op;

	TRY(want_op(rq, in->session, in->op, &s, &op));
	err e = finish(rq, s, op, in, &b);
	if (e.code != E_PENDING && e.code != E_PARKED && e.code != E_PIN_NEEDED)
		op_end(op);
	out->result = buf_span(&b);
	return e;
}

err serve_OpCancel(struct request *rq, struct OpCancel_in *in, struct OpCancel_out *out)
{
	struct session *s;

	(void)out;
	TRY(session_want(rq, in->session, &s));
	if (in->op == 0 || in->op >= OP_KINDS)
		return FAIL(BAD_FRAME);
	if (s->ops[in->op].busy)
		return FAIL(OP_ACTIVE);
	op_end(&s->ops[in->op]);
	return OK;
}
