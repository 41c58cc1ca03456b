/* Reading keys and certificates through the daemon. */
#include "config.h"
#include <openssl/core_names.h>
#include <stdio.h>
#include <stdlib.h>
#include "lib/der.h"
#include "object.h"
#include "say.h"
#include "wire/records.h"

void attr_put(struct buf *b, CK_ATTRIBUTE_TYPE type, struct span value)
{
	struct AttrRec_in rec = { .type = type, .value = value };

	AttrRec_put_in(b, &rec);
}

void attr_ulong(struct buf *b, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	attr_put(b, type, (struct span){ (const uint8_t *)&value, sizeof value });
}

void attr_bool(struct buf *b, CK_ATTRIBUTE_TYPE type, bool value)
{
	attr_put(b, type, SPAN(value ? CK_TRUE : CK_FALSE));
}

CK_ULONG attr_number(struct span value)
{
	CK_ULONG n = CK_UNAVAILABLE_INFORMATION;
	struct buf b = { .p = (uint8_t *)&n, .cap = sizeof n };

	if (value.p && value.n == sizeof n)
		buf_put(&b, value);
	return n;
}

err objects_find(struct cli *c, struct span filter, uint32_t *handles, size_t most, size_t *n)
{
	struct Find_in in = { .session = c->token.session, .filter = filter };
	struct Find_out out = { 0 };
	REPLY r = { 0 };

	*n = 0;
	TRY(call_Find(c->link, &in, &out, &r));
	struct cur cur = cur_of(out.handles);
	while (cur_left(&cur) && *n < most)
		handles[(*n)++] = cur_u32(&cur);
	return cur.bad ? FAIL(BAD_FRAME) : OK;
}

err attrs_get(struct cli *c, uint32_t object, const CK_ATTRIBUTE_TYPE *types, size_t n,
	      struct span *values, struct reply *r)
{
	uint8_t room[8 * ATTRS_MAX];
	struct buf b = BUF(room);
	struct AttrGet_out out = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_be(&b, types[i], 8);
	struct AttrGet_in in = { c->link ? AttrGet_ID : 0, c->token.session, object, buf_span(&b) };
	TRY(call_AttrGet(c->link, &in, &out, r));
	struct cur cur = cur_of(out.values);
	for (size_t i = 0; i < n; i++) {
		struct ValueRec_in v;

		ValueRec_get_in(&cur, &v);
		values[i] = v.rv == CKR_OK && !cur.bad ? v.value : SPAN_NONE;
	}
	return cur_done(&cur) ? OK : FAIL(BAD_FRAME);
}

/* --- what keys and certificates have in common ---------------------------------------------- */
static void take_id(struct span v, uint8_t *id, size_t *n, char *hex)
{
	struct buf b = { .p = id, .cap = ID_MAX };

	buf_put(&b, span_first(v, ID_MAX));
	*n = b.n;
	hex[0] = 0;
	for (size_t i = 0; i < b.n; i++)
		snprintf(hex + 2 * i, 3, "%02x", id[i]);
}

static unsigned take_small(struct span v)
{
	CK_ULONG n = attr_number(v);

	return n > 0xFF ? 0 : (unsigned)n;
}

/* --- keys ----------------------------------------------------------------------------------- */
enum { K_TYPE, K_ID, K_LABEL, K_SLOT, K_PIN, K_TOUCH, K_N, K_E, K_PARAMS, K_POINT, K_COUNT };
static const CK_ATTRIBUTE_TYPE key_types[K_COUNT] = {
	CKA_KEY_TYPE, CKA_ID, CKA_LABEL, CKA_BSRE_SLOT, CKA_BSRE_PIN_POLICY, CKA_BSRE_TOUCH_POLICY,
	CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_EC_PARAMS, CKA_EC_POINT,
};

/* CKA_EC_POINT is the point inside an OCTET STRING (PKCS#11, 2.3.3); some give it bare. */
static struct span bare_point(struct span v)
{
	struct cur c = cur_of(v);
	struct span inner = tlv_bytes(&c, 0x04);

	return cur_done(&c) && inner.n ? inner : v;
}

static EVP_PKEY *public_key(const struct span *v)
{
	uint8_t room[2048];
	struct buf b = BUF(room);
	struct spki parts = { .kind = KEY_NONE };

	if (attr_number(v[K_TYPE]) == CKK_RSA && v[K_N].n && v[K_E].n)
		parts = (struct spki){ .kind = KEY_RSA, .n = v[K_N], .e = v[K_E] };
	else if (attr_number(v[K_TYPE]) == CKK_EC && v[K_PARAMS].n && v[K_POINT].n)
		parts = (struct spki){ .kind = KEY_EC, .curve = v[K_PARAMS], .point = bare_point(v[K_POINT]) };
	if (parts.kind == KEY_NONE)
		return NULL;
	der_put_spki(&b, &parts);
	const unsigned char *p = room;
	return b.bad ? NULL : d2i_PUBKEY(NULL, &p, (long)b.n);
}

