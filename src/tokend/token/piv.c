/* PIV tokens: what a card is, and the driver's table. */
#include "config.h"
#include <openssl/evp.h>
#include <stdio.h>
#include "piv.h"

enum {
	INS_VERSION = 0xFD, INS_SERIAL = 0xF8,		/* Yubico's */
	FIRMWARE_ATTEST = 0x040300, FIRMWARE_METADATA = 0x050300,
	PIN_MIN = 6, PIN_MAX = 8,
	GUID = 16, HASH_SHOWN = 8
};

const struct piv_slot piv_slots[] = {
#define PIV_SLOT(ref, object, policy) { ref, object, POLICY_##policy },
#include "piv-slots.def"
#undef PIV_SLOT
};
const size_t piv_slots_n = sizeof piv_slots / sizeof piv_slots[0];

static const struct piv_alg algs[] = {
#define PIV_ALG(alg, id, kind, bytes, firmware, plain) { ALG_##alg, id, kind, bytes, firmware, plain },
#include "piv-algs.def"
#undef PIV_ALG
};
enum { ALGS = sizeof algs / sizeof algs[0] };

const struct piv_slot *piv_slot(uint32_t ref)
{
	for (size_t i = 0; i < piv_slots_n; i++)
		if (piv_slots[i].ref == ref)
			return &piv_slots[i];
	return NULL;
}

const struct piv_alg *piv_alg(uint32_t alg)
{
	for (size_t i = 0; i < ALGS; i++)
		if (algs[i].alg == alg)
			return &algs[i];
	return NULL;
}

const struct piv_alg *piv_alg_of_id(uint8_t id)
{
	for (size_t i = 0; i < ALGS; i++)
		if (algs[i].id == id)
			return &algs[i];
	return NULL;
}

/* A copy in the job's store. */
static struct span keep(struct token *t, struct span s)
{
	size_t at = t->store.n;

	buf_put(&t->store, s);
	return t->store.bad ? SPAN_NONE : (struct span){ t->store.p + at, s.n };
}

static struct span keep_hex(struct token *t, struct span s)
{
	size_t at = t->store.n;

	for (size_t i = 0; i < s.n; i++) {
		char two[3];
		snprintf(two, sizeof two, "%02X", s.p[i]);
		buf_str(&t->store, two);
	}
	return t->store.bad ? SPAN_NONE : (struct span){ t->store.p + at, 2 * s.n };
}

/* --- who the card is ------------------------------------------------------------------------- */
/* Yubico's serial number, in decimal. */
static err yubico_serial(struct token *t, struct span *serial)
{
	APDU(get, INS_SERIAL, 0, 0, SHORT_ANSWER);
	struct cur r;
	char text[12];

	TRY(card_do(t->card, &get, &r));
	unsigned number = cur_u32(&r);
	if (!cur_done(&r))
		return FAIL(BAD_REPLY);
	snprintf(text, sizeof text, "%u", number);
	*serial = keep(t, span_str(text));
	piv_of(t)->yubico = true;
	return OK;
}

/* The GUID in the card holder unique identifier (part 1, table 9), where it is not all zero. */
static err guid_serial(struct token *t, struct span *serial)
{
	static const uint8_t none[GUID];
	struct span value;

	TRY(piv_get(t, PIV_CHUID, false, &value));
	struct cur c = cur_of(value);
	struct cur v = tlv_find(&c, 0x34);
	struct span guid = cur_rest(&v);
	if (guid.n != GUID || span_eq(guid, SPAN_OF(none)))
		return FAIL(NOT_FOUND);
	*serial = keep_hex(t, guid);
	return OK;
}

/* What there is: the ATR and SELECT's answer, the same for all cards of a batch. */
static err hash_serial(struct token *t, struct span *serial)
{
	uint8_t room[ATR_MAX + sizeof ((struct piv *)0)->apt], md[EVP_MAX_MD_SIZE];
	struct buf b = BUF(room);
	struct reader *r = t->card->reader;

	buf_put(&b, (struct span){ r->atr, r->atr_n });
	buf_put(&b, (struct span){ piv_of(t)->apt, piv_of(t)->apt_n });
	if (b.bad || EVP_Digest(b.p, b.n, md, NULL, EVP_sha256(), NULL) != 1)
		return FAIL(GENERAL);
	*serial = keep_hex(t, (struct span){ md, HASH_SHOWN });
	return OK;
}

/* A refusal by the card (it has a status word) is no failure here: ask for the next best thing. What the
 * reader says is one. */
static bool refused(err e) { return !ok(e) && (e.sw || e.code == E_NOT_FOUND || e.code == E_BAD_REPLY); }

static err find_serial(struct token *t, struct span *serial)
{
	err e = yubico_serial(t, serial);

	if (refused(e) && !t->card->reader->lost)
		e = guid_serial(t, serial);
	if (refused(e) && !t->card->reader->lost)
		e = hash_serial(t, serial);
	return e;
}

/* Yubico's version; a card that refuses the command is not theirs. */
static err find_firmware(struct token *t)
{
	APDU(get, INS_VERSION, 0, 0, SHORT_ANSWER);
	struct piv *p = piv_of(t);
	struct cur r;

	err e = card_do(t->card, &get, &r);
	if (refused(e))
		return OK;
	TRY(e);
	p->firmware = (uint32_t)cur_be(&r, 3);
	p->yubico = cur_done(&r);
	return OK;
}

