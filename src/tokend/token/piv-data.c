/* PIV's data objects and the certificates in them. */
#include "config.h"
#include <zlib.h>
#include "piv.h"

enum {
	INS_GET = 0xCB, INS_PUT = 0xDB,
	CERT = 0x70, CERT_INFO = 0x71, ERROR_DETECTION = 0xFE,
	INFO_GZIP = 1,				/* part 1, table 10 */
	FRONT_HEAD = 8				/* 53 82 xx xx 70 82 xx xx */
};

/* The command's list of tags: one (3.1.2, table 6). */
static void put_tag(struct buf *b, uint32_t object)
{
	TLV(b, 0x5C)
		buf_be(b, object, object > 0xFFFF ? 3 : object > 0xFF ? 2 : 1);
}

err piv_get(struct token *t, uint32_t object, bool hot, struct span *value)
{
	APDU(get, INS_GET, 0x3F, 0xFF, LONG_ANSWER);
	struct cur r;

	get.hot = hot;
	put_tag(&get.data, object);
	TRY(card_do(t->card, &get, &r));
	*value = tlv_bytes(&r, 0x53);
	if (!cur_done(&r))
		return FAIL(BAD_REPLY);
	return value->n ? OK : FAIL(NOT_FOUND);
}

err piv_put(struct token *t, uint32_t object, bool hot, struct span value)
{
	APDU(put, INS_PUT, 0x3F, 0xFF, NO_ANSWER);
	struct cur r;

	if (value.n > PIV_OBJECT_MAX)
		return FAIL(TOKEN_FULL);
	put.hot = hot;
	put_tag(&put.data, object);
	tlv_put(&put.data, 0x53, value);
	err e = card_do(t->card, &put, &r);
	if (e.code == E_PIN_NEEDED)
		return (err){ E_TOKEN_WRITE_PROTECTED, e.sw };
	return e.code == E_DATA_LENGTH ? (err){ E_TOKEN_FULL, e.sw } : e;
}

/* --- certificates ---------------------------------------------------------------------------- */
static err unzip(struct span packed, struct buf *out)
{
	enum { ANY_WRAPPING = 15 + 32 };
	z_stream z = { .next_in = (Bytef *)(uintptr_t)packed.p, .avail_in = (uInt)packed.n,
		.next_out = out->p + out->n, .avail_out = (uInt)buf_room(out) };

	if (inflateInit2(&z, ANY_WRAPPING) != Z_OK)
		return FAIL(QUOTA);
	int rv = inflate(&z, Z_FINISH);
	buf_grow(out, z.total_out);
	inflateEnd(&z);
	return rv == Z_STREAM_END ? OK : FAIL(BAD_REPLY);
}

/* Table 10: the certificate, how it is stored, an error detection code that nobody uses. */
static err put_cert(struct span value, struct buf *der)
{
	struct cur c = cur_of(value);
	struct span stored = tlv_bytes(&c, CERT);
	struct cur info = tlv_find(&c, CERT_INFO);
	size_t begin = der->n;

	if (stored.p == NULL)
		return FAIL(BAD_REPLY);
	if (stored.n == 0)
		return FAIL(NOT_FOUND);
	if (cur_u8(&info) & INFO_GZIP)
		TRY(unzip(stored, der));
	else
		buf_put(der, stored);
	size_t n = der->bad ? 0 : der_length((struct span){ der->p + begin, der->n - begin });
	if (n == 0)
		return FAIL(BAD_REPLY);
	der->n = begin + n;		/* some issuers pad */
	return OK;
}

err piv_cert_object(struct token *t, uint32_t object, struct buf *der)
{
	struct span value;

	TRY(piv_get(t, object, false, &value));
	return put_cert(value, der);
}

/* A length as TLV writes it, of a value that is not whole. */
static size_t length_of(struct cur *c)
{
	size_t n = cur_u8(c);

	return n < 0x80 ? n : n > 0x80 && n <= 0x83 ? (size_t)cur_be(c, (unsigned)n - 0x80) : 0;
}

/* What one short reply brings of it. False where that is too little, or not the certificate itself. */
static bool front_of(struct cur r, uint32_t most, struct buf *der)
{
	bool object = cur_u8(&r) == 0x53 && length_of(&r) > 0;
	bool cert = cur_u8(&r) == CERT;
	size_t whole = length_of(&r);
	struct span front = span_first(cur_rest(&r), whole);

	if (!object || !cert || front.n == 0 || front.p[0] != 0x30)
		return false;			/* not DER: packed */
	if (front.n < most && front.n < whole)
		return false;
	buf_put(der, front);
	return true;
}

/* The first 256 bytes of the object: one command, and what the card still holds is let lie. */
static err cert_front(struct token *t, uint32_t object, uint32_t most, struct buf *der, bool *got)
{
	APDU(get, INS_GET, 0x3F, 0xFF, LONG_ANSWER);
	struct cur r;

	get.front = true;
	put_tag(&get.data, object);
	TRY(card_do(t->card, &get, &r));
	if (cur_left(&r) <= 2)
		return FAIL(NOT_FOUND);
	*got = front_of(r, most, der);
	return OK;
}

