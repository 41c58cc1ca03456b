/* Private keys behind a module: one use of a key, and a new key pair. */
#include "config.h"
#include <openssl/rand.h>
#include "cryptoki.h"

enum { BLOCK_MAX = 512, POINT_MAX = 133, POLICY_ALWAYS = 3, RSA_BITS_STEP = 1024, OWN_MAX = 8 };

/* --- which key ----------------------------------------------------------------------------------- */
static err find_key(struct cryptoki *c, uint32_t slot, CK_OBJECT_HANDLE *key)
{
	struct place *p;
	size_t n;

	TRY(cryptoki_place(c, slot, &p));
	TRY(cryptoki_find(c, CKO_PRIVATE_KEY, (struct span){ p->id, p->id_n }, key, 1, &n));
	return n ? OK : FAIL(KEY_NOT_FOUND);
}

/* A key that always authenticates takes its PIN between the beginning and the end of the operation
 * (PKCS#11 2.2, CKA_ALWAYS_AUTHENTICATE). */
static err authorise(struct cryptoki *c, CK_OBJECT_HANDLE key, const struct CardUse_in *in)
{
	if (!cryptoki_flag(c, key, CKA_ALWAYS_AUTHENTICATE))
		return OK;
	if (in->pin.n == 0)
		return FAIL(PIN_NEEDED);
	CK_RV rv = c->f->C_Login(c->session, CKU_CONTEXT_SPECIFIC, cryptoki_pin(&in->pin), in->pin.n);
	cryptoki_sweep();
	/* the card was asked with this PIN a moment ago: a module without context logins has what it needs */
	bool knows_none = rv == CKR_USER_TYPE_INVALID || rv == CKR_FUNCTION_NOT_SUPPORTED ||
		rv == CKR_OPERATION_NOT_INITIALIZED;
	return knows_none ? OK : cryptoki_err(c, "C_Login for one operation", rv);
}

/* --- one use ------------------------------------------------------------------------------------- */
typedef CK_RV begins(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE);
typedef CK_RV ends(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR);

static err operate(struct cryptoki *c, bool decrypt, CK_MECHANISM_TYPE type, const struct CardUse_in *use,
	struct span in, struct buf *out)
{
	begins *begin = decrypt ? c->f->C_DecryptInit : c->f->C_SignInit;
	ends *end = decrypt ? c->f->C_Decrypt : c->f->C_Sign;
	uint8_t room[BLOCK_MAX * 2];
	CK_ULONG n = sizeof room;
	CK_MECHANISM mech = { type, NULL, 0 };
	CK_OBJECT_HANDLE key;

	TRY(find_key(c, use->slot, &key));
	TRY(cryptoki_err(c, decrypt ? "C_DecryptInit" : "C_SignInit", begin(c->session, &mech, key)));
	err e = authorise(c, key, use);
	if (!ok(e)) {
		err again = cryptoki_reopen(c);		/* 2.40 ends an operation in no other way */
		return ok(again) ? e : again;
	}
	CK_RV rv = end(c->session, (CK_BYTE_PTR)(uintptr_t)in.p, in.n, room, &n);
	e = cryptoki_err(c, decrypt ? "C_Decrypt" : "C_Sign", rv);
	if (ok(e) && n > sizeof room)
		e = FAIL(BAD_REPLY);
	if (ok(e))
		buf_put(out, (struct span){ room, n });
	wipe(room, sizeof room);
	return ok(e) && out->bad ? FAIL(BAD_REPLY) : e;
}

/* 00 01 FF... 00 and the rest (RFC 8017, 9.2)? */
static bool unpad_signature(struct span block, struct span *inner)
{
	struct cur c = cur_of(block);

	if (cur_u8(&c) != 0 || cur_u8(&c) != 1)
		return false;
	while (cur_left(&c) && *c.p == 0xFF)
		cur_u8(&c);
	if (cur_left(&c) == 0 || cur_u8(&c) != 0)
		return false;
	*inner = cur_rest(&c);
	return true;
}

/* What the module unpadded is padded again (RFC 8017, 7.2.1), as the broker wants a raw result. */
static err pad_again(struct span message, size_t size, struct buf *out)
{
	if (message.n + 11 > size)
		return FAIL(BAD_REPLY);
	buf_put(out, SPAN(0x00, 0x02));
	buf_fill(out, 0xA5, size - message.n - 3);
	buf_be(out, 0, 1);
	buf_put(out, message);
	return out->bad ? FAIL(BAD_REPLY) : OK;
}

