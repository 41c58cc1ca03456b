/* Templates as records. */
#include "config.h"
#include <stdlib.h>
#include "template.h"
#include "wire/frame.h"
#include "wire/records.h"

enum { ATTR_HEAD = 12 };		/* bytes of an AttrRec besides its value */

void room_free(struct buf *b)
{
	if (b->p)
		wipe(b->p, b->cap);
	free(b->p);
}

bool room_make(struct buf *b, size_t n)
{
	*b = (struct buf){ .p = malloc(n ? n : 1), .cap = n };
	return b->p;
}

/* CKA_ALLOWED_MECHANISMS is a plain list of numbers for all its array bit, and ours have the bit by chance. */
bool template_nested(CK_ATTRIBUTE_TYPE type)
{
	return type & CKF_ARRAY_ATTRIBUTE && type != CKA_ALLOWED_MECHANISMS && (type & ~0xFFFFUL) != CKA_BSRE;
}

static CK_RV attr_good(const CK_ATTRIBUTE *a)
{
	if (template_nested(a->type))
		return CKR_ATTRIBUTE_TYPE_INVALID;
	if (a->ulValueLen && !a->pValue)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return CKR_OK;
}

/* How many bytes the template's records take. */
static CK_RV measure(const CK_ATTRIBUTE *attrs, CK_ULONG n, size_t *size)
{
	*size = 0;
	for (CK_ULONG i = 0; i < n; i++) {
		CK_RV rv = attr_good(&attrs[i]);
		if (rv != CKR_OK)
			return rv;
		/* a length of (CK_ULONG)-1 comes from a template that was read with and is used again */
		if (attrs[i].ulValueLen == CK_UNAVAILABLE_INFORMATION)
			return CKR_ATTRIBUTE_VALUE_INVALID;
		if (attrs[i].ulValueLen > FRAME_DATA_MAX)
			return CKR_DEVICE_MEMORY;
		*size += ATTR_HEAD + attrs[i].ulValueLen;
		if (*size > FRAME_DATA_MAX)
			return CKR_DEVICE_MEMORY;
	}
	return CKR_OK;
}

CK_RV template_put(struct buf *to, const CK_ATTRIBUTE *attrs, CK_ULONG n)
{
	size_t size;

	if (n && !attrs)
		return CKR_ARGUMENTS_BAD;
	CK_RV rv = measure(attrs, n, &size);
	if (rv != CKR_OK)
		return rv;
	if (!room_make(to, size))
		return CKR_HOST_MEMORY;
	for (CK_ULONG i = 0; i < n; i++) {
		struct AttrRec_in a = {
			.type = attrs[i].type, .value = { attrs[i].pValue, attrs[i].ulValueLen },
		};
		AttrRec_put_in(to, &a);
	}
	return to->bad ? CKR_GENERAL_ERROR : CKR_OK;	/* the caller changed it meanwhile */
}
