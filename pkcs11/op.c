/* Operations. The broker does them; what is kept here is what PKCS#11's rules of lengths need: how
 * long a result can be, and a result that the caller's buffer was too small for. */
#include "config.h"
#include <stdlib.h>
#include "op.h"
#include "size.h"
#include "template.h"
#include "wire/frame.h"

enum {
	SIGNATURE_MAX = 4096,		/* bytes; longer than any key's */
	HELD_MAX = 16384		/* bytes of small parts that go to the broker together */
};

static bool bytes_good(struct span v)
{
	return v.p || !v.n;
}

/* Decrypted data are shorter than `most` by the padding; all else is exactly `most`. */
static bool varies(enum op_kind kind)
{
	return kind == OP_DECRYPT || kind == OP_VERIFY_RECOVER;
}

/* --- state ------------------------------------------------------------------------------------ */

void op_clear(struct op *op)
{
	if (op->kept)
		wipe(op->kept, op->kept_n);
	free(op->kept);
	if (op->held)
		wipe(op->held, op->held_n);
	free(op->held);
	*op = (struct op){ 0 };
}

static void set(struct session *s, enum op_kind kind, struct op to)
{
	tables_lock();
	op_clear(&s->op[kind]);
	s->op[kind] = to;
	tables_unlock();
}

/* What is known now. `kept` is not the caller's to read: another thread may free it. `held` stays where
 * it is. */
static struct op get(struct session *s, enum op_kind kind)
{
	tables_lock();
	struct op op = s->op[kind];
	tables_unlock();
	op.held = NULL;
	op.held_n = 0;
	return op;
}

static void mark(struct session *s, enum op_kind kind, bool parts, bool streamed)
{
	tables_lock();
	s->op[kind].parts |= parts;
	s->op[kind].streamed |= streamed;
	tables_unlock();
}

bool op_cancel(struct session *s, enum op_kind kind)
{
	REPLY r = { .epoch = s->epoch };
	struct OpCancel_in in = { .session = s->id, .op = kind };
	struct OpCancel_out out;

	err e = call_OpCancel(s->m->link, &in, &out, &r);
	if (e.code == E_OP_ACTIVE)
		return false;
	set(s, kind, (struct op){ 0 });
	if (e.code == E_SESSION_GONE)
		session_unlist(s);
	return true;
}

/* The operation is over because of what the caller did. */
static CK_RV spoil(struct session *s, enum op_kind kind, CK_RV rv)
{
	op_cancel(s, kind);
	return rv;
}

/* A result that did not fit is kept until the caller comes again with more room. */
static CK_RV keep(struct session *s, enum op_kind kind, struct op op, struct span v)
{
	struct buf b;

	if (!room_make(&b, v.n)) {
		set(s, kind, (struct op){ 0 });
		return CKR_HOST_MEMORY;
	}
	buf_put(&b, v);
	op.live = true;
	op.kept = b.p;
	op.kept_n = b.n;
	set(s, kind, op);
	return CKR_BUFFER_TOO_SMALL;
}

/* Gives what is kept. With the result the operation, or in parts the result alone, is over. */
static CK_RV give_kept(struct session *s, enum op_kind kind, bool over, CK_BYTE *out, CK_ULONG *len)
{
	CK_RV rv = CKR_OPERATION_NOT_INITIALIZED;

	tables_lock();
	struct op *op = &s->op[kind];
	if (op->kept) {
		struct op rest = { .live = true, .parts = op->parts, .most = op->most };
		rv = size_give(out, len, (struct span){ op->kept, op->kept_n });
		if (rv == CKR_OK && out) {
			op_clear(op);
			if (!over)
				*op = rest;
		}
	}
	tables_unlock();
	return rv;
}

/* --- begin ------------------------------------------------------------------------------------ */

CK_RV op_init(CK_SESSION_HANDLE h, enum op_kind kind, CK_MECHANISM *mech, CK_OBJECT_HANDLE key)
{
	HOLD(s, h);
	ROOM param = { 0 };
	REPLY r = { .epoch = s->epoch };
	struct OpInit_out out;
	struct op op = get(s, kind);

	if (!mech)
		return op.live ? spoil(s, kind, CKR_OK) : CKR_ARGUMENTS_BAD;
	if (op.kept)
		return CKR_OPERATION_ACTIVE;
	if (key > UINT32_MAX)
		return CKR_KEY_HANDLE_INVALID;
	CK_RV rv = params_put(&param, mech);
	if (rv != CKR_OK)
		return rv;
	struct OpInit_in in = {
		.session = s->id, .op = kind, .mech = mech->mechanism,
		.param = buf_span(&param), .key = (uint32_t)key,
	};
	err e = call_OpInit(s->m->link, &in, &out, &r);
	if (ok(e))
		set(s, kind, (struct op){ .live = true, .most = out.most });
	return session_rv(s, e);
}