static err rsa_plain(struct cryptoki *c, const struct CardUse_in *in, struct buf *out)
{
	uint8_t room[BLOCK_MAX];
	struct buf message = BUF(room);
	struct span inner;

	if (!in->decrypt)
		return unpad_signature(in->in, &inner) ? operate(c, false, CKM_RSA_PKCS, in, inner, out)
			: FAIL(MECH_INVALID);
	err e = operate(c, true, CKM_RSA_PKCS, in, in->in, &message);
	if (ok(e))
		e = pad_again(buf_span(&message), in->in.n, out);
	wipe(room, sizeof room);
	return e;
}

/* Raw RSA; a result that lost its leading zeros gets them back. */
static err rsa_raw(struct cryptoki *c, bool decrypt, const struct CardUse_in *in, struct buf *out)
{
	uint8_t room[BLOCK_MAX];
	struct buf got = BUF(room);

	err e = operate(c, decrypt, CKM_RSA_X_509, in, in->in, &got);
	if (ok(e) && got.n > in->in.n)
		e = FAIL(BAD_REPLY);
	if (ok(e)) {
		buf_fill(out, 0, in->in.n - got.n);
		buf_put(out, buf_span(&got));
	}
	wipe(room, sizeof room);
	return e;
}

/* A key that may only sign, or only decrypt, does the same sum either way. */
static bool is_other_way(err e) { return e.code == E_KEY_FUNCTION || e.code == E_KEY_TYPE; }

static err rsa(struct cryptoki *c, const struct CardUse_in *in, struct buf *out)
{
	CK_MECHANISM_INFO raw, plain;
	struct span inner;

	if (in->in.n == 0 || in->in.n > BLOCK_MAX)
		return FAIL(DATA_LENGTH);
	bool has_raw = cryptoki_mech(c, CKM_RSA_X_509, &raw);
	bool has_plain = cryptoki_mech(c, CKM_RSA_PKCS, &plain);
	/* PKCS#1 is what every card does; raw is for all else */
	if (has_plain && (!has_raw || (!in->decrypt && unpad_signature(in->in, &inner)))) {
		err e = rsa_plain(c, in, out);
		if (ok(e) || !has_raw || !is_other_way(e))
			return e;
	}
	if (!has_raw)
		return FAIL(MECH_INVALID);
	err e = rsa_raw(c, in->decrypt, in, out);
	return is_other_way(e) ? rsa_raw(c, !in->decrypt, in, out) : e;
}

static err ec_sign(struct cryptoki *c, const struct CardUse_in *in, struct buf *out)
{
	size_t half = in->alg == ALG_P256 ? 32 : in->alg == ALG_P384 ? 48 : 0, at = out->n;

	if (!half || in->in.n == 0)
		return FAIL(KEY_TYPE);
	TRY(operate(c, false, CKM_ECDSA, in, in->in, out));
	if (out->n - at == 2 * half)
		return OK;
	/* a module that gives the signature as X.509 has it */
	uint8_t room[160];
	struct buf der = BUF(room);
	buf_put(&der, (struct span){ out->p + at, out->n - at });
	out->n = at;
	return der.bad ? FAIL(BAD_REPLY) : der_ecdsa_raw(buf_span(&der), half, out);
}

static err ec_derive(struct cryptoki *c, const struct CardUse_in *in, struct buf *out)
{
	CK_ECDH1_DERIVE_PARAMS p = { .kdf = CKD_NULL, .ulPublicDataLen = in->in.n,
		.pPublicData = (CK_BYTE_PTR)(uintptr_t)in->in.p };
	CK_MECHANISM mech = { CKM_ECDH1_DERIVE, &p, sizeof p };
	CK_OBJECT_CLASS cls = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG size = in->alg == ALG_P256 ? 32 : 48;
	CK_ATTRIBUTE attrs[] = {
		{ CKA_CLASS, &cls, sizeof cls }, { CKA_KEY_TYPE, &type, sizeof type }, { CKA_TOKEN, &no, sizeof no },
		{ CKA_SENSITIVE, &no, sizeof no }, { CKA_EXTRACTABLE, &yes, sizeof yes },
		{ CKA_VALUE_LEN, &size, sizeof size },
	};
	CK_OBJECT_HANDLE key, made = CK_INVALID_HANDLE;

	if (in->in.n == 0 || in->in.n > POINT_MAX)
		return FAIL(MECH_PARAM);
	TRY(find_key(c, in->slot, &key));
	CK_RV rv = c->f->C_DeriveKey(c->session, &mech, key, attrs, sizeof attrs / sizeof attrs[0], &made);
	TRY(cryptoki_err(c, "C_DeriveKey", rv));
	err e = cryptoki_attr(c, made, CKA_VALUE, out);
	c->f->C_DestroyObject(c->session, made);
	return e;
}

