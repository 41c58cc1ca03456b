/* Certificates and names written to the token; keys and certificates destroyed. */
#include "config.h"
#include "data.h"
#include "dialog.h"
#include "job.h"
#include "ledger.h"
#include "lib/log.h"
#include "lib/text.h"
#include "peer.h"
#include "template.h"
#include "touch.h"
#include "write.h"

enum { DATA_BYTES_MAX = 2800 };		/* a YubiKey's objects hold 3063 */

err may_write(struct request *rq, struct session *s)
{
	if (!(s->flags & CKF_RW_SESSION))
		return FAIL(SESSION_RO);
	if (session_user(s) == CKU_USER)
		return OK;
	return s->peer->app.mode == MODE_ON_USE ? dialog_use(rq, s, PURPOSE_WRITE, NULL, 0) : FAIL(PIN_NEEDED);
}

err write_post(struct request *rq, struct session *s, struct job *j)
{
	struct login *l = login_find(s->peer, s->token);

	if (!j)
		return FAIL(QUOTA);
	j->pin = l ? login_pin(l) : NULL;
	j->rq = request_keep(rq);
	if (!j->pin || !j->rq) {
		if (j->rq)
			request_drop(j->rq);
		job_free(j);
		return FAIL(QUOTA);
	}
	l->used = broker_now();
	j->session = s->id;
	j->kept = true;
	job_post(j);
	return FAIL(PENDING);
}

err use_outcome(struct job *j, err e)
{
	struct token *t = j->token;

	e = touch_outcome(j, e);
	switch (e.code) {
	case E_PIN_WRONG:		/* it is not the card's any more */
	case E_PIN_BLOCKED:
	case E_TRIES_CHANGED:		/* somebody else lost one, perhaps with a PIN that is right now */
	case E_PIN_LAST_TRY:
		/* no copy of a kept PIN is sent again before somebody proved one */
		logins_end_token(t);
		pin_outcome(t, NULL, NULL, e);
		return FAIL(PIN_NEEDED);
	case E_PIN_NEEDED:		/* none was kept, and the card was closed by others */
		if (!j->late && j->pin && j->pin->n == 0)
			logins_end_token(t);
		return e;
	default:
		return e;
	}
}

/* --- data objects -------------------------------------------------------------------------------- */
static void encode_data(struct job *j, struct buf *b)
{
	struct CardDataWrite_in in = { .pin = *j->pin, .tries = j->tries, .object = j->slot, .value = j->first };

	CardDataWrite_put_in(b, &in);
	secret_wipe(&in.pin);
}

/* The object as it is now on the token: gone, new, or with other attributes under the handle it had. */
static uint32_t data_written(struct job *j)
{
	struct token *t = j->token;
	const struct object *before = object_of_slot(t, j->slot, OBJ_DATA);
	uint32_t handle = before ? before->handle : 0;

	objects_remove(t, j->slot, OBJ_DATA);
	if (j->first.n)
		objects_add_data(t, j->slot, j->first);
	broker_changed();
	struct object *o = object_of_slot(t, j->slot, OBJ_DATA);
	if (o && handle)
		o->handle = handle;
	return o ? o->handle : 0;
}

static void done_data_create(struct job *j, err e, struct cur *reply)
{
	struct ObjectCreate_out out = { 0 };

	(void)reply;
	e = use_outcome(j, e);
	ledger_job("data write", j, e);
	if (ok(e) && !j->token->gone)
		out.object = data_written(j);
	answer_ObjectCreate(j->rq, e, &out);
}

static void done_data_set(struct job *j, err e, struct cur *reply)
{
	(void)reply;
	e = use_outcome(j, e);
	ledger_job("data write", j, e);
	if (ok(e) && !j->token->gone)
		data_written(j);
	answer_AttrSet(j->rq, e, NULL);
}

static void done_data_destroy(struct job *j, err e, struct cur *reply)
{
	(void)reply;
	e = use_outcome(j, e);
	ledger_job("data delete", j, e);
	if (ok(e) && !j->token->gone)
		data_written(j);
	answer_ObjectDestroy(j->rq, e, NULL);
}

/* place 0: there is none left. attrs empty: the object goes. */
static err write_data(struct request *rq, struct session *s, uint32_t place, struct span attrs,
                      void (*done)(struct job *, err, struct cur *))
{
	uint8_t room[DATA_BYTES_MAX];
	struct buf b = BUF(room);

	if (s->token->flags & (TOKEN_NO_OWN_OBJECTS | TOKEN_BY_ID))
		return FAIL(NOT_SUPPORTED);
	if (attrs.n)
		data_put(&b, attrs);
	if (!place || b.bad)
		return FAIL(TOKEN_FULL);
	struct job *j = job_new(s->token, CardDataWrite_ID, NULL);
	if (!j || !ok(job_data(j, buf_span(&b), SPAN_NONE))) {
		if (j)
			job_free(j);
		return FAIL(QUOTA);
	}
	j->slot = place;
	j->encode = encode_data;
	j->done = done;
	return write_post(rq, s, j);
}