/* "rsa2048", "p256": as --alg takes it. */
static void name_alg(EVP_PKEY *k, char *out, size_t size)
{
	char group[32] = "";

	if (EVP_PKEY_is_a(k, "RSA")) {
		snprintf(out, size, "rsa%d", EVP_PKEY_get_bits(k));
		return;
	}
	EVP_PKEY_get_utf8_string_param(k, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL);
	if (strcmp(group, "prime256v1") == 0)
		snprintf(out, size, "p256");
	else if (strcmp(group, "secp384r1") == 0)
		snprintf(out, size, "p384");
	else
		snprintf(out, size, "ec%d", EVP_PKEY_get_bits(k));
}

static err key_load(struct cli *c, uint32_t handle, struct key *k)
{
	struct span v[K_COUNT];
	REPLY r = { 0 };

	TRY(attrs_get(c, handle, key_types, K_COUNT, v, &r));
	*k = (struct key){ .handle = handle, .slot = take_small(v[K_SLOT]),
			   .pin_policy = take_small(v[K_PIN]), .touch_policy = take_small(v[K_TOUCH]) };
	take_id(v[K_ID], k->id, &k->id_n, k->id_hex);
	text_clean(v[K_LABEL], k->label, sizeof k->label);
	k->pkey = public_key(v);
	if (k->pkey)
		name_alg(k->pkey, k->alg, sizeof k->alg);
	return OK;
}

/* Filter: class, on the token. */
static struct span of_class(struct buf *b, CK_OBJECT_CLASS cls)
{
	attr_ulong(b, CKA_CLASS, cls);
	attr_bool(b, CKA_TOKEN, true);
	return buf_span(b);
}

/* Objects come and go while they are listed (another program's change, a token that was swapped): a
 * list in which one vanished is begun again, a few times. */
enum { LISTS = 3 };

static err keys_once(struct cli *c, struct keys *out)
{
	uint8_t room[64];
	struct buf b = BUF(room);
	uint32_t handles[KEYS_MAX];
	size_t n;

	out->n = 0;
	TRY(objects_find(c, of_class(&b, CKO_PUBLIC_KEY), handles, KEYS_MAX, &n));
	for (size_t i = 0; i < n; i++) {
		struct key *k = &out->k[out->n];

		TRY(key_load(c, handles[i], k));
		if (k->pkey)
			out->n++;
		else
			say_warn(_("the token holds a public key that cannot be read (object "
					"%u)"), handles[i]);
	}
	return OK;
}

static int by_key_slot(const void *a, const void *b)
{
	return (int)((const struct key *)a)->slot - (int)((const struct key *)b)->slot;
}

err keys_load(struct cli *c, struct keys *out)
{
	err e = keys_once(c, out);

	for (int i = 1; i < LISTS && e.code == E_NOT_FOUND; i++) {
		keys_free(out);
		e = keys_once(c, out);
	}
	qsort(out->k, out->n, sizeof out->k[0], by_key_slot);
	return e;
}

void keys_free(struct keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		EVP_PKEY_free(k->k[i].pkey);
	k->n = 0;
}

void key_touch_note(const struct key *k)
{
	enum { ALWAYS = 2, CACHED = 3 };	/* CKA_BSRE_TOUCH_POLICY */

	if (k->touch_policy == ALWAYS || k->touch_policy == CACHED)
		say_note("%s", _("Touch the token when it blinks."));
}

unsigned slot_number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 16);

	if (strlen(text) != 2 || *end)
		return 0;
	return n == 0x9A || (n >= 0x9C && n <= 0x9E) || (n >= 0x82 && n <= 0x95) ? (unsigned)n : 0;
}

/* Is `name` what k is called in this way (0: slot, 1: id, 2: label)? */
static bool is_called(const struct key *k, const char *name, int way)
{
	switch (way) {
	case 0:  return k->slot && slot_number(name) == k->slot;
	case 1:  return k->id_n && strcasecmp(name, k->id_hex) == 0;
	default: return k->label[0] && strcmp(name, k->label) == 0;
	}
}

err key_find(struct cli *c, const struct keys *keys, const char *name, const struct key **out)
{
	(void)c;
	if (keys->n == 0)
		return say_fail(FAIL(KEY_NOT_FOUND), _("there is no key on the token; make one "
				"with 'bsre-token key generate'"));
	if (!name && keys->n > 1)
		return say_fail(FAIL(ARGUMENTS), _("there are %zu keys on the token; name one "
				"with --key"), keys->n);
	*out = name ? NULL : &keys->k[0];
	for (int way = 0; way < 3 && !*out; way++)
		for (size_t i = 0; i < keys->n; i++) {
			if (!is_called(&keys->k[i], name, way))
				continue;
			if (*out)
				return say_fail(FAIL(ARGUMENTS), _("several keys are called "
						"'%s'; name one by its slot"),
						say_clean(name));
			*out = &keys->k[i];
		}
	return *out ? OK : say_fail(FAIL(KEY_NOT_FOUND), _("there is no key '%s' on the "
			"token"), say_clean(name));
}

