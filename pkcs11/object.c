/* Objects: their attributes, made, copied, destroyed. */
#include "config.h"
#include "module.h"
#include "size.h"
#include "template.h"
#include "wire/frame.h"

/* A handle that the broker may have given; 0 where it cannot be one. */
static uint32_t number(CK_OBJECT_HANDLE object)
{
	return object <= UINT32_MAX ? (uint32_t)object : 0;
}

/* One attribute's answer into the caller's template (PKCS#11 2.40, 5.7.5). */
static CK_RV give(CK_ATTRIBUTE *a, const struct ValueRec_in *v)
{
	CK_RV rv = v->rv;

	if (rv == CKR_OK && template_nested(a->type))
		rv = CKR_ATTRIBUTE_TYPE_INVALID;	/* made of pointers: no token has one */
	if (rv == CKR_OK)
		rv = size_give(a->pValue, &a->ulValueLen, v->value);
	if (rv != CKR_OK)
		a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
	return rv;
}

/* All of them are answered; the first failure is what the call says. */
static CK_RV give_all(CK_ATTRIBUTE *attrs, CK_ULONG n, struct span values)
{
	struct cur c = cur_of(values);
	CK_RV first = CKR_OK;

	for (CK_ULONG i = 0; i < n; i++) {
		struct ValueRec_in v;
		ValueRec_get_in(&c, &v);
		if (c.bad)
			return CKR_GENERAL_ERROR;
		CK_RV rv = give(&attrs[i], &v);
		if (first == CKR_OK)
			first = rv;
	}
	return cur_done(&c) ? first : CKR_GENERAL_ERROR;
}

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attrs,
			  CK_ULONG n)
{
	HOLD(s, h);
	ROOM types = { 0 };
	REPLY r = { .epoch = s->epoch };
	struct AttrGet_in in = { .session = s->id, .object = number(object) };
	struct AttrGet_out out;

	if (n && !attrs)
		return CKR_ARGUMENTS_BAD;
	if (n > FRAME_DATA_MAX / 8 || !room_make(&types, n * 8))
		return CKR_HOST_MEMORY;
	for (CK_ULONG i = 0; i < n; i++)
		buf_be(&types, attrs[i].type, 8);
	in.types = buf_span(&types);
	err e = call_AttrGet(s->m->link, &in, &out, &r);
	return ok(e) ? give_all(attrs, n, out.values) : session_rv(s, e);
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attrs,
			  CK_ULONG n)
{
	HOLD(s, h);
	ROOM list = { 0 };
	REPLY r = { .epoch = s->epoch };
	struct AttrSet_in in = { .session = s->id, .object = number(object) };
	struct AttrSet_out out;

	CK_RV rv = template_put(&list, attrs, n);
	if (rv != CKR_OK)
		return rv;
	in.attrs = buf_span(&list);
	return session_rv(s, call_AttrSet(s->m->link, &in, &out, &r));
}

CK_RV C_CreateObject(CK_SESSION_HANDLE h, CK_ATTRIBUTE *attrs, CK_ULONG n, CK_OBJECT_HANDLE *object)
{
	HOLD(s, h);
	ROOM list = { 0 };
	REPLY r = { .epoch = s->epoch };
	struct ObjectCreate_in in = { .session = s->id };
	struct ObjectCreate_out out;

	CK_RV rv = object ? template_put(&list, attrs, n) : CKR_ARGUMENTS_BAD;
	if (rv != CKR_OK)
		return rv;
	in.attrs = buf_span(&list);
	err e = call_ObjectCreate(s->m->link, &in, &out, &r);
	if (ok(e))
		*object = out.object;
	return session_rv(s, e);
}

CK_RV C_CopyObject(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attrs, CK_ULONG n,
		   CK_OBJECT_HANDLE *copy)
{
	HOLD(s, h);
	ROOM list = { 0 };
	REPLY r = { .epoch = s->epoch };
	struct ObjectCopy_in in = { .session = s->id, .object = number(object) };
	struct ObjectCopy_out out;

	CK_RV rv = copy ? template_put(&list, attrs, n) : CKR_ARGUMENTS_BAD;
	if (rv != CKR_OK)
		return rv;
	in.attrs = buf_span(&list);
	err e = call_ObjectCopy(s->m->link, &in, &out, &r);
	if (ok(e))
		*copy = out.copy;
	return session_rv(s, e);
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object)
{
	HOLD(s, h);
	REPLY r = { .epoch = s->epoch };
	struct ObjectDestroy_in in = { .session = s->id, .object = number(object) };
	struct ObjectDestroy_out out;

	return session_rv(s, call_ObjectDestroy(s->m->link, &in, &out, &r));
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object, CK_ULONG *size)
{
	HOLD(s, h);
	REPLY r = { .epoch = s->epoch };
	struct ObjectSize_in in = { .session = s->id, .object = number(object) };
	struct ObjectSize_out out;

	if (!size)
		return CKR_ARGUMENTS_BAD;
	err e = call_ObjectSize(s->m->link, &in, &out, &r);
	if (ok(e))
		*size = out.size;
	return session_rv(s, e);
}