/* --- parts ------------------------------------------------------------------------------------ */

/* Data that give nothing back, in frames that nobody answers. */
static err stream(struct session *s, enum op_kind kind, struct span data)
{
	struct cur c = cur_of(data);

	while (cur_left(&c)) {
		size_t n = cur_left(&c) < FRAME_DATA_MAX ? cur_left(&c) : FRAME_DATA_MAX;
		struct OpUpdate_in in = { .session = s->id, .op = kind, .data = cur_take(&c, n) };
		TRY(post_OpUpdate(s->m->link, s->epoch, &in));
	}
	return OK;
}

/* Takes a small part to those that wait. False: there is no room, they must go first. */
static bool hold_part(struct session *s, enum op_kind kind, struct span part)
{
	bool held = false;

	tables_lock();
	struct op *op = &s->op[kind];
	if (op->live && !op->held && part.n < HELD_MAX)
		op->held = malloc(HELD_MAX);
	if (op->live && op->held) {
		struct buf b = { op->held, op->held_n, HELD_MAX, false };
		buf_put(&b, part);
		op->held_n = b.n;
		held = !b.bad;
	}
	tables_unlock();
	return held;
}

/* Sends the parts that wait. */
static err send_held(struct session *s, enum op_kind kind)
{
	struct op *op = &s->op[kind];

	tables_lock();
	uint8_t *held = op->held;
	size_t n = op->held_n;
	op->held = NULL;
	op->held_n = 0;
	tables_unlock();
	err e = stream(s, kind, (struct span){ held, n });
	if (held)
		wipe(held, n);
	free(held);
	return e;
}

/* A program that hashes a file 64 bytes at a time would else pay a system call for each. */
static err gather(struct session *s, enum op_kind kind, struct span part)
{
	if (hold_part(s, kind, part))
		return OK;
	TRY(send_held(s, kind));
	return hold_part(s, kind, part) ? OK : stream(s, kind, part);
}

CK_RV op_update(CK_SESSION_HANDLE h, enum op_kind kind, struct span part)
{
	HOLD(s, h);

	if (!get(s, kind).live)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (!bytes_good(part))
		return spoil(s, kind, CKR_ARGUMENTS_BAD);
	mark(s, kind, true, false);
	return session_rv(s, gather(s, kind, part));
}

CK_RV op_update_out(CK_SESSION_HANDLE h, enum op_kind kind, struct span part, CK_BYTE *out,
		    CK_ULONG *len)
{
	HOLD(s, h);
	REPLY r = { .epoch = s->epoch };
	struct OpUpdate_in in = { .session = s->id, .op = kind, .data = part };
	struct OpUpdate_out got;
	struct op op = get(s, kind);

	if (!op.live)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (!len || !bytes_good(part))
		return spoil(s, kind, CKR_ARGUMENTS_BAD);
	if (part.n > FRAME_DATA_MAX)
		return spoil(s, kind, CKR_DATA_LEN_RANGE);
	if (op.kept)
		return give_kept(s, kind, false, out, len);
	if (!out) {
		*len = part.n + op.most;	/* never more than that */
		return CKR_OK;
	}
	err e = call_OpUpdate(s->m->link, &in, &got, &r);
	if (!ok(e))
		return spoil(s, kind, session_rv(s, e));
	mark(s, kind, true, false);
	CK_RV rv = size_give(out, len, got.result);
	op.parts = true;
	return rv == CKR_BUFFER_TOO_SMALL ? keep(s, kind, op, got.result) : rv;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Data that one frame holds go with the request; more are sent before it, once: a C_Sign that is
 * repeated after its login must not hash them twice. */
static err send_rest(struct session *s, struct op op, struct OpFinish_in *in)
{
	if (in->data.n <= FRAME_DATA_MAX)
		return OK;
	if (!op.streamed)
		TRY(stream(s, (enum op_kind)in->op, in->data));
	mark(s, (enum op_kind)in->op, false, true);
	in->data = SPAN_NONE;
	in->whole = 0;
	return OK;
}

/* What tells data apart (FNV-1a): not against somebody who looks for two that are taken for one, but
 * against a program that comes back with others by mistake. */
static uint64_t fingerprint(struct span v)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < v.n; i++)
		h = (h ^ v.p[i]) * 1099511628211u;
	return h;
}

