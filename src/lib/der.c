/* DER in and out. */
#include "config.h"
#include "der.h"

static const uint8_t oid_rsa[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01 };
static const uint8_t oid_ec[]  = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01 };

enum { INTEGER = 0x02, BIT_STRING = 0x03, OCTET_STRING = 0x04, NULL_ = 0x05, OID = 0x06, SEQUENCE = 0x30 };

struct span der_trim(struct span v)
{
	while (v.n > 1 && v.p[0] == 0)
		v.p++, v.n--;
	return v;
}

/* The next element whole, tag and length included; SPAN_NONE and a bad cursor where there is none. */
static struct span whole(struct cur *c, uint32_t tag)
{
	const uint8_t *start = c->p;
	struct cur v = tlv_want(c, tag);

	return v.bad ? SPAN_NONE : (struct span){ start, (size_t)(c->p - start) };
}

static bool spki_rsa(struct cur *bits, struct spki *out)
{
	struct cur key = tlv_want(bits, SEQUENCE);

	out->n = der_trim(tlv_bytes(&key, INTEGER));
	out->e = der_trim(tlv_bytes(&key, INTEGER));
	return cur_done(&key) && cur_done(bits) && out->n.n && out->e.n;
}

static bool spki_ec(struct cur *alg, struct cur *bits, struct spki *out)
{
	out->curve = whole(alg, OID);
	out->point = cur_rest(bits);
	return !alg->bad && out->point.n >= 3 && out->point.n % 2 == 1 && out->point.p[0] == 0x04;
}

err der_spki(struct span der, struct spki *out)
{
	struct cur c = cur_of(der);
	struct cur info = tlv_want(&c, SEQUENCE);
	struct cur alg = tlv_want(&info, SEQUENCE);
	struct span oid = tlv_bytes(&alg, OID);
	struct cur bits = tlv_want(&info, BIT_STRING);
	bool good;

	*out = (struct spki){ 0 };
	if (cur_u8(&bits) != 0 || !cur_done(&info) || !cur_done(&c) || alg.bad)
		return FAIL(BAD_REPLY);
	if (span_eq(oid, SPAN_OF(oid_rsa))) {
		out->kind = KEY_RSA;
		good = spki_rsa(&bits, out);
	} else {
		out->kind = KEY_EC;
		good = span_eq(oid, SPAN_OF(oid_ec)) && spki_ec(&alg, &bits, out);
	}
	return good ? OK : FAIL(BAD_REPLY);
}

void der_put_uint(struct buf *b, struct span v)
{
	v = der_trim(v);
	TLV(b, INTEGER) {
		if (v.n == 0 || v.p[0] & 0x80)
			buf_be(b, 0, 1);
		buf_put(b, v);
	}
}

void der_put_spki(struct buf *b, const struct spki *key)
{
	TLV(b, SEQUENCE) {
		TLV(b, SEQUENCE) {
			tlv_put(b, OID, key->kind == KEY_RSA ? SPAN_OF(oid_rsa) : SPAN_OF(oid_ec));
			if (key->kind == KEY_RSA)
				tlv_put(b, NULL_, SPAN_NONE);
			else
				buf_put(b, key->curve);
		}
		TLV(b, BIT_STRING) {
			buf_be(b, 0, 1);
			if (key->kind == KEY_EC)
				buf_put(b, key->point);
			else
				TLV(b, SEQUENCE) {
					der_put_uint(b, key->n);
					der_put_uint(b, key->e);
				}
		}
	}
}

err der_cert(struct span der, struct cert_parts *out)
{
	struct cur c = cur_of(der), skip;
	struct cur cert = tlv_want(&c, SEQUENCE);
	struct cur tbs = tlv_want(&cert, SEQUENCE);

	if (tlv_peek(&tbs) == 0xA0)		/* version */
		tlv_next(&tbs, &skip);
	out->serial = whole(&tbs, INTEGER);
	whole(&tbs, SEQUENCE);			/* signature algorithm */
	out->issuer = whole(&tbs, SEQUENCE);
	struct cur validity = tlv_want(&tbs, SEQUENCE);
	uint32_t tag = tlv_peek(&validity);
	out->not_before = whole(&validity, tag);
	tag = tlv_peek(&validity);
	out->not_after = whole(&validity, tag);
	out->subject = whole(&tbs, SEQUENCE);
	out->spki = whole(&tbs, SEQUENCE);
	return tbs.bad || !cur_done(&validity) || !cur_done(&c) ? FAIL(BAD_REPLY) : OK;
}

size_t der_length(struct span s)
{
	struct cur c = cur_of(s), value;

	tlv_next(&c, &value);
	return c.bad ? 0 : (size_t)(c.p - s.p);
}

static void put_half(struct buf *raw, struct span v, size_t half)
{
	v = der_trim(v);
	if (v.n > half || v.n == 0)
		raw->bad = true;
	else
		buf_fill(raw, 0, half - v.n);
	buf_put(raw, v);
}

err der_ecdsa_raw(struct span der, size_t half, struct buf *raw)
{
	struct cur c = cur_of(der);
	struct cur sig = tlv_want(&c, SEQUENCE);

	put_half(raw, tlv_bytes(&sig, INTEGER), half);
	put_half(raw, tlv_bytes(&sig, INTEGER), half);
	return cur_done(&sig) && cur_done(&c) && !raw->bad ? OK : FAIL(BAD_REPLY);
}

void der_put_ecdsa(struct buf *b, struct span raw)
{
	TLV(b, SEQUENCE) {
		der_put_uint(b, (struct span){ raw.p, raw.n / 2 });
		der_put_uint(b, (struct span){ raw.p + raw.n / 2, raw.n - raw.n / 2 });
	}
}
