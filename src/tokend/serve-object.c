/* Objects: found, read, written to the token, made in a session, destroyed. */
#include "config.h"
#include <stdlib.h>
#include "job.h"
#include "load.h"
#include "lib/log.h"
#include "peer.h"
#include "session.h"
#include "write.h"

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

static bool well_formed(struct span attrs)
{
	struct cur c = cur_of(attrs);
	struct AttrRec_in rec;

	while (cur_left(&c))
		AttrRec_get_in(&c, &rec);
	return cur_done(&c);
}

err serve_Find(struct request *rq, struct Find_in *in, struct Find_out *out)
{
	struct buf b = BUF(room);
	struct session *s;

	TRY(want_loaded(rq, in->session, &s));
	if (!well_formed(in->filter))
		return FAIL(BAD_FRAME);
	for (struct object *o = s->token->objects; o; o = o->next)
		if (object_visible(s, o) && attrs_match(o, in->filter))
			buf_be(&b, o->handle, 4);
	for (struct session *mine = rq->peer->sessions; mine; mine = mine->next)
		for (struct object *o = mine->objects; o; o = o->next)
			if (mine->token == s->token && attrs_match(o, in->filter))
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
		rec.rv = (uint32_t)attr_get(o, (CK_ATTRIBUTE_TYPE)type, &x, &rec.value);
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
/* Fills in what a public key or certificate made in a session needs to be used here. */
static err session_parts(struct object *o, struct span attrs)
{
	uint8_t spki_room[1200];
	struct buf b = BUF(spki_room);
	struct span v;

	if (o->kind & OBJ_CERT) {
		if (!template_get(attrs, CKA_VALUE, &v) || !keep_span(&o->der, v) || !ok(der_cert(o->der, &o->cert)))
			return FAIL(ATTR_VALUE);
		o->spki = o->cert.spki;
		return OK;
	}
	if (!(o->kind & OBJ_PUBLIC))
		return OK;
	struct spki key = { .kind = KEY_RSA };
	template_get(attrs, CKA_MODULUS, &key.n);
	template_get(attrs, CKA_PUBLIC_EXPONENT, &key.e);
	if (template_ulong(attrs, CKA_KEY_TYPE, CKK_RSA) == CKK_EC) {
		key = (struct spki){ .kind = KEY_EC };
		template_get(attrs, CKA_EC_PARAMS, &key.curve);
		template_get(attrs, CKA_EC_POINT, &v);
		struct cur c = cur_of(v);
		key.point = tlv_bytes(&c, 0x04);
	}
	key.n = der_trim(key.n);
	der_put_spki(&b, &key);
	if (b.bad || !keep_span(&o->der, buf_span(&b)) || !ok(der_spki(o->der, &o->key)))
		return FAIL(ATTR_VALUE);
	o->key_type = key.kind == KEY_RSA ? CKK_RSA : CKK_EC;
	o->alg = alg_of_spki(&o->key);
	o->spki = o->der;
	return OK;
}

err session_object(struct session *s, CK_ULONG cls, struct span attrs, struct object **made)
{
	struct usage u = peers_usage(s->peer);

	if (u.objects >= PEER_OBJECTS_MAX || u.bytes >= PEER_BYTES_MAX)
		return FAIL(QUOTA);
	struct object *o = object_new(cls);
	if (!o)
		return FAIL(QUOTA);
	o->key_type = template_ulong(attrs, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
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
	if (!well_formed(in->attrs))
		return FAIL(BAD_FRAME);
	CK_ULONG cls = template_ulong(in->attrs, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	if (cls == CK_UNAVAILABLE_INFORMATION)
		return FAIL(TEMPLATE_INCOMPLETE);
	if (template_bool(in->attrs, CKA_TOKEN, false))
		return write_object(rq, s, cls, in->attrs);
	if (cls != CKO_CERTIFICATE && cls != CKO_PUBLIC_KEY && cls != CKO_DATA)
		return FAIL(TEMPLATE_INCONSISTENT);
	TRY(session_object(s, cls, in->attrs, &o));
	out->object = o->handle;
	return OK;
}

/* The template of a copy: the changes first, since the first entry of a type counts. */
err serve_ObjectCopy(struct request *rq, struct ObjectCopy_in *in, struct ObjectCopy_out *out)
{
	struct buf b = BUF(room);
	struct object *o, *copy;
	struct session *s;

	TRY(want_loaded(rq, in->session, &s));
	TRY(want_object(s, in->object, &o));
	if (!well_formed(in->attrs))
		return FAIL(BAD_FRAME);
	if (o->token || template_bool(in->attrs, CKA_TOKEN, false))
		return FAIL(ACTION_PROHIBITED);
	buf_put(&b, in->attrs);
	buf_put(&b, o->attrs);
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
	if (o->token)
		return write_destroy(rq, s, o, SPAN_NONE);
	return session_object_free(s, in->object) ? OK : FAIL(NOT_FOUND);
}

err serve_AttrSet(struct request *rq, struct AttrSet_in *in, struct AttrSet_out *out)
{
	struct buf b = BUF(room);
	struct span joined = SPAN_NONE;
	struct session *s;
	struct object *o;

	(void)out;
	TRY(want_loaded(rq, in->session, &s));
	TRY(want_object(s, in->object, &o));
	if (!well_formed(in->attrs))
		return FAIL(BAD_FRAME);
	if (o->token)
		return write_names(rq, s, o, in->attrs);
	buf_put(&b, in->attrs);
	buf_put(&b, o->attrs);
	if (b.bad || peers_usage(s->peer).bytes >= PEER_BYTES_MAX || !keep_span(&joined, buf_span(&b)))
		return FAIL(QUOTA);
	s->peer->bytes += joined.n - o->attrs.n;
	free((void *)(uintptr_t)o->attrs.p);
	o->attrs = joined;
	return OK;
}