err piv_cert(struct token *t, uint32_t ref, uint32_t most, struct buf *der)
{
	const struct piv_slot *slot = piv_slot(ref);
	bool got = false;

	if (!slot)
		return FAIL(NOT_FOUND);
	if (most && most <= 256 - FRONT_HEAD)
		TRY(cert_front(t, slot->object, most, der, &got));
	return got ? OK : piv_cert_object(t, slot->object, der);
}

static err put_object(struct token *t, uint32_t object, struct span der)
{
	uint8_t room[PIV_OBJECT_MAX];
	struct buf b = BUF(room);

	tlv_put(&b, CERT, der);
	tlv_put(&b, CERT_INFO, SPAN(0));
	tlv_put(&b, ERROR_DETECTION, SPAN_NONE);
	return b.bad ? FAIL(TOKEN_FULL) : piv_put(t, object, false, buf_span(&b));
}

/* The certificate goes, the key stays: it is shown by its public key from now on. */
static err remember_key(struct token *t, const struct piv_slot *slot, struct own_key *key)
{
	struct buf der = { t->store.p + t->store.n, 0, buf_room(&t->store), false };
	struct cert_parts parts;

	err e = piv_cert_object(t, slot->object, &der);
	if (ok(e))
		e = der_cert(buf_span(&der), &parts);
	if (e.code == E_NOT_FOUND || (e.code == E_BAD_REPLY && !t->card->reader->lost))
		return OK;			/* there is nothing to learn */
	TRY(e);
	key->spki = parts.spki;			/* in the job's store */
	buf_grow(&t->store, der.n);
	return OK;
}

static err cert_remove(struct token *t, const struct piv_slot *slot, struct own_keys *keys)
{
	struct own_key *key = own_key_find(keys, slot->ref);

	if (key && !(key->flags & OWN_KEY_NONE) && key->spki.n == 0)
		TRY(remember_key(t, slot, key));
	if (key) {
		key->flags &= (uint8_t)~OWN_KEY_HAS_CERT;
		TRY(piv_own_keys_write(t, keys));
	}
	return piv_put(t, slot->object, false, SPAN_NONE);
}

err piv_cert_write(struct token *t, uint32_t ref, struct span der)
{
	const struct piv_slot *slot = piv_slot(ref);
	uint8_t room[OWN_KEYS_MAX];
	struct buf b = BUF(room);
	struct own_keys keys;

	if (!slot)
		return FAIL(NOT_FOUND);
	TRY(piv_manage(t));
	err e = piv_own_keys(t, &b, &keys);
	if (!ok(e) && e.code != E_NOT_FOUND)
		return e;
	if (der.n == 0)
		return cert_remove(t, slot, &keys);
	TRY(put_object(t, slot->object, der));
	struct own_key *key = own_key_make(&keys, ref);
	if (!key)
		return OK;
	key->flags |= OWN_KEY_HAS_CERT;
	key->spki = SPAN_NONE;			/* it is in the certificate now */
	return piv_own_keys_write(t, &keys);
}

/* --- any other object ------------------------------------------------------------------------ */
/* Not through here: what the driver itself keeps, and what holds the management key. */
static bool forbidden(uint32_t object)
{
	return object == PIV_PRINTED || object == OWN_LABEL_OBJECT || object == OWN_KEYS_OBJECT ||
		object == PIV_ADMIN_DATA;
}

err piv_data_read(struct token *t, uint32_t object, struct buf *out)
{
	struct span value;

	if (forbidden(object))
		return FAIL(NOT_FOUND);
	TRY(piv_get(t, object, false, &value));
	buf_put(out, value);
	return OK;
}

/* Notes whether one of the places for data objects is taken. */
static err note_place(struct token *t, uint32_t object, bool taken)
{
	uint16_t bit = (uint16_t)(1u << (object - DATA_FIRST));
	uint8_t room[OWN_KEYS_MAX];
	struct buf b = BUF(room);
	struct own_keys keys;

	err e = piv_own_keys(t, &b, &keys);
	if (e.code == E_NOT_FOUND)
		keys = (struct own_keys){ 0 };
	else
		TRY(e);
	uint16_t places = (uint16_t)(taken ? keys.places | bit : keys.places & ~bit);
	if (places == keys.places)
		return OK;
	keys.places = places;
	return piv_own_keys_write(t, &keys);
}

/* A place is noted after it was filled and before it is emptied: a cut in between leaves at worst bytes
 * that nobody is shown. */
static err data_place(struct token *t, uint32_t object, struct span value)
{
	if (!value.n)
		TRY(note_place(t, object, false));
	TRY(piv_put(t, object, false, value));
	return value.n ? note_place(t, object, true) : OK;
}

err piv_data_write(struct token *t, uint32_t object, struct span value)
{
	if (forbidden(object))
		return FAIL(ACTION_PROHIBITED);
	TRY(piv_manage(t));
	if (object >= DATA_FIRST && object <= DATA_LAST)
		return data_place(t, object, value);
	return piv_put(t, object, false, value);
}
