/* C_FindObjectsInit asks once; C_FindObjects gives from the answer, which no login or logout changes. */
#include "config.h"
#include <stdlib.h>
#include "module.h"
#include "template.h"

/* Can a token hold objects of this class? Browsers search by the hundred for those that none can
 * (CKO_NSS_TRUST, CKO_TRUST): that is answered here. */
static bool class_exists(const CK_ATTRIBUTE *a)
{
	CK_OBJECT_CLASS class;
	struct buf b = BUF(&class);

	b.cap = sizeof class;
	if (a->ulValueLen != sizeof class)
		return false;
	buf_put(&b, (struct span){ a->pValue, sizeof class });
	switch (class) {
	case CKO_DATA: case CKO_CERTIFICATE: case CKO_PUBLIC_KEY: case CKO_PRIVATE_KEY:
	case CKO_SECRET_KEY: case CKO_MECHANISM: case CKO_PROFILE:
		return true;
	default:
		return false;
	}
}

static bool may_match(const CK_ATTRIBUTE *attrs, CK_ULONG n)
{
	for (CK_ULONG i = 0; i < n; i++)
		if (attrs[i].type == CKA_CLASS && !class_exists(&attrs[i]))
			return false;
	return true;
}

/* Takes Find's handles apart: *found, *n of them, the caller's to free. */
static err read_handles(struct span handles, uint32_t **found, size_t *n)
{
	struct cur c = cur_of(handles);

	*n = handles.n / 4;
	if (handles.n % 4)
		return FAIL(BAD_FRAME);
	*found = malloc(handles.n + 1);
	if (!*found)
		return FAIL(QUOTA);
	for (size_t i = 0; i < *n; i++)
		(*found)[i] = cur_u32(&c);
	return OK;
}

static err search(struct session *s, struct span filter, uint32_t **found, size_t *n)
{
	REPLY r = { .epoch = s->epoch };
	struct Find_in in = { .session = s->id, .filter = filter };
	struct Find_out out;

	TRY(call_Find(s->m->link, &in, &out, &r));
	return read_handles(out.handles, found, n);
}

/* Begins to give `found`. False: another thread began a search meanwhile. */
static bool begin(struct session *s, uint32_t *found, size_t n)
{
	tables_lock();
	bool good = !s->finding;
	if (good) {
		free(s->found);
		s->found = found;
		s->found_n = n;
		s->found_at = 0;
		s->finding = true;
	}
	tables_unlock();
	if (!good)
		free(found);
	return good;
}

static bool finding(struct session *s)
{
	tables_lock();
	bool is = s->finding;
	tables_unlock();
	return is;
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE h, CK_ATTRIBUTE *attrs, CK_ULONG n)
{
	HOLD(s, h);
	ROOM filter = { 0 };
	uint32_t *found = NULL;
	size_t found_n = 0;

	if (finding(s))
		return CKR_OPERATION_ACTIVE;
	CK_RV rv = template_put(&filter, attrs, n);
	if (rv == CKR_OK && may_match(attrs, n))
		rv = session_rv(s, search(s, buf_span(&filter), &found, &found_n));
	if (rv != CKR_OK)
		return rv;
	return begin(s, found, found_n) ? CKR_OK : CKR_OPERATION_ACTIVE;
}

CK_RV C_FindObjects(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE *list, CK_ULONG most, CK_ULONG *n)
{
	HOLD(s, h);
	CK_ULONG given = 0;

	if (!n || (most && !list))
		return CKR_ARGUMENTS_BAD;
	tables_lock();
	bool live = s->finding;
	while (live && given < most && s->found_at < s->found_n)
		list[given++] = s->found[s->found_at++];
	tables_unlock();
	if (!live)
		return CKR_OPERATION_NOT_INITIALIZED;
	*n = given;
	return CKR_OK;
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE h)
{
	HOLD(s, h);

	tables_lock();
	bool live = s->finding;
	s->finding = false;
	tables_unlock();
	return live ? CKR_OK : CKR_OPERATION_NOT_INITIALIZED;
}
