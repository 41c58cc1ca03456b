/* Key pairs made on the token, their attestation, and secrets agreed with them. */
#include "config.h"
#include "job.h"
#include "ledger.h"
#include "lib/keyslot.h"
#include "lib/log.h"
#include "lib/text.h"
#include "mech.h"
#include "peer.h"
#include "template.h"
#include "write.h"

enum { SLOT_AUTH = 0x9A, SLOT_SIGN = 0x9C, SLOT_KEYMAN = 0x9D, SLOT_CARD = 0x9E, SLOT_RETIRED = 0x82,
       SLOT_RETIRED_LAST = 0x95 };
enum { POLICY_NEVER = 1, POLICY_ONCE, POLICY_ALWAYS };
enum { REASON_MOST = 200 };
/* in a job's flags: its PIN policy is CKA_ALWAYS_AUTHENTICATE's, which not every card can keep */
enum { POLICY_BY_TEMPLATE = 1 };

/* --- generation ---------------------------------------------------------------------------------- */
static void encode_generate(struct job *j, struct buf *b)
{
	struct CardGenerate_in in = {
		.pin = *j->pin, .tries = j->tries, .slot = j->slot, .alg = j->alg, .pin_policy = j->pin_policy,
		.touch_policy = j->touch_policy, .id = j->first, .label = j->last,
	};

	CardGenerate_put_in(b, &in);
	secret_wipe(&in.pin);
}

/* What the card does where the template did not say (SP 800-73-4 part 1, table 4b). */
static uint32_t pin_policy(const struct job *j)
{
	return j->pin_policy ? j->pin_policy : j->token->flags & TOKEN_BY_ID ? POLICY_ONCE :
	       j->slot == SLOT_SIGN ? POLICY_ALWAYS : j->slot == SLOT_CARD ? POLICY_NEVER : POLICY_ONCE;
}

static void done_generate(struct job *j, err e, struct cur *reply)
{
	struct KeyPairGenerate_out out = { 0 };
	struct CardGenerate_out got = { 0 };
	struct token *t = j->token;

	e = use_outcome(j, e);
	if (e.code == E_NOT_SUPPORTED && j->flags & POLICY_BY_TEMPLATE)
		e = (err){ E_TEMPLATE_INCONSISTENT, e.sw };
	if (ok(e)) {
		CardGenerate_get_out(reply, &got);
		e = cur_done(reply) ? OK : FAIL(BAD_REPLY);
	}
	if (ok(e) && !t->gone) {
		struct KeyRec_in rec = {
			.slot = j->slot, .flags = KEY_HAS_KEY | KEY_GENERATED |
				(pin_policy(j) == POLICY_ALWAYS ? KEY_PIN_ALWAYS : 0u),
			.pin_policy = pin_policy(j), .touch_policy = j->touch_policy, .id = j->first, .label = j->last,
		};
		objects_remove(t, j->slot, OBJ_CERT | OBJ_KEY);
		objects_add_keys(t, &rec, got.spki);
		struct object *pub = object_of_slot(t, j->slot, OBJ_PUBLIC);
		struct object *priv = object_of_slot(t, j->slot, OBJ_PRIVATE);
		out.public_key = pub ? pub->handle : 0;
		out.private_key = priv ? priv->handle : 0;
		e = pub && priv ? OK : FAIL(BAD_REPLY);
		broker_changed();
	}
	log_line(LOG_NOTICE, "generate token=%s slot=%02x alg=%u: %s", t->serial, j->slot, j->alg, log_err(e));
	ledger_job("key generation", j, e);
	answer_KeyPairGenerate(j->rq, e, &out);
}

