/* Objects: found, read, written to the token, made in a session, destroyed. */
#include "config.h"
#include <openssl/err.h>
#include <stdlib.h>
#include "job.h"
#include "load.h"
#include "lib/log.h"
#include "mech.h"
#include "peer.h"
#include "session.h"
#include "template.h"
#include "write.h"

/* What is served of RSA, and what of an exponent the library takes: bits, bytes. */
enum { RSA_LEAST = 1024, RSA_MOST = 4096, EXPONENT_MOST = 8 };

/* What a handler's `out` borrows lives here until the reply is made. */
static uint8_t room[FRAME_DATA_MAX];

err want_loaded(struct request *rq, uint32_t id, struct session **s)
{
	TRY(session_want(rq, id, s));
	if ((*s)->token->load == LOAD_DONE)
		return OK;
	token_load((*s)->token);
	return request_park(rq, (*s)->token);
}

err want_object(struct session *s, uint32_t handle, struct object **o)
{
	*o = object_find(s, handle);
	return *o ? OK : FAIL(NOT_FOUND);
}

err serve_Find(struct request *rq, struct Find_in *in, struct Find_out *out)
{
	struct cur c = cur_of(in->filter);
	struct AttrRec_in rec;
	struct buf b = BUF(room);
	struct session *s;

	TRY(want_loaded(rq, in->session, &s));
	while (cur_left(&c))
		AttrRec_get_in(&c, &rec);
	if (!cur_done(&c))
		return FAIL(BAD_FRAME);
	for (struct object *o = s->token->objects; o; o = o->next)
		if (object_visible(s, o) && attrs_match(o, in->filter))
			buf_be(&b, o->handle, 4);
	for (struct session *mine = rq->peer->sessions; mine; mine = mine->next)
		for (struct object *o = mine->objects; o; o = o->next)
			if (mine->token == s->token && object_visible(s, o) && attrs_match(o, in->filter))
				buf_be(&b, o->handle, 4);
	out->handles = buf_span(&b);
	return b.bad ? FAIL(QUOTA) : OK;
}

/* Does the list name anything that stands in the certificate? */
static bool reads_certificate(struct span types)
{
	static const CK_ATTRIBUTE_TYPE inside[] = { CKA_VALUE, CKA_SUBJECT, CKA_ISSUER, CKA_SERIAL_NUMBER,
	                                            CKA_PUBLIC_KEY_INFO };

	for (struct cur c = cur_of(types); cur_left(&c);) {
		uint64_t type = cur_u64(&c);
		for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++)
			if (type == inside[i])
				return true;
	}
	return false;
}

/* Who cannot do context logins is told of none: our dialog asks. */
static CK_RV read_attr(const struct session *s, const struct object *o, CK_ATTRIBUTE_TYPE type, union scratch *x,
                       struct span *v)
{
	CK_RV rv = attr_get(o, type, x, v);

	if (rv == CKR_OK && type == CKA_ALWAYS_AUTHENTICATE && s->peer->app.mode == MODE_ON_USE) {
		x->flag = CK_FALSE;
		*v = (struct span){ &x->flag, sizeof x->flag };
	}
	return rv;
}

err serve_AttrGet(struct request *rq, struct AttrGet_in *in, struct AttrGet_out *out)
{
	struct buf b = BUF(room);
	struct session *s;
	struct object *o;
	union scratch x;

	TRY(want_loaded(rq, in->session, &s));
	TRY(want_object(s, in->object, &o));
	if (o->unproven && o->kind & OBJ_CERT && reads_certificate(in->types)) {
		load_prove(s->token, o);
		return request_park(rq, s->token);
	}
	for (struct cur c = cur_of(in->types); cur_left(&c);) {
		uint64_t type = cur_u64(&c);
		struct ValueRec_in rec = { .value = SPAN_NONE };
		if (c.bad)
			return FAIL(BAD_FRAME);
		rec.rv = (uint32_t)read_attr(s, o, (CK_ATTRIBUTE_TYPE)type, &x, &rec.value);
		if (rec.rv != CKR_OK)
			rec.value = SPAN_NONE;
		ValueRec_put_in(&b, &rec);
	}
	out->values = buf_span(&b);
	return b.bad ? FAIL(QUOTA) : OK;
}

err serve_ObjectSize(struct request *rq, struct ObjectSize_in *in, struct ObjectSize_out *out)
{
	struct session *s;
	struct object *o;

	TRY(want_loaded(rq, in->session, &s));
	TRY(want_object(s, in->object, &o));
	out->size = object_bytes(o);
	return OK;
}