err cryptoki_do(struct token *t, const struct CardUse_in *in, struct buf *out)
{
	struct cryptoki *c = cryptoki_of(t);
	size_t at = out->n;
	err e = in->prim == PRIM_RSA_PRIVATE ? rsa(c, in, out) : in->prim == PRIM_EC_SIGN ? ec_sign(c, in, out)
		: in->prim == PRIM_EC_DH ? ec_derive(c, in, out) : FAIL(NOT_SUPPORTED);

	if (!ok(e))
		out->n = at;
	t->verified = t->verified && c->logged_in;
	return e;
}

/* --- a new one ----------------------------------------------------------------------------------- */
static err destroy(struct cryptoki *c, const CK_OBJECT_HANDLE *o, size_t n)
{
	for (size_t i = 0; i < n; i++)
		TRY(cryptoki_err(c, "C_DestroyObject", c->f->C_DestroyObject(c->session, o[i])));
	return OK;
}

/* Every object of the id, of one class after the other. */
static err find_all(struct cryptoki *c, struct span id, bool certs, CK_OBJECT_HANDLE *out, size_t *n)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE };
	size_t got;

	*n = 0;
	for (size_t i = 0; i < (certs ? 3 : 2); i++) {
		TRY(cryptoki_find(c, classes[i], id, out + *n, OWN_MAX, &got));
		*n += got;
	}
	return OK;
}

static const uint8_t p256[] = { 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };
static const uint8_t p384[] = { 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22 };

static CK_ULONG bits_of(uint32_t alg)
{
	return alg == ALG_RSA1024 ? 1024 : alg == ALG_RSA2048 ? 2048 : alg == ALG_RSA3072 ? 3072 :
	       alg == ALG_RSA4096 ? 4096 : 0;
}

