/* What p11client does with objects: templates come as words (template.h). */
#include <stdio.h>
#include "client.h"
#include "template.h"

/* create TEMPLATE: the new object is the one found last, and so with those below. */
CK_RV do_create(char *w[WORDS])
{
	struct template t;

	return template_read(w[1], &t) ? p11->C_CreateObject(session, t.attrs, t.n, &found) : CKR_ARGUMENTS_BAD;
}

CK_RV do_copy(char *w[WORDS])
{
	struct template t;

	return template_read(w[1], &t) ? p11->C_CopyObject(session, found, t.attrs, t.n, &found) : CKR_ARGUMENTS_BAD;
}

CK_RV do_set(char *w[WORDS])
{
	struct template t;

	return template_read(w[1], &t) ? p11->C_SetAttributeValue(session, found, t.attrs, t.n) : CKR_ARGUMENTS_BAD;
}

CK_RV do_destroy(char *w[WORDS])
{
	(void)w;
	return p11->C_DestroyObject(session, found);
}

/* get ATTRIBUTE: says its bytes, or "unavailable". */
CK_RV do_get(char *w[WORDS])
{
	CK_BYTE value[MESSAGE_MOST];
	CK_ATTRIBUTE a = { .pValue = value, .ulValueLen = sizeof value };
	CK_RV rv = template_type(w[1], &a.type) ? p11->C_GetAttributeValue(session, found, &a, 1)
	                                        : CKR_ARGUMENTS_BAD;

	if (a.ulValueLen == CK_UNAVAILABLE_INFORMATION)
		snprintf(beside, sizeof beside, "unavailable");
	for (CK_ULONG i = 0; rv == CKR_OK && i < a.ulValueLen && 2 * i + 2 < sizeof beside; i++)
		snprintf(beside + 2 * i, 3, "%02x", value[i]);
	return rv;
}

/* search TEMPLATE: says how many there are. */
CK_RV do_search(char *w[WORDS])
{
	CK_OBJECT_HANDLE objects[64];
	struct template t;
	CK_ULONG n = 0;
	CK_RV rv = template_read(w[1], &t) ? p11->C_FindObjectsInit(session, t.attrs, t.n) : CKR_ARGUMENTS_BAD;

	if (rv == CKR_OK)
		rv = p11->C_FindObjects(session, objects, COUNT(objects), &n);
	if (rv == CKR_OK)
		rv = p11->C_FindObjectsFinal(session);
	if (rv == CKR_OK && n)
		found = objects[0];
	snprintf(beside, sizeof beside, "%lu", n);
	return rv;
}

/* generate PUBLIC PRIVATE: a P-256 pair; the private key is the one found last. */
CK_RV do_generate(char *w[WORDS])
{
	CK_MECHANISM m = { .mechanism = CKM_EC_KEY_PAIR_GEN };
	struct template public, private;
	CK_OBJECT_HANDLE other;

	if (!template_read(w[1], &public) || !template_read(w[2], &private))
		return CKR_ARGUMENTS_BAD;
	return p11->C_GenerateKeyPair(session, &m, public.attrs, public.n, private.attrs, private.n, &other, &found);
}

/* derive LABEL TEMPLATE: ECDH of that P-256 key with the curve's own base point. */
CK_RV do_derive(char *w[WORDS])
{
	static CK_BYTE base[] = { 0x04,
		0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5, 0x63, 0xA4, 0x40, 0xF2,
		0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2, 0x96,
		0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E, 0x16,
		0x2B, 0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51, 0xF5 };
	CK_ECDH1_DERIVE_PARAMS param = { .kdf = CKD_NULL, .public_data = base, .public_data_len = sizeof base };
	CK_MECHANISM m = { CKM_ECDH1_DERIVE, &param, sizeof param };
	CK_OBJECT_HANDLE key = 0;
	struct template t;
	CK_RV rv = template_read(w[2], &t) ? find("private", w[1], &key) : CKR_ARGUMENTS_BAD;

	return rv == CKR_OK ? p11->C_DeriveKey(session, &m, key, t.attrs, t.n, &found) : rv;
}
