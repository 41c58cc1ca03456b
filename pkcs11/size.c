/* Lengths and padding. */
#include "config.h"
#include "size.h"

bool size_fits(const void *out, CK_ULONG *len, size_t need, CK_RV *rv)
{
	if (out && *len >= need)
		return true;
	*len = need;
	*rv = out ? CKR_BUFFER_TOO_SMALL : CKR_OK;
	return false;
}

CK_RV size_give(CK_BYTE *out, CK_ULONG *len, struct span v)
{
	CK_RV rv;

	if (!size_fits(out, len, v.n, &rv))
		return rv;
	struct buf b = { out, 0, v.n, false };
	buf_put(&b, v);
	*len = v.n;
	return CKR_OK;
}

void size_pad(CK_UTF8CHAR *field, size_t room, struct span text)
{
	struct buf b = { field, 0, room, false };

	if (text.n > room)
		for (text.n = room; text.n && (text.p[text.n] & 0xC0) == 0x80;)
			text.n--;
	buf_put(&b, text);
	buf_fill(&b, ' ', room - text.n);
}
