/* What is on a token behind a module: keys and certificates, grouped by the CKA_ID that they share. */
#include "config.h"
#include <openssl/x509v3.h>
#include "cryptoki.h"

enum { OBJECTS_MAX = 256, AT_ONCE = 16, RSA_EXPONENT_MAX = 8 };

/* --- attributes ---------------------------------------------------------------------------------- */
err cryptoki_attr(struct cryptoki *c, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type, struct buf *b)
{
	static uint8_t room[ATTR_MAX];
	CK_ATTRIBUTE a = { type, room, sizeof room };

	CK_RV rv = c->f->C_GetAttributeValue(c->session, o, &a, 1);
	if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE)
		return FAIL(NOT_FOUND);
	TRY(cryptoki_err(c, "C_GetAttributeValue", rv));
	if (a.ulValueLen > sizeof room)
		return FAIL(BAD_REPLY);
	buf_put(b, (struct span){ room, a.ulValueLen });
	return b->bad ? FAIL(BAD_REPLY) : OK;
}

CK_ULONG cryptoki_ulong(struct cryptoki *c, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise)
{
	CK_ULONG v = otherwise;
	CK_ATTRIBUTE a = { type, &v, sizeof v };

	return c->f->C_GetAttributeValue(c->session, o, &a, 1) == CKR_OK && a.ulValueLen == sizeof v ? v : otherwise;
}

bool cryptoki_flag(struct cryptoki *c, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL v = CK_FALSE;
	CK_ATTRIBUTE a = { type, &v, sizeof v };

	return c->f->C_GetAttributeValue(c->session, o, &a, 1) == CKR_OK && a.ulValueLen == sizeof v && v;
}

/* --- searching ----------------------------------------------------------------------------------- */
static err collect(struct cryptoki *c, CK_OBJECT_HANDLE *out, size_t most, size_t *n)
{
	CK_OBJECT_HANDLE some[AT_ONCE];
	CK_ULONG got = 0;

	do {
		CK_RV rv = c->f->C_FindObjects(c->session, some, AT_ONCE, &got);
		TRY(cryptoki_err(c, "C_FindObjects", rv));
		if (got > AT_ONCE)
			return FAIL(BAD_REPLY);
		for (CK_ULONG i = 0; i < got && *n < most; i++)
			if (some[i] != CK_INVALID_HANDLE)
				out[(*n)++] = some[i];
	} while (got && *n < most);
	return OK;
}

err cryptoki_find(struct cryptoki *c, CK_OBJECT_CLASS cls, struct span id, CK_OBJECT_HANDLE *out, size_t most,
	size_t *n)
{
	CK_ATTRIBUTE filter[] = {
		{ CKA_CLASS, &cls, sizeof cls }, { CKA_ID, (void *)(uintptr_t)id.p, id.n },
	};

	*n = 0;
	CK_RV rv = c->f->C_FindObjectsInit(c->session, filter, id.p ? 2 : 1);
	TRY(cryptoki_err(c, "C_FindObjectsInit", rv));
	err e = collect(c, out, most, n);
	c->f->C_FindObjectsFinal(c->session);
	return e;
}

/* --- public keys --------------------------------------------------------------------------------- */
/* CKA_EC_POINT is the point in an OCTET STRING (PKCS#11 2.3.3); some modules give the bare point. */
static struct span bare_point(struct span v)
{
	struct cur c = cur_of(v);

	if (v.n && v.p[0] == 0x04 && v.n % 2 == 1 && der_length(v) != v.n)
		return v;
	struct span inner = tlv_bytes(&c, 0x04);
	return cur_done(&c) ? inner : v;
}