/* lean: only what every module must take. */
static CK_RV make_pair(struct cryptoki *c, const struct CardGenerate_in *in, struct span id, bool lean,
	CK_OBJECT_HANDLE pair[2])
{
	CK_ULONG bits = bits_of(in->alg);
	struct span curve = in->alg == ALG_P384 ? SPAN_OF(p384) : SPAN_OF(p256);
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE, always = in->pin_policy == POLICY_ALWAYS;
	CK_BYTE exponent[] = { 1, 0, 1 };
	void *label = (void *)(uintptr_t)in->label.p, *name = (void *)(uintptr_t)id.p;
	CK_MECHANISM mech = { bits ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE public[] = {
		{ CKA_TOKEN, &yes, 1 }, { CKA_ID, name, id.n }, { CKA_LABEL, label, in->label.n },
		bits ? (CK_ATTRIBUTE){ CKA_MODULUS_BITS, &bits, sizeof bits }
		     : (CK_ATTRIBUTE){ CKA_EC_PARAMS, (void *)(uintptr_t)curve.p, curve.n },
		bits ? (CK_ATTRIBUTE){ CKA_PUBLIC_EXPONENT, exponent, sizeof exponent }
		     : (CK_ATTRIBUTE){ CKA_VERIFY, &yes, 1 },
		{ CKA_VERIFY, &yes, 1 }, { CKA_PRIVATE, &no, 1 }, { CKA_ENCRYPT, &yes, 1 },
	}, private[] = {
		{ CKA_TOKEN, &yes, 1 }, { CKA_ID, name, id.n }, { CKA_LABEL, label, in->label.n },
		{ CKA_PRIVATE, &yes, 1 }, { CKA_SENSITIVE, &yes, 1 }, { CKA_SIGN, &yes, 1 },
		{ CKA_EXTRACTABLE, &no, 1 }, { bits ? CKA_DECRYPT : CKA_DERIVE, &yes, 1 },
		{ CKA_ALWAYS_AUTHENTICATE, &always, 1 },
	};
	CK_ULONG n_public = lean ? 5 : bits ? 8 : 7, n_private = lean ? 6 : always ? 9 : 8;

	return c->f->C_GenerateKeyPair(c->session, &mech, public, n_public, private, n_private, &pair[0], &pair[1]);
}

static bool is_template(CK_RV rv)
{
	return rv == CKR_TEMPLATE_INCONSISTENT || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_TEMPLATE_INCOMPLETE ||
		rv == CKR_ATTRIBUTE_VALUE_INVALID;
}

/* The old key of the slot goes when the new one is there, and its certificate with it. */
err cryptoki_generate(struct token *t, const struct CardGenerate_in *in, struct CardGenerate_out *out)
{
	struct cryptoki *c = cryptoki_of(t);
	CK_OBJECT_HANDLE old[3 * OWN_MAX], pair[2];
	uint8_t usual = keyslot_id(in->slot);
	struct span id = in->id.n ? in->id : (struct span){ &usual, 1 };
	size_t n, begin = t->store.n;

	if (in->touch_policy)
		return FAIL(NOT_SUPPORTED);
	if (id.n > ID_MAX || keyslot_of(id) != in->slot)
		return FAIL(ATTR_VALUE);
	TRY(find_all(c, id, true, old, &n));
	CK_RV rv = make_pair(c, in, id, false, pair);
	if (is_template(rv) && in->pin_policy != POLICY_ALWAYS)
		rv = make_pair(c, in, id, true, pair);
	TRY(cryptoki_err(c, "C_GenerateKeyPair", rv));
	c->n = 0;
	err e = cryptoki_spki(c, pair[0], &t->store);
	out->spki = (struct span){ t->store.p + begin, t->store.n - begin };
	return ok(e) ? destroy(c, old, n) : e;
}

/* --- certificates, names, the end ------------------------------------------------------------------ */
static CK_RV create_cert(struct cryptoki *c, const struct place *p, struct span der, const struct cert_parts *parts)
{
	CK_OBJECT_CLASS cls = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_OBJECT_HANDLE made;
	CK_ATTRIBUTE attrs[] = {
		{ CKA_CLASS, &cls, sizeof cls }, { CKA_CERTIFICATE_TYPE, &type, sizeof type },
		{ CKA_TOKEN, &yes, 1 }, { CKA_PRIVATE, &no, 1 },
		{ CKA_ID, (void *)(uintptr_t)p->id, p->id_n }, { CKA_LABEL, (void *)(uintptr_t)p->label, p->label_n },
		{ CKA_SUBJECT, (void *)(uintptr_t)parts->subject.p, parts->subject.n },
		{ CKA_ISSUER, (void *)(uintptr_t)parts->issuer.p, parts->issuer.n },
		{ CKA_SERIAL_NUMBER, (void *)(uintptr_t)parts->serial.p, parts->serial.n },
		{ CKA_VALUE, (void *)(uintptr_t)der.p, der.n },
	};

	return c->f->C_CreateObject(c->session, attrs, sizeof attrs / sizeof attrs[0], &made);
}

/* The new one is written before the old one goes: a power cut leaves two, not none. */
err cryptoki_cert_write(struct token *t, uint32_t slot, struct span der)
{
	struct cryptoki *c = cryptoki_of(t);
	CK_OBJECT_HANDLE old[OWN_MAX];
	struct cert_parts parts;
	struct place *p;
	size_t n;

	TRY(cryptoki_place(c, slot, &p));
	TRY(cryptoki_find(c, CKO_CERTIFICATE, (struct span){ p->id, p->id_n }, old, OWN_MAX, &n));
	unsigned nth = p->nth;		/* of several with one id this one alone */
	if (der.n) {
		TRY(der_cert(der, &parts));
		TRY(cryptoki_err(c, "C_CreateObject", create_cert(c, p, der, &parts)));
	}
	c->n = 0;
	if (nth < n)
		return destroy(c, old + nth, 1);
	return der.n ? OK : FAIL(NOT_FOUND);
}

/* Several private keys with one id: which of them is meant nobody could say. */
static err only_one(struct cryptoki *c, const struct place *p)
{
	CK_OBJECT_HANDLE found[OWN_MAX];
	size_t n;

	TRY(cryptoki_find(c, CKO_PRIVATE_KEY, (struct span){ p->id, p->id_n }, found, OWN_MAX, &n));
	if (n > 1)
		log_line(LOG_NOTICE, "slot=%02x: %zu private keys have its id; it is left as it is", p->slot, n);
	return n > 1 ? FAIL(ACTION_PROHIBITED) : OK;
}

err cryptoki_key_destroy(struct token *t, uint32_t slot)
{
	struct cryptoki *c = cryptoki_of(t);
	CK_OBJECT_HANDLE all[3 * OWN_MAX];
	struct place *p;
	size_t n;

	TRY(cryptoki_place(c, slot, &p));
	TRY(only_one(c, p));
	TRY(find_all(c, (struct span){ p->id, p->id_n }, false, all, &n));
	c->n = 0;
	return n ? destroy(c, all, n) : FAIL(KEY_NOT_FOUND);
}

/* The label of everything that goes by the id. The id itself stays: the key is found by it. */
err cryptoki_key_name(struct token *t, uint32_t slot, struct span id, struct span label)
{
	struct cryptoki *c = cryptoki_of(t);
	CK_ATTRIBUTE name = { CKA_LABEL, (void *)(uintptr_t)label.p, label.n };
	CK_OBJECT_HANDLE all[3 * OWN_MAX];
	struct place *p;
	size_t n;

	TRY(cryptoki_place(c, slot, &p));
	if (!span_eq(id, (struct span){ p->id, p->id_n }))
		return FAIL(ATTR_READ_ONLY);
	TRY(only_one(c, p));
	TRY(find_all(c, id, true, all, &n));
	c->n = 0;
	for (size_t i = 0; i < n; i++)
		TRY(cryptoki_err(c, "C_SetAttributeValue", c->f->C_SetAttributeValue(c->session, all[i], &name, 1)));
	return OK;
}