/* Our label object: whether the token was set up by us, and what we noted then. */
static err find_own(struct token *t)
{
	struct piv *p = piv_of(t);
	struct own_label own;
	struct span value;
	struct buf label = BUF(p->label);

	err e = piv_get(t, OWN_LABEL_OBJECT, false, &value);
	if (ok(e))
		e = own_label_get(value, &own);
	if (refused(e)) {
		p->own = false;
		p->no_own = e.sw && e.code != E_NOT_FOUND;
		return OK;
	}
	TRY(e);
	buf_put(&label, own.label);
	p->label_n = label.n;
	p->own = true;
	p->own_flags = own.flags;
	p->manage_alg = own.manage_alg;
	p->firmware = own.firmware;
	p->yubico = p->yubico || own.firmware;
	return OK;
}

err piv_learn(struct token *t)
{
	struct piv *p = piv_of(t);

	if (p->learned)
		return OK;
	TRY(find_own(t));
	if (!p->own || (p->yubico && !p->firmware))
		TRY(find_firmware(t));
	p->learned = true;
	return OK;
}

/* --- CardOpen -------------------------------------------------------------------------------- */
static uint32_t known_algs(const struct piv *p)
{
	uint32_t bits = 0;

	if (!p->yubico && p->card_algs)
		return p->card_algs;
	for (size_t i = 0; i < ALGS; i++)
		if (algs[i].plain || (p->yubico && p->firmware >= algs[i].firmware))
			bits |= 1u << algs[i].alg;
	return bits;
}

static uint32_t known_flags(const struct piv *p)
{
	uint32_t flags = 0;

	if (p->own)
		flags |= p->own_flags & OWN_BEGUN ? TOKEN_INIT_BEGUN : TOKEN_INITIALIZED;
	if (p->own_flags & OWN_PIN_TO_CHANGE)
		flags |= TOKEN_PIN_TO_CHANGE;
	if (p->own_flags & OWN_PIN_UNSET)
		flags |= TOKEN_PIN_UNSET;
	if (p->own || p->yubico)
		flags |= TOKEN_CAN_GENERATE;
	if (p->yubico)
		flags |= TOKEN_CAN_RESET;
	if (p->firmware >= FIRMWARE_ATTEST)
		flags |= TOKEN_CAN_ATTEST;
	if (p->no_own)
		flags |= TOKEN_NO_OWN_OBJECTS;
	return flags;
}

/* On a token that we did not set up, or not wholly: which secrets are the factory's, how many tries has the
 * PUK? (On ours the first is known, and the second is not worth a command at each start.) */
static err look_closer(struct token *t, struct CardOpen_out *out)
{
	static const struct { uint8_t ref; uint32_t flag; } secrets[] = {
		{ REF_MANAGE, TOKEN_MANAGEMENT_DEFAULT },
		{ REF_PUK, TOKEN_PUK_DEFAULT }, { REF_PIN, TOKEN_PIN_DEFAULT },
	};
	struct piv_metadata m;

	if (piv_of(t)->firmware < FIRMWARE_METADATA)
		return OK;
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
		err e = piv_metadata(t, secrets[i].ref, &m);
		if (!ok(e))
			return refused(e) ? OK : e;
		if (m.is_default)
			out->flags |= secrets[i].flag;
		if (secrets[i].ref == REF_PUK && m.total)
			out->puk_tries = m.left;
	}
	return OK;
}

static err describe(struct token *t, struct CardOpen_out *out)
{
	struct piv *p = piv_of(t);

	TRY(piv_learn(t));
	out->label = keep(t, (struct span){ p->label, p->label_n });
	out->firmware = p->firmware;
	out->flags = known_flags(p);
	out->algs = known_algs(p);
	return out->flags & TOKEN_INITIALIZED ? OK : look_closer(t, out);
}

/* Is it one of the zero-ended serials? */
static bool is_known(struct span known, struct span serial)
{
	struct cur c = cur_of(known);

	while (cur_left(&c)) {
		const uint8_t *start = c.p;
		while (cur_left(&c) && *c.p)
			cur_u8(&c);
		if (span_eq((struct span){ start, (size_t)(c.p - start) }, serial))
			return true;
		cur_u8(&c);
	}
	return false;
}

static err identify(struct token *t, struct span known, struct CardOpen_out *out)
{
	uint8_t tries;

	TRY(find_serial(t, &out->serial));
	out->pin_min = PIN_MIN;
	out->pin_max = PIN_MAX;
	out->puk_tries = TRIES_UNKNOWN;
	if (!is_known(known, out->serial))
		TRY(describe(t, out));
	out->manufacturer = span_str(piv_of(t)->yubico ? "Yubico" : "");
	out->model = span_str(piv_of(t)->yubico ? "YubiKey PIV" : "PIV");
	TRY(piv_tries(t, &tries));
	t->tries = tries;
	out->pin_tries = tries;
	return t->store.bad ? FAIL(BAD_REPLY) : OK;
}

const struct driver driver_piv = {
	.name = "piv", .state = sizeof(struct piv),
	.select = piv_select, .identify = identify,
	.tries = piv_tries, .puk_tries = piv_puk_tries,
	.pin_check = piv_pin_check, .verify = piv_verify, .forget = piv_forget,
	.prove = piv_prove, .pin_change = piv_pin_change, .pin_unblock = piv_pin_give,
	.list = piv_list, .cert = piv_cert, .data_read = piv_data_read, .use = piv_use,
	.attest = piv_attest, .generate = piv_generate, .cert_write = piv_cert_write,
	.key_destroy = piv_key_destroy, .key_name = piv_key_name, .data_write = piv_data_write,
	.init = piv_init,
};