/* The key's algorithm as the templates ask for it. */
static err wanted_alg(const struct token *t, const struct mech *m, struct span attrs, enum alg *alg)
{
	struct spki like = { .kind = m->key };
	struct span curve;

	*alg = ALG_NONE;
	if (m->key == KEY_RSA) {
		CK_ULONG bits = template_ulong(attrs, CKA_MODULUS_BITS, 0);
		struct span e;
		if (!bits)
			return FAIL(TEMPLATE_INCOMPLETE);
		if (template_get(attrs, CKA_PUBLIC_EXPONENT, &e) && !span_eq(der_trim(e), SPAN(1, 0, 1)))
			return FAIL(ATTR_VALUE);	/* no token takes another exponent */
		like.n.n = bits / 8;
		*alg = bits % 8 ? ALG_NONE : alg_of_spki(&like);
	} else {
		if (!template_get(attrs, CKA_EC_PARAMS, &curve))
			return FAIL(TEMPLATE_INCOMPLETE);
		like.curve = curve;
		for (like.point.n = 65; like.point.n <= 97 && !*alg; like.point.n += 32)
			*alg = alg_of_spki(&like);
	}
	if (!*alg || !(t->algs & 1u << *alg))
		return m->key == KEY_RSA ? FAIL(KEY_SIZE) : FAIL(CURVE);
	return OK;
}

static bool slot_exists(CK_ULONG slot)
{
	return (slot >= SLOT_AUTH && slot <= SLOT_CARD && slot != 0x9B) ||
	       (slot >= SLOT_RETIRED && slot <= SLOT_RETIRED_LAST);
}

static bool wanted_id(struct span pub, struct span priv, struct span *id)
{
	return (template_get(priv, CKA_ID, id) || template_get(pub, CKA_ID, id)) && id->n;
}

/* The slot that the template names, else the first without a key; on a token that goes by ids the one that the id
 * stands for. 0: none is free. */
static uint32_t wanted_slot(const struct token *t, struct span pub, struct span priv)
{
	CK_ULONG slot = template_ulong(priv, CKA_BSRE_SLOT, template_ulong(pub, CKA_BSRE_SLOT, 0));
	struct span id;

	if (slot)
		return slot_exists(slot) ? (uint32_t)slot : 0;
	if (t->flags & TOKEN_BY_ID && wanted_id(pub, priv, &id))
		return object_of_slot(t, keyslot_of(id), OBJ_KEY | OBJ_CERT) ? 0 : keyslot_of(id);
	if (template_bool(priv, CKA_ALWAYS_AUTHENTICATE, false) && !object_of_slot(t, SLOT_SIGN, OBJ_KEY))
		return SLOT_SIGN;
	static const uint32_t first[] = { SLOT_AUTH, SLOT_KEYMAN };
	for (size_t i = 0; i < 2; i++)
		if (!object_of_slot(t, first[i], OBJ_KEY | OBJ_CERT))
			return first[i];
	for (uint32_t s = SLOT_RETIRED; s <= SLOT_RETIRED_LAST; s++)
		if (!object_of_slot(t, s, OBJ_KEY | OBJ_CERT))
			return s;
	return 0;
}

/* Id and label from the templates; the id is the slot's usual one where they have none. */
static err wanted_names(struct job *j, struct span pub, struct span priv)
{
	struct span id, label;
	uint8_t usual = keyslot_id(j->slot);

	if (!wanted_id(pub, priv, &id))
		id = (struct span){ &usual, 1 };
	if (j->token->flags & TOKEN_BY_ID && keyslot_of(id) != j->slot)
		return FAIL(TEMPLATE_INCONSISTENT);
	if (!template_get(priv, CKA_LABEL, &label))
		template_get(pub, CKA_LABEL, &label);
	if (id.n > 64 || label.n > 64 || !text_is_plain(label))
		return FAIL(ATTR_VALUE);
	return job_data(j, id, label);
}

/* What CKA_ALWAYS_AUTHENTICATE asks for and the slot's usual rule does not give, the key's own policy does. */
static err wanted_policy(struct job *j, struct span priv)
{
	struct span v;

	j->pin_policy = (uint32_t)template_ulong(priv, CKA_BSRE_PIN_POLICY, 0);
	j->touch_policy = (uint32_t)template_ulong(priv, CKA_BSRE_TOUCH_POLICY, 0);
	if (!template_get(priv, CKA_ALWAYS_AUTHENTICATE, &v))
		return OK;
	bool always = template_bool(priv, CKA_ALWAYS_AUTHENTICATE, false);
	if (always == (pin_policy(j) == POLICY_ALWAYS))
		return OK;
	if (j->pin_policy)
		return FAIL(TEMPLATE_INCONSISTENT);
	j->pin_policy = always ? POLICY_ALWAYS : POLICY_ONCE;
	j->flags |= POLICY_BY_TEMPLATE;
	return OK;
}