err cryptoki_spki(struct cryptoki *c, CK_OBJECT_HANDLE key, struct buf *spki)
{
	uint8_t one[1024], two[1024];
	struct buf a = BUF(one), b = BUF(two);
	struct spki parts;
	CK_ULONG type = cryptoki_ulong(c, key, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);

	if (type == CKK_RSA) {
		TRY(cryptoki_attr(c, key, CKA_MODULUS, &a));
		TRY(cryptoki_attr(c, key, CKA_PUBLIC_EXPONENT, &b));
		parts = (struct spki){ .kind = KEY_RSA, .n = der_trim(buf_span(&a)), .e = der_trim(buf_span(&b)) };
		if (parts.n.n == 0 || parts.e.n == 0 || parts.e.n > RSA_EXPONENT_MAX)
			return FAIL(BAD_REPLY);
	} else if (type == CKK_EC) {
		TRY(cryptoki_attr(c, key, CKA_EC_PARAMS, &a));
		TRY(cryptoki_attr(c, key, CKA_EC_POINT, &b));
		parts = (struct spki){ .kind = KEY_EC, .curve = buf_span(&a), .point = bare_point(buf_span(&b)) };
	} else {
		return FAIL(KEY_TYPE);
	}
	size_t at = spki->n;
	der_put_spki(spki, &parts);
	struct span made = { spki->p + at, spki->n - at };
	return spki->bad ? FAIL(BAD_REPLY) : der_spki(made, &parts);
}

/* --- places -------------------------------------------------------------------------------------- */
static struct span place_id(const struct place *p) { return (struct span){ p->id, p->id_n }; }

static bool taken(const struct cryptoki *c, uint32_t slot)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->places[i].slot == slot)
			return true;
	return false;
}

/* A new place for the id; ids of one number, and further certificates of one id, take the next that is free. */
static struct place *add_place(struct cryptoki *c, struct span id, unsigned nth)
{
	struct place *p = &c->places[c->n];
	uint32_t slot = keyslot_of(id);

	if (c->n == PLACES_MAX)
		return NULL;
	while (taken(c, slot))
		slot = slot < 0x10000 ? keyslot_of(SPAN(id.p[0], (uint8_t)nth)) : slot + 1;
	*p = (struct place){ .slot = slot, .nth = nth };
	struct buf b = BUF(p->id);
	buf_put(&b, id);
	p->id_n = b.n;
	c->n++;
	return p;
}

static struct place *place_of(struct cryptoki *c, struct span id, unsigned nth)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->places[i].nth == nth && span_eq(place_id(&c->places[i]), id))
			return &c->places[i];
	return add_place(c, id, nth);
}

/* CA certificates lie on many cards; nobody has their key there. */
static bool is_authority(struct span der)
{
	const uint8_t *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);
	bool ca = x && X509_check_ca(x) == 1;

	X509_free(x);
	return ca;
}

/* How many certificates with the id came before. */
static unsigned count_certs(const struct cryptoki *c, struct span id)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->places[i].cert && span_eq(place_id(&c->places[i]), id);
	return n;
}

static err note_cert(struct cryptoki *c, CK_OBJECT_HANDLE o, struct place *p)
{
	static uint8_t room[ATTR_MAX];
	struct buf der = BUF(room);

	if (cryptoki_ulong(c, o, CKA_CERTIFICATE_TYPE, CKC_X_509) != CKC_X_509)
		return OK;
	p->cert = true;
	if (p->private || !(c->info.flags & CKF_LOGIN_REQUIRED))
		return OK;			/* it is known whether there is a key */
	err e = cryptoki_attr(c, o, CKA_VALUE, &der);
	p->authority = ok(e) && is_authority(buf_span(&der));
	return e.code == E_NOT_FOUND ? OK : e;
}

static err note(struct cryptoki *c, CK_OBJECT_CLASS cls, CK_OBJECT_HANDLE o)
{
	uint8_t room[ID_MAX], text[LABEL_MAX];
	struct buf id = BUF(room), label = BUF(text);

	err e = cryptoki_attr(c, o, CKA_ID, &id);
	if (c->r.lost)
		return e;
	if (!ok(e) || id.n == 0)
		return OK;			/* what has no id cannot be found again */
	unsigned nth = cls == CKO_CERTIFICATE ? count_certs(c, buf_span(&id)) : 0;
	struct place *p = place_of(c, buf_span(&id), nth);
	if (!p) {
		if (!c->full)
			log_line(LOG_NOTICE, "more than %d keys and certificates: the rest is not shown", PLACES_MAX);
		c->full = true;
		return OK;
	}
	/* a certificate's name before a public key's before a private one's: so it is the same whether the private
	 * key is seen or not */
	if (ok(cryptoki_attr(c, o, CKA_LABEL, &label)) && label.n) {
		struct buf kept = BUF(p->label);
		buf_put(&kept, buf_span(&label));
		p->label_n = kept.n;
	}
	if (cls == CKO_PRIVATE_KEY) {
		p->private = true;
		p->always = cryptoki_flag(c, o, CKA_ALWAYS_AUTHENTICATE);
	}
	p->public = p->public || cls == CKO_PUBLIC_KEY;
	return cls == CKO_CERTIFICATE ? note_cert(c, o, p) : OK;
}