/* The PIN comes first: the same data are expected again. */
static void remember(struct session *s, enum op_kind kind, struct span data)
{
	uint64_t h = fingerprint(data);

	tables_lock();
	s->op[kind].asked_n = data.n;
	s->op[kind].asked = h;
	tables_unlock();
}

/* Are these the data that the broker has already? */
static bool same_again(struct op op, struct span data)
{
	return !op.streamed || (data.n == op.asked_n && fingerprint(data) == op.asked);
}

/* The broker's last word. The operation is over then, but not where a PIN is wanted first. */
static err ask(struct session *s, struct op op, struct OpFinish_in *in, struct OpFinish_out *out,
	       struct reply *r)
{
	struct span data = in->data;

	in->session = s->id;
	r->epoch = s->epoch;
	err e = send_held(s, (enum op_kind)in->op);
	if (ok(e))
		e = send_rest(s, op, in);
	if (ok(e))
		e = call_OpFinish(s->m->link, in, out, r);
	if (e.code != E_PIN_NEEDED)
		set(s, (enum op_kind)in->op, (struct op){ 0 });
	else if (get(s, (enum op_kind)in->op).streamed)
		remember(s, (enum op_kind)in->op, data);
	return e;
}

/* More than a frame holds is no block for a key. */
static CK_RV too_long(enum op_kind kind, struct span data)
{
	if (data.n <= FRAME_DATA_MAX)
		return CKR_OK;
	switch (kind) {
	case OP_DECRYPT:        return CKR_ENCRYPTED_DATA_LEN_RANGE;
	case OP_VERIFY_RECOVER: return CKR_SIGNATURE_LEN_RANGE;
	case OP_ENCRYPT: case OP_SIGN_RECOVER: return CKR_DATA_LEN_RANGE;
	default:                return CKR_OK;
	}
}

/* Is the answer known without the broker? Then *rv is it. */
static bool known(struct session *s, enum op_kind kind, struct op op, CK_BYTE *out, CK_ULONG *len,
		  CK_RV *rv)
{
	if (op.kept) {
		*rv = give_kept(s, kind, true, out, len);
		return true;
	}
	if (out && varies(kind))
		return false;
	return !size_fits(out, len, op.most, rv);
}

CK_RV op_result(CK_SESSION_HANDLE h, enum op_kind kind, bool whole, struct span data, CK_BYTE *out,
		CK_ULONG *len)
{
	HOLD(s, h);
	REPLY r = { 0 };
	struct OpFinish_in in = { .op = kind, .whole = whole, .data = data };
	struct OpFinish_out got;
	struct op op = get(s, kind);
	CK_RV rv;

	if (!op.live)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (whole && op.parts)
		return CKR_OPERATION_ACTIVE;
	rv = !len || !bytes_good(data) ? CKR_ARGUMENTS_BAD : too_long(kind, data);
	if (rv == CKR_OK && whole && !same_again(op, data))
		rv = CKR_DATA_INVALID;
	if (rv != CKR_OK)
		return spoil(s, kind, rv);
	if (known(s, kind, op, out, len, &rv))
		return rv;
	err e = ask(s, op, &in, &got, &r);
	if (!ok(e))
		return session_rv(s, e);
	rv = size_give(out, len, got.result);
	return rv == CKR_BUFFER_TOO_SMALL ? keep(s, kind, op, got.result) : rv;
}

CK_RV op_verify(CK_SESSION_HANDLE h, bool whole, struct span data, struct span signature)
{
	HOLD(s, h);
	REPLY r = { 0 };
	struct OpFinish_in in = {
		.op = OP_VERIFY, .whole = whole, .data = data, .signature = signature,
	};
	struct OpFinish_out got;
	struct op op = get(s, OP_VERIFY);

	if (!op.live)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (whole && op.parts)
		return CKR_OPERATION_ACTIVE;
	if (!bytes_good(data) || !signature.p)
		return spoil(s, OP_VERIFY, CKR_ARGUMENTS_BAD);
	if (signature.n > SIGNATURE_MAX)
		return spoil(s, OP_VERIFY, CKR_SIGNATURE_LEN_RANGE);
	return session_rv(s, ask(s, op, &in, &got, &r));
}