const struct key *key_of_cert(const struct keys *keys, X509 *x)
{
	EVP_PKEY *pub = X509_get0_pubkey(x);

	for (size_t i = 0; i < keys->n && pub; i++)
		if (EVP_PKEY_eq(pub, keys->k[i].pkey) == 1)
			return &keys->k[i];
	return NULL;
}

static bool stands_before(const struct key *k, const struct cert *a, const struct cert *b)
{
	bool own = a->slot == k->slot, other = b->slot == k->slot;

	return own != other ? own : ASN1_TIME_compare(X509_get0_notAfter(a->x), X509_get0_notAfter(b->x)) > 0;
}

const struct cert *cert_of_key(const struct keys *keys, const struct certs *certs, const struct key *k)
{
	const struct cert *best = NULL;

	for (size_t i = 0; i < certs->n; i++) {
		const struct cert *c = &certs->c[i];

		if (c->x && key_of_cert(keys, c->x) == k && (!best || stands_before(k, c, best)))
			best = c;
	}
	return best;
}

err key_private(struct cli *c, const struct key *k, uint32_t *handle)
{
	uint8_t room[128 + ID_MAX];
	struct buf b = BUF(room);
	size_t n;

	of_class(&b, CKO_PRIVATE_KEY);
	if (k->slot)
		attr_ulong(&b, CKA_BSRE_SLOT, k->slot);
	else
		attr_put(&b, CKA_ID, (struct span){ k->id, k->id_n });
	TRY(objects_find(c, buf_span(&b), handle, 1, &n));
	return n ? OK : say_fail(FAIL(KEY_NOT_FOUND), _("the private key of '%s' is not on the "
			"token"), k->label);
}

/* --- certificates --------------------------------------------------------------------------- */
enum { C_VALUE, C_ID, C_LABEL, C_SLOT, C_COUNT };
static const CK_ATTRIBUTE_TYPE cert_types[C_COUNT] = { CKA_VALUE, CKA_ID, CKA_LABEL, CKA_BSRE_SLOT };

static err cert_load(struct cli *c, uint32_t handle, struct cert *out)
{
	struct span v[C_COUNT];
	REPLY r = { 0 };

	TRY(attrs_get(c, handle, cert_types, C_COUNT, v, &r));
	*out = (struct cert){ .handle = handle, .slot = take_small(v[C_SLOT]) };
	take_id(v[C_ID], out->id, &out->id_n, out->id_hex);
	text_clean(v[C_LABEL], out->label, sizeof out->label);
	const unsigned char *p = v[C_VALUE].p;
	out->x = p ? d2i_X509(NULL, &p, (long)v[C_VALUE].n) : NULL;
	return OK;
}

static err certs_once(struct cli *c, struct certs *out)
{
	uint8_t room[64];
	struct buf b = BUF(room);
	uint32_t handles[CERTS_MAX];
	size_t n;

	out->n = 0;
	TRY(objects_find(c, of_class(&b, CKO_CERTIFICATE), handles, CERTS_MAX, &n));
	for (size_t i = 0; i < n; i++) {
		TRY(cert_load(c, handles[i], &out->c[out->n]));
		out->n++;
	}
	return OK;
}

static int by_cert_slot(const void *a, const void *b)
{
	return (int)((const struct cert *)a)->slot - (int)((const struct cert *)b)->slot;
}

err certs_load(struct cli *c, struct certs *out)
{
	err e = certs_once(c, out);

	for (int i = 1; i < LISTS && e.code == E_NOT_FOUND; i++) {
		certs_free(out);
		e = certs_once(c, out);
	}
	qsort(out->c, out->n, sizeof out->c[0], by_cert_slot);
	return e;
}

void certs_free(struct certs *c)
{
	for (size_t i = 0; i < c->n; i++)
		X509_free(c->c[i].x);
	c->n = 0;
}

static bool cert_is_called(const struct cert *c, const char *name, int way)
{
	switch (way) {
	case 0:  return c->slot && slot_number(name) == c->slot;
	case 1:  return c->id_n && strcasecmp(name, c->id_hex) == 0;
	default: return c->label[0] && strcmp(name, c->label) == 0;
	}
}

err cert_find(const struct certs *certs, const char *name, const struct cert **out)
{
	size_t n = 0;

	*out = NULL;
	for (int way = name ? 0 : 2; way < 3 && n == 0; way++)
		for (size_t i = 0; i < certs->n; i++)
			if (certs->c[i].x && (!name || cert_is_called(&certs->c[i], name, way))) {
				*out = &certs->c[i];
				n++;
			}
	if (n == 1)
		return OK;
	if (n > 1)
		return say_fail(FAIL(ARGUMENTS), _("%zu certificates fit; name one by its slot"), n);
	return name ? say_fail(FAIL(NOT_FOUND), _("there is no certificate '%s' on the "
			"token"), say_clean(name)) :
		say_fail(FAIL(NOT_FOUND), _("there is no certificate on the token"));
}