static err survey(struct cryptoki *c)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE };
	CK_OBJECT_HANDLE found[OBJECTS_MAX];
	size_t n;

	c->n = 0;
	if (!c->open)
		return OK;			/* nobody set it up yet: it is empty */
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
		TRY(cryptoki_find(c, classes[i], SPAN_NONE, found, OBJECTS_MAX, &n));
		for (size_t j = 0; j < n; j++)
			TRY(note(c, classes[i], found[j]));
	}
	return OK;
}

err cryptoki_place(struct cryptoki *c, uint32_t slot, struct place **out)
{
	if (c->n == 0)
		TRY(survey(c));
	for (size_t i = 0; i < c->n; i++)
		if (c->places[i].slot == slot) {
			*out = &c->places[i];
			return OK;
		}
	return FAIL(KEY_NOT_FOUND);
}

/* --- the list ------------------------------------------------------------------------------------ */
/* What is not seen before a login is guessed: to a public key, and to a certificate that is no authority's,
 * there is a private key. */
static bool has_key(const struct cryptoki *c, const struct place *p)
{
	bool hidden = !c->logged_in && c->info.flags & CKF_LOGIN_REQUIRED;

	return p->private || (hidden && !p->nth && !p->authority && (p->public || p->cert));
}

/* The public key, of the public key object or, since an RSA private key shows it as well, of that. Empty: it is in
 * the certificate, or nowhere. */
static err put_spki(struct cryptoki *c, const struct place *p, struct buf *spki)
{
	CK_OBJECT_HANDLE key;
	size_t n = 0;

	if (!p->nth && (p->public || p->private))
		TRY(cryptoki_find(c, p->public ? CKO_PUBLIC_KEY : CKO_PRIVATE_KEY, place_id(p), &key, 1, &n));
	if (n && !ok(cryptoki_spki(c, key, spki)))
		*spki = (struct buf){ spki->p, 0, spki->cap, false };
	return c->r.lost ? FAIL(BAD_REPLY) : OK;
}

static err put_place(struct cryptoki *c, struct place *p, struct buf *keys)
{
	uint8_t room[1024];
	struct buf spki = BUF(room);

	TRY(put_spki(c, p, &spki));
	struct KeyRec_in rec = {
		.slot = p->slot, .id = place_id(p), .label = { p->label, p->label_n }, .spki = buf_span(&spki),
		.flags = (p->cert ? KEY_HAS_CERT : 0u) | (has_key(c, p) ? KEY_HAS_KEY : 0u) |
			(p->always ? KEY_PIN_ALWAYS : 0u),
	};
	if (rec.flags & (KEY_HAS_CERT | KEY_HAS_KEY))
		KeyRec_put_in(keys, &rec);
	return OK;
}

err cryptoki_list(struct token *t, struct buf *keys, bool *whole)
{
	struct cryptoki *c = cryptoki_of(t);

	*whole = c->logged_in || !(c->info.flags & CKF_LOGIN_REQUIRED);
	err e = survey(c);
	for (size_t i = 0; ok(e) && i < c->n; i++)
		e = put_place(c, &c->places[i], keys);
	return e;
}

err cryptoki_cert(struct token *t, uint32_t slot, uint32_t most, struct buf *der)
{
	struct cryptoki *c = cryptoki_of(t);
	CK_OBJECT_HANDLE found[OBJECTS_MAX];
	struct place *p;
	size_t n;

	(void)most;			/* a module reads all of it or nothing */
	TRY(cryptoki_place(c, slot, &p));
	TRY(cryptoki_find(c, CKO_CERTIFICATE, place_id(p), found, OBJECTS_MAX, &n));
	return p->nth < n ? cryptoki_attr(c, found[p->nth], CKA_VALUE, der) : FAIL(NOT_FOUND);
}