/* A private key never leaves, so a template that says otherwise is contradicted. What a key is for no card can
 * limit; GnuTLS says CKA_SIGN false of a key that is to decrypt, and gets one that does both. */
static err may_generate(struct span priv)
{
	return template_bool(priv, CKA_EXTRACTABLE, false) || !template_bool(priv, CKA_SENSITIVE, true) ||
	       !template_bool(priv, CKA_TOKEN, true) ? FAIL(TEMPLATE_INCONSISTENT) : OK;
}

err serve_KeyPairGenerate(struct request *rq, struct KeyPairGenerate_in *in, struct KeyPairGenerate_out *out)
{
	const struct mech *m = mech_find(in->mech, USE_GENERATE);
	struct session *s;
	enum alg alg;

	(void)out;
	TRY(want_loaded(rq, in->session, &s));
	if (!m || !(s->token->flags & TOKEN_CAN_GENERATE))
		return FAIL(MECH_INVALID);
	if (in->param.n)
		return FAIL(MECH_PARAM);
	TRY(template_check(in->public_attrs, OBJ_PUBLIC, TEMPLATE_FORM, NULL));
	TRY(template_check(in->private_attrs, OBJ_PRIVATE, TEMPLATE_FORM, NULL));
	TRY(may_write(rq, s));
	TRY(may_generate(in->private_attrs));
	TRY(wanted_alg(s->token, m, in->public_attrs, &alg));
	uint32_t slot = wanted_slot(s->token, in->public_attrs, in->private_attrs);
	if (!slot)
		return FAIL(TOKEN_FULL);
	struct job *j = job_new(s->token, CardGenerate_ID, NULL);
	if (!j)
		return FAIL(QUOTA);
	j->slot = slot;
	j->alg = alg;
	j->slow = true;
	j->encode = encode_generate;
	j->done = done_generate;
	err e = wanted_policy(j, in->private_attrs);
	if (ok(e))
		e = wanted_names(j, in->public_attrs, in->private_attrs);
	if (!ok(e)) {
		job_free(j);
		return e;
	}
	return write_post(rq, s, j);
}

/* --- attestation --------------------------------------------------------------------------------- */
static void encode_attest(struct job *j, struct buf *b)
{
	struct CardAttest_in in = { .slot = j->slot };

	CardAttest_put_in(b, &in);
}

static void done_attest(struct job *j, err e, struct cur *reply)
{
	struct KeyAttest_out out = { 0 };
	struct CardAttest_out got = { 0 };

	if (ok(e)) {
		CardAttest_get_out(reply, &got);
		e = cur_done(reply) ? OK : FAIL(BAD_REPLY);
	}
	out.certificate = got.certificate;
	out.intermediate = got.intermediate;
	answer_KeyAttest(j->rq, e, &out);
}

err serve_KeyAttest(struct request *rq, struct KeyAttest_in *in, struct KeyAttest_out *out)
{
	struct session *s;
	struct object *key;

	(void)out;
	TRY(want_loaded(rq, in->session, &s));
	TRY(want_object(s, in->key, &key));
	if (!(s->token->flags & TOKEN_CAN_ATTEST) || !(key->kind & OBJ_KEY) || !key->token)
		return FAIL(NOT_SUPPORTED);
	struct job *j = job_new(s->token, CardAttest_ID, NULL);
	if (!j)
		return FAIL(QUOTA);
	j->slot = key->slot;
	j->encode = encode_attest;
	j->done = done_attest;
	j->rq = request_keep(rq);
	if (!j->rq) {
		job_free(j);
		return FAIL(QUOTA);
	}
	job_post(j);
	return FAIL(PENDING);
}

/* --- destruction --------------------------------------------------------------------------------- */
err serve_KeyDestroy(struct request *rq, struct KeyDestroy_in *in, struct KeyDestroy_out *out)
{
	struct session *s;
	struct object *key;

	(void)out;
	TRY(want_loaded(rq, in->session, &s));
	TRY(want_object(s, in->key, &key));
	if (!(key->kind & OBJ_PRIVATE) || !key->token)
		return FAIL(KEY_NOT_FOUND);
	if (in->reason.n == 0 || in->reason.n > REASON_MOST)
		return FAIL(DATA_LENGTH);
	return write_destroy(rq, s, key, in->reason);
}
