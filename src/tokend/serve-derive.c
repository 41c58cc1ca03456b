/* C_DeriveKey: ECDH with a key on the token (PKCS#11 2.3.16); the secret becomes a session object. */
#include "config.h"
#include "ledger.h"
#include "lib/log.h"
#include "mech.h"
#include "peer.h"
#include "template.h"
#include "use.h"
#include "write.h"

enum { SECRET_BYTES_MAX = 66, TEMPLATE_MAX = 8192 };

/* The template with the value that was agreed; CKA_VALUE_LEN shortens it from its end. A secret was never
 * anywhere else only where its key was not (PKCS#11 2.3.16). */
static err secret_object(struct session *s, struct span attrs, struct span x, bool generated,
                         struct object **made)
{
	static uint8_t room[TEMPLATE_MAX], own_room[256];
	struct buf b = BUF(room), own = BUF(own_room);
	CK_ULONG n = template_ulong(attrs, CKA_VALUE_LEN, x.n);
	CK_BBOOL sensitive = generated && template_bool(attrs, CKA_SENSITIVE, false);
	CK_BBOOL kept = generated && !template_bool(attrs, CKA_EXTRACTABLE, true);
	struct AttrRec_in ours[] = {
		{ .type = CKA_VALUE, .value = span_first(x, n) },
		{ .type = CKA_VALUE_LEN, .value = { (uint8_t *)&n, sizeof n } },
		{ .type = CKA_ALWAYS_SENSITIVE, .value = { &sensitive, 1 } },
		{ .type = CKA_NEVER_EXTRACTABLE, .value = { &kept, 1 } },
	};

	bool aes = template_ulong(attrs, CKA_KEY_TYPE, CKK_GENERIC_SECRET) == CKK_AES;

	if (n == 0 || n > x.n)
		return FAIL(ATTR_VALUE);
	if (aes && n != 16 && n != 24 && n != 32)
		return FAIL(KEY_SIZE);
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		AttrRec_put_in(&own, &ours[i]);
	template_merge(&b, buf_span(&own), attrs);
	err e = own.bad || b.bad ? FAIL(QUOTA) : session_object(s, CKO_SECRET_KEY, buf_span(&b), made);
	wipe(room, sizeof room);
	wipe(own_room, sizeof own_room);
	return e;
}

static void done_derive(struct job *j, err e, struct cur *reply)
{
	struct session *s = j->rq && j->rq->peer ? session_find(j->rq->peer, j->session) : NULL;
	struct CardUse_out got = { 0 };
	struct Derive_out out = { 0 };
	const struct object *key = object_of_slot(j->token, j->slot, OBJ_PRIVATE);
	struct object *made;

	e = use_outcome(j, e);
	if (ok(e)) {
		CardUse_get_out(reply, &got);
		e = cur_done(reply) && got.out.n <= SECRET_BYTES_MAX ? OK : FAIL(BAD_REPLY);
	}
	if (ok(e))
		e = s ? secret_object(s, j->last, got.out, key && key->generated, &made) : FAIL(SESSION_GONE);
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
	TRY(template_check(in->attrs, OBJ_SECRET, TEMPLATE_NEW, NULL));
	if (template_bool(in->attrs, CKA_TOKEN, false) ||
	    template_ulong(in->attrs, CKA_CLASS, CKO_SECRET_KEY) != CKO_SECRET_KEY)
		return FAIL(TEMPLATE_INCONSISTENT);
	struct span point = raw_point(param.point, 1 + alg_bits(key->alg) / 4);
	if (point.n != 1 + alg_bits(key->alg) / 4)
		return FAIL(MECH_PARAM);
	return use_key(rq, s, &(struct use){ .key = key, .prim = PRIM_EC_DH, .in = point, .keep = in->attrs,
	                                     .mech = in->mech, .done = done_derive });
}
