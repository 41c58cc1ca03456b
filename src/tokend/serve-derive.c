/* C_DeriveKey: ECDH with a key on the token (PKCS#11 2.3.16); the secret becomes a session object. */
#include "config.h"
#include "ledger.h"
#include "lib/log.h"
#include "mech.h"
#include "peer.h"
#include "use.h"
#include "write.h"

enum { SECRET_BYTES_MAX = 66, TEMPLATE_MAX = 8192 };

/* The template with the value that was agreed; CKA_VALUE_LEN shortens it from its end. */
static err secret_object(struct session *s, struct span attrs, struct span x, struct object **made)
{
	static uint8_t room[TEMPLATE_MAX];
	struct buf b = BUF(room);
	CK_ULONG n = template_ulong(attrs, CKA_VALUE_LEN, x.n);
	struct AttrRec_in value = { .type = CKA_VALUE, .value = span_first(x, n) };
	struct AttrRec_in length = { .type = CKA_VALUE_LEN, .value = SPAN_OF(((CK_ULONG[]){ n })) };

	if (n == 0 || n > x.n)
		return FAIL(ATTR_VALUE);
	/* ours stand first: the first entry of a type counts */
	AttrRec_put_in(&b, &value);
	AttrRec_put_in(&b, &length);
	buf_put(&b, attrs);
	err e = b.bad ? FAIL(QUOTA) : session_object(s, CKO_SECRET_KEY, buf_span(&b), made);
	wipe(room, sizeof room);
	return e;
}

static void done_derive(struct job *j, err e, struct cur *reply)
{
	struct session *s = j->rq && j->rq->peer ? session_find(j->rq->peer, j->session) : NULL;
	struct CardUse_out got = { 0 };
	struct Derive_out out = { 0 };
	struct object *made;

	e = use_outcome(j, e);
	if (ok(e)) {
		CardUse_get_out(reply, &got);
		e = cur_done(reply) && got.out.n <= SECRET_BYTES_MAX ? OK : FAIL(BAD_REPLY);
	}
	if (ok(e))
		e = s ? secret_object(s, j->last, got.out, &made) : FAIL(SESSION_GONE);
	if (ok(e))
		out.object = made->handle;
	log_line(LOG_INFO, "derive token=%s slot=%02x: %s", j->token->serial, j->slot, log_err(e));
	ledger_job("derive", j, e);
	answer_Derive(j->rq, e, &out);
}

/* The other party's point: raw, or as DER OCTET STRING as some programs give it. */
static struct span raw_point(struct span point, size_t want)
{
	struct cur c = cur_of(point);

	return point.n == want ? point : tlv_bytes(&c, 0x04);
}

err serve_Derive(struct request *rq, struct Derive_in *in, struct Derive_out *out)
{
	struct cur c = cur_of(in->param);
	struct EcdhParam_in param;
	struct object *key;
	struct session *s;

	(void)out;
	TRY(want_loaded(rq, in->session, &s));
	if (!mech_find(in->mech, USE_DERIVE))
		return FAIL(MECH_INVALID);
	key = object_find(s, in->key);
	if (!key)
		return session_user(s) == CKU_USER ? FAIL(KEY_NOT_FOUND) : FAIL(PIN_NEEDED);
	if (!(key->kind & OBJ_PRIVATE) || key->key.kind != KEY_EC)
		return FAIL(KEY_TYPE);
	EcdhParam_get_in(&c, &param);
	if (!cur_done(&c) || param.kdf != CKD_NULL || param.shared.n)
		return FAIL(MECH_PARAM);
	if (template_bool(in->attrs, CKA_TOKEN, false))
		return FAIL(TEMPLATE_INCONSISTENT);
	struct span point = raw_point(param.point, 1 + alg_bits(key->alg) / 4);
	if (point.n != 1 + alg_bits(key->alg) / 4)
		return FAIL(MECH_PARAM);
	return use_key(rq, s, &(struct use){ .key = key, .prim = PRIM_EC_DH, .in = point, .keep = in->attrs,
	                                     .mech = in->mech, .done = done_derive });
}