/* --- objects of a session ------------------------------------------------------------------------ */
static err cert_parts(struct object *o, struct span attrs)
{
	struct span v;

	if (!template_get(attrs, CKA_VALUE, &v))
		return FAIL(TEMPLATE_INCOMPLETE);
	if (!keep_span(&o->der, v))
		return FAIL(QUOTA);
	if (!ok(der_cert(o->der, &o->cert)))
		return FAIL(ATTR_VALUE);
	o->spki = o->cert.spki;
	return OK;
}

/* Odd, three at least, and small enough for the library. */
static err rsa_parts(struct span attrs, struct spki *key)
{
	*key = (struct spki){ .kind = KEY_RSA };
	if (!template_get(attrs, CKA_MODULUS, &key->n) || !template_get(attrs, CKA_PUBLIC_EXPONENT, &key->e))
		return FAIL(TEMPLATE_INCOMPLETE);
	key->n = der_trim(key->n);
	key->e = der_trim(key->e);
	if (key->n.n < RSA_LEAST / 8 || key->n.n > RSA_MOST / 8 || key->e.n == 0 || key->e.n > EXPONENT_MOST)
		return FAIL(ATTR_VALUE);
	bool odd = key->n.p[key->n.n - 1] & key->e.p[key->e.n - 1] & 1;
	return odd && !(key->e.n == 1 && key->e.p[0] == 1) ? OK : FAIL(ATTR_VALUE);
}

/* The point as DER OCTET STRING, or raw, as some programs give it. */
static err ec_parts(struct span attrs, struct spki *key)
{
	struct span v;

	*key = (struct spki){ .kind = KEY_EC };
	if (!template_get(attrs, CKA_EC_PARAMS, &key->curve) || !template_get(attrs, CKA_EC_POINT, &v))
		return FAIL(TEMPLATE_INCOMPLETE);
	size_t point = alg_point(key->curve);
	if (!point)
		return FAIL(CURVE);
	struct cur c = cur_of(v);
	key->point = v.n == point ? v : tlv_bytes(&c, 0x04);
	return key->point.n == point ? OK : FAIL(ATTR_VALUE);
}

/* Does the library take the key? A point must be on its curve. */
static bool is_usable(const struct object *o)
{
	EVP_PKEY *key = mech_public(o);

	EVP_PKEY_free(key);
	ERR_clear_error();
	return key;
}

static err public_parts(struct object *o, struct span attrs)
{
	uint8_t spki_room[1200];
	struct buf b = BUF(spki_room);
	struct spki key;

	switch (o->key_type) {
	case CK_UNAVAILABLE_INFORMATION: return FAIL(TEMPLATE_INCOMPLETE);
	case CKK_RSA: TRY(rsa_parts(attrs, &key)); break;
	case CKK_EC:  TRY(ec_parts(attrs, &key)); break;
	default:      return FAIL(ATTR_VALUE);
	}
	der_put_spki(&b, &key);
	if (b.bad || !keep_span(&o->der, buf_span(&b)))
		return FAIL(QUOTA);
	o->spki = o->der;
	o->alg = ok(der_spki(o->der, &o->key)) ? alg_of_spki(&o->key) : ALG_NONE;
	return o->key.kind && is_usable(o) ? OK : FAIL(ATTR_VALUE);
}

/* Fills in what an object made in a session needs to be used here. */
static err session_parts(struct object *o, struct span attrs)
{
	o->key_type = template_ulong(attrs, CKA_KEY_TYPE,
		o->kind & OBJ_SECRET ? CKK_GENERIC_SECRET : CK_UNAVAILABLE_INFORMATION);
	if (o->kind & OBJ_CERT)
		TRY(cert_parts(o, attrs));
	if (o->kind & OBJ_PUBLIC)
		TRY(public_parts(o, attrs));
	return template_agrees(attrs, o);
}

err session_object(struct session *s, CK_ULONG cls, struct span attrs, struct object **made)
{
	struct usage u = peers_usage(s->peer);

	if (template_bool(attrs, CKA_PRIVATE, false) && session_user(s) != CKU_USER)
		return FAIL(PIN_NEEDED);
	if (u.objects >= PEER_OBJECTS_MAX || u.bytes >= PEER_BYTES_MAX)
		return FAIL(QUOTA);
	struct object *o = object_new(cls);
	if (!o)
		return FAIL(QUOTA);
	err e = keep_span(&o->attrs, attrs) ? session_parts(o, attrs) : FAIL(QUOTA);
	if (!ok(e)) {
		object_free(o);
		return e;
	}
	o->next = s->objects;
	s->objects = o;
	s->peer->object_count++;
	s->peer->bytes += object_bytes(o);
	*made = o;
	return OK;
}