/* --- a certificate into the slot of its key ------------------------------------------------------ */
static void encode_cert(struct job *j, struct buf *b)
{
	struct CardCertWrite_in in = { .pin = *j->pin, .tries = j->tries, .slot = j->slot, .der = j->first };

	CardCertWrite_put_in(b, &in);
	secret_wipe(&in.pin);
}

/* The record of a slot as its key objects know it. */
static struct KeyRec_in rec_of(const struct object *key)
{
	return (struct KeyRec_in){
		.slot = key->slot, .flags = KEY_HAS_KEY | (key->generated ? KEY_GENERATED : 0u) |
			(key->always_auth ? KEY_PIN_ALWAYS : 0u),
		.pin_policy = key->pin_policy, .touch_policy = key->touch_policy,
		.id = key->id, .label = key->label,
	};
}

static void done_cert(struct job *j, err e, struct cur *reply)
{
	struct ObjectCreate_out out = { 0 };
	struct token *t = j->token;

	(void)reply;
	e = use_outcome(j, e);
	struct object *key = ok(e) && !t->gone ? object_of_slot(t, j->slot, OBJ_PRIVATE) : NULL;
	if (key) {
		struct KeyRec_in rec = rec_of(key);
		objects_remove(t, j->slot, OBJ_CERT);
		objects_add_cert(t, &rec, j->first);
		struct object *cert = object_of_slot(t, j->slot, OBJ_CERT);
		out.object = cert ? cert->handle : 0;
		broker_changed();
	}
	log_line(LOG_NOTICE, "certificate write token=%s slot=%02x: %s", t->serial, j->slot, log_err(e));
	ledger_job("certificate write", j, e);
	answer_ObjectCreate(j->rq, e, &out);
}

/* slot: the one that the template names; 0: none. */
static struct object *key_of_cert(const struct token *t, struct span spki, CK_ULONG slot)
{
	for (struct object *o = t->objects; o; o = o->next)
		if (o->kind & OBJ_PUBLIC && span_eq(o->spki, spki) && (!slot || o->slot == slot))
			return o;
	return NULL;
}

/* The certificate goes by the names of its key; a program that has others in mind (NSS, Java) is not refused. */
static void note_names(const struct object *key, struct span attrs)
{
	struct span id, label;
	bool other = (template_get(attrs, CKA_ID, &id) && !span_eq(id, key->id)) ||
		(template_get(attrs, CKA_LABEL, &label) && !span_eq(label, key->label));

	if (other)
		log_line(LOG_INFO, "certificate slot=%02x: it keeps the id and label of its key", key->slot);
}

static err write_cert(struct request *rq, struct session *s, struct span attrs)
{
	struct cert_parts parts;
	struct span der;

	if (!template_get(attrs, CKA_VALUE, &der))
		return FAIL(TEMPLATE_INCOMPLETE);
	if (!ok(der_cert(der, &parts)))
		return FAIL(CERT_INVALID);
	struct object *key = key_of_cert(s->token, parts.spki, template_ulong(attrs, CKA_BSRE_SLOT, 0));
	if (!key)
		return FAIL(KEY_MISMATCH);
	TRY(template_agrees(attrs, &(struct object){ .cls = CKO_CERTIFICATE, .kind = OBJ_CERT, .token = true,
		.slot = key->slot, .der = der, .cert = parts, .spki = parts.spki }));
	note_names(key, attrs);
	struct job *j = job_new(s->token, CardCertWrite_ID, NULL);
	if (!j || !ok(job_data(j, der, SPAN_NONE))) {
		if (j)
			job_free(j);
		return FAIL(QUOTA);
	}
	j->slot = key->slot;
	j->encode = encode_cert;
	j->done = done_cert;
	return write_post(rq, s, j);
}

err write_object(struct request *rq, struct session *s, CK_ULONG cls, struct span attrs)
{
	TRY(may_write(rq, s));
	if (cls == CKO_CERTIFICATE)
		return write_cert(rq, s, attrs);
	if (cls != CKO_DATA)
		return FAIL(TEMPLATE_INCONSISTENT);
	/* what PIV holds apart from keys anybody can read (CKA_PRIVATE), and little is kept of it */
	TRY(template_agrees(attrs, &(struct object){ .cls = CKO_DATA, .kind = OBJ_DATA, .token = true }));
	return write_data(rq, s, data_free_place(s->token), attrs, done_data_create);
}

