/* Templates read from words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "template.h"

static const struct { const char *name; CK_ATTRIBUTE_TYPE type; } types[] = {
	{ "class", CKA_CLASS }, { "token", CKA_TOKEN }, { "private", CKA_PRIVATE }, { "label", CKA_LABEL },
	{ "unique-id", CKA_UNIQUE_ID }, { "value", CKA_VALUE }, { "id", CKA_ID }, { "subject", CKA_SUBJECT },
	{ "application", CKA_APPLICATION }, { "key-type", CKA_KEY_TYPE }, { "modulus", CKA_MODULUS },
	{ "exponent", CKA_PUBLIC_EXPONENT }, { "ec-params", CKA_EC_PARAMS }, { "ec-point", CKA_EC_POINT },
	{ "sign", CKA_SIGN }, { "sensitive", CKA_SENSITIVE }, { "extractable", CKA_EXTRACTABLE },
	{ "modifiable", CKA_MODIFIABLE }, { "copyable", CKA_COPYABLE }, { "destroyable", CKA_DESTROYABLE },
	{ "always", CKA_ALWAYS_AUTHENTICATE }, { "slot", CKA_BSRE_SLOT }, { "pin-policy", CKA_BSRE_PIN_POLICY },
	{ "certificate-type", CKA_CERTIFICATE_TYPE }, { "value-len", CKA_VALUE_LEN }, { "issuer", CKA_ISSUER },
	{ "always-sensitive", CKA_ALWAYS_SENSITIVE }, { "never-extractable", CKA_NEVER_EXTRACTABLE },
	{ "local", CKA_LOCAL }, { "decrypt", CKA_DECRYPT }, { "derive", CKA_DERIVE }, { "trusted", CKA_TRUSTED },
	{ "serial", CKA_SERIAL_NUMBER }, { "start-date", CKA_START_DATE }, { "vendor", CKA_VENDOR_DEFINED | 7 },
};

static const struct { const char *name; CK_ULONG num; } numbers[] = {
	{ "data", CKO_DATA }, { "certificate", CKO_CERTIFICATE }, { "public", CKO_PUBLIC_KEY },
	{ "private", CKO_PRIVATE_KEY }, { "secret", CKO_SECRET_KEY },
};

bool template_type(const char *name, CK_ATTRIBUTE_TYPE *type)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (!strcmp(types[i].name, name)) {
			*type = types[i].type;
			return true;
		}
	return false;
}

static size_t from_hex(const char *hex, CK_BYTE *out, size_t most)
{
	size_t n = 0;
	unsigned byte;

	for (; n < most && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		out[n++] = (CK_BYTE)byte;
	return n;
}

static size_t from_file(const char *path, CK_BYTE *out, size_t most)
{
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(out, 1, most, f) : 0;

	if (f)
		fclose(f);
	return n;
}

static size_t from_number(CK_ULONG num, CK_BYTE *out, size_t most)
{
	if (most < sizeof num)
		return 0;
	memcpy(out, &num, sizeof num);
	return sizeof num;
}

static size_t read_value(const char *v, CK_BYTE *out, size_t most)
{
	size_t n = strlen(v);

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (!strcmp(v, numbers[i].name))
			return from_number(numbers[i].num, out, most);
	switch (*v) {
	case '#': return from_number(strtoul(v + 1, NULL, 0), out, most);
	case 'x': return from_hex(v + 1, out, most);
	case '@': return from_file(v + 1, out, most);
	}
	if (n > most)
		return 0;
	if (!strcmp(v, "y") || !strcmp(v, "n"))
		*out = *v == 'y';
	else
		memcpy(out, v, n);
	return n;
}

bool template_read(const char *text, struct template *t)
{
	char copy[TEMPLATE_BYTES], *rest = copy, *word;

	*t = (struct template){ 0 };
	if ((size_t)snprintf(copy, sizeof copy, "%s", text) >= sizeof copy)
		return false;
	while ((word = strsep(&rest, ",")) != NULL) {
		char *v = strchr(word, '=');
		if (!v || t->n == TEMPLATE_ATTRS)
			return !*copy && !t->n;
		*v++ = '\0';
		CK_ATTRIBUTE *a = &t->attrs[t->n++];
		if (!template_type(word, &a->type))
			return false;
		a->pValue = t->bytes + t->used;
		a->ulValueLen = read_value(v, a->pValue, sizeof t->bytes - t->used);
		t->used += (a->ulValueLen + 7) / 8 * 8;
		if (t->used > sizeof t->bytes)
			return false;
	}
	return t->n > 0;
}