err serve_ObjectCreate(struct request *rq, struct ObjectCreate_in *in, struct ObjectCreate_out *out)
{
	struct session *s;
	struct object *o;

	TRY(want_loaded(rq, in->session, &s));
	TRY(template_check(in->attrs, OBJ_ANY, TEMPLATE_FORM, NULL));
	CK_ULONG cls = template_ulong(in->attrs, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	if (cls == CK_UNAVAILABLE_INFORMATION)
		return FAIL(TEMPLATE_INCOMPLETE);
	if (cls != CKO_CERTIFICATE && cls != CKO_PUBLIC_KEY && cls != CKO_DATA)
		return FAIL(TEMPLATE_INCONSISTENT);
	TRY(template_check(in->attrs, object_kind(cls), TEMPLATE_NEW, NULL));
	if (template_bool(in->attrs, CKA_TOKEN, false))
		return write_object(rq, s, cls, in->attrs);
	TRY(session_object(s, cls, in->attrs, &o));
	out->object = o->handle;
	return OK;
}

err serve_ObjectCopy(struct request *rq, struct ObjectCopy_in *in, struct ObjectCopy_out *out)
{
	struct buf b = BUF(room);
	struct object *o, *copy;
	struct session *s;

	TRY(want_loaded(rq, in->session, &s));
	TRY(want_object(s, in->object, &o));
	if (!attr_flag(o, CKA_COPYABLE))
		return FAIL(ACTION_PROHIBITED);
	TRY(template_check(in->attrs, o->kind, TEMPLATE_COPY, o));
	if (template_bool(in->attrs, CKA_TOKEN, false))
		return FAIL(TEMPLATE_INCONSISTENT);	/* what a token keeps is made there */
	template_merge(&b, in->attrs, o->attrs);
	if (b.bad)
		return FAIL(QUOTA);
	TRY(session_object(s, o->cls, buf_span(&b), &copy));
	out->copy = copy->handle;
	return OK;
}

static bool session_object_free(struct session *s, uint32_t handle)
{
	for (struct session *mine = s->peer->sessions; mine; mine = mine->next)
		for (struct object **at = &mine->objects; *at; at = &(*at)->next)
			if ((*at)->handle == handle) {
				struct object *o = *at;
				*at = o->next;
				object_gone(s->peer, o);
				return true;
			}
	return false;
}

err serve_ObjectDestroy(struct request *rq, struct ObjectDestroy_in *in, struct ObjectDestroy_out *out)
{
	struct session *s;
	struct object *o;

	(void)out;
	TRY(want_loaded(rq, in->session, &s));
	TRY(want_object(s, in->object, &o));
	if (!attr_flag(o, CKA_DESTROYABLE))
		return FAIL(ACTION_PROHIBITED);
	if (o->token)
		return write_destroy(rq, s, o, SPAN_NONE);
	return session_object_free(s, in->object) ? OK : FAIL(NOT_FOUND);
}

static err attrs_replace(struct session *s, struct object *o, struct span changes)
{
	struct buf b = BUF(room);
	struct span joined = SPAN_NONE;

	template_merge(&b, changes, o->attrs);
	if (b.bad || peers_usage(s->peer).bytes >= PEER_BYTES_MAX || !keep_span(&joined, buf_span(&b)))
		return FAIL(QUOTA);
	s->peer->bytes += joined.n - o->attrs.n;
	wipe((void *)(uintptr_t)o->attrs.p, o->attrs.n);
	free((void *)(uintptr_t)o->attrs.p);
	o->attrs = joined;
	return OK;
}

err serve_AttrSet(struct request *rq, struct AttrSet_in *in, struct AttrSet_out *out)
{
	struct session *s;
	struct object *o;

	(void)out;
	TRY(want_loaded(rq, in->session, &s));
	TRY(want_object(s, in->object, &o));
	if (!attr_flag(o, CKA_MODIFIABLE))
		return FAIL(ACTION_PROHIBITED);
	TRY(template_check(in->attrs, o->kind, TEMPLATE_SET, o));
	return o->token ? write_names(rq, s, o, in->attrs) : attrs_replace(s, o, in->attrs);
}