/* --- destruction --------------------------------------------------------------------------------- */
static void encode_destroy(struct job *j, struct buf *b)
{
	struct CardKeyDestroy_in in = { .pin = *j->pin, .tries = j->tries, .slot = j->slot };

	CardKeyDestroy_put_in(b, &in);
	secret_wipe(&in.pin);
}

static err destroyed(struct job *j, err e)
{
	const char *what = j->flags & OBJ_CERT ? "certificate delete" : "key destruction";

	e = use_outcome(j, e);
	ledger_job(what, j, e);
	if (ok(e) && !j->token->gone) {
		objects_remove(j->token, j->slot, j->flags);
		broker_changed();
	}
	log_line(LOG_NOTICE, "%s token=%s slot=%02x: %s", what, j->token->serial, j->slot, log_err(e));
	return e;
}

static void done_destroy(struct job *j, err e, struct cur *reply)
{
	(void)reply;
	answer_ObjectDestroy(j->rq, destroyed(j, e), NULL);
}

static void done_key_destroy(struct job *j, err e, struct cur *reply)
{
	(void)reply;
	answer_KeyDestroy(j->rq, destroyed(j, e), NULL);
}

err write_destroy(struct request *rq, struct session *s, struct object *o, struct span reason)
{
	TRY(may_write(rq, s));
	if (o->kind & OBJ_DATA)
		return write_data(rq, s, o->slot, SPAN_NONE, done_data_destroy);
	if (!(o->kind & (OBJ_CERT | OBJ_PRIVATE)))
		return FAIL(ACTION_PROHIBITED);		/* a public key goes with its private key */
	bool cert = o->kind & OBJ_CERT;
	struct job *j = job_new(s->token, cert ? CardCertWrite_ID : CardKeyDestroy_ID, NULL);
	if (!j)
		return FAIL(QUOTA);
	j->slot = o->slot;
	j->flags = cert ? OBJ_CERT : OBJ_KEY;
	j->encode = cert ? encode_cert : encode_destroy;
	j->done = reason.n ? done_key_destroy : done_destroy;
	err e = reason.n ? job_data(j, SPAN_NONE, reason) : OK;
	if (ok(e))
		return write_post(rq, s, j);
	job_free(j);
	return e;
}

/* --- label and id -------------------------------------------------------------------------------- */
static void encode_names(struct job *j, struct buf *b)
{
	struct CardKeyName_in in = { .pin = *j->pin, .tries = j->tries, .slot = j->slot, .id = j->first,
	                             .label = j->last };

	CardKeyName_put_in(b, &in);
	secret_wipe(&in.pin);
}

static void done_names(struct job *j, err e, struct cur *reply)
{
	(void)reply;
	e = use_outcome(j, e);
	ledger_job("rename", j, e);
	if (ok(e) && !j->token->gone) {
		for (struct object *o = j->token->objects; o; o = o->next)
			if (o->slot == j->slot && o->kind & (OBJ_CERT | OBJ_KEY) &&
			    (!keep_span(&o->id, j->first) || !keep_span(&o->label, j->last)))
				e = FAIL(QUOTA);
		broker_changed();
	}
	answer_AttrSet(j->rq, e, NULL);
}

static err data_set(struct request *rq, struct session *s, struct object *o, struct span attrs)
{
	uint8_t room[2 * DATA_BYTES_MAX];
	struct buf b = BUF(room);

	template_merge(&b, attrs, o->attrs);
	return b.bad ? FAIL(TOKEN_FULL) : write_data(rq, s, o->slot, buf_span(&b), done_data_set);
}

err write_names(struct request *rq, struct session *s, struct object *o, struct span attrs)
{
	struct span id = o->id, label = o->label;
	struct cur c = cur_of(attrs);
	struct AttrRec_in rec;

	TRY(may_write(rq, s));
	if (o->kind & OBJ_DATA)
		return data_set(rq, s, o, attrs);
	while (cur_left(&c)) {
		AttrRec_get_in(&c, &rec);
		if (rec.type != CKA_ID && rec.type != CKA_LABEL)
			return FAIL(ATTR_READ_ONLY);
		*(rec.type == CKA_ID ? &id : &label) = rec.value;
	}
	if (!(o->kind & (OBJ_CERT | OBJ_KEY)) || id.n > 64 || label.n > 64 || id.n == 0 ||
	    !text_is_plain(label))
		return FAIL(ATTR_VALUE);
	struct job *j = job_new(s->token, CardKeyName_ID, NULL);
	if (!j || !ok(job_data(j, id, label))) {
		if (j)
			job_free(j);
		return FAIL(QUOTA);
	}
	j->slot = o->slot;
	j->encode = encode_names;
	j->done = done_names;
	return write_post(rq, s, j);
}
