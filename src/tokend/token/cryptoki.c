/* Tokens behind a PKCS#11 module: which they are, their PIN, and how they are opened and closed. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cryptoki.h"

enum { NO_LIMIT = 64 };

static const struct module *module;

void cryptoki_use(const struct module *m)
{
	module = m;
}

const struct module *cryptoki_used(void)
{
	return module;
}

/* --- answers ------------------------------------------------------------------------------------- */
err cryptoki_err(struct cryptoki *c, const char *function, CK_RV rv)
{
	static const struct { CK_RV rv; uint16_t code; } map[] = {
#define RV(rv, code) { rv, E_##code },
#include "cryptoki-errors.def"
#undef RV
	};

	if (rv == CKR_OK)
		return OK;
	log_line(LOG_INFO, "%s: 0x%lx", function, rv);
	for (size_t i = 0; i < sizeof map / sizeof map[0]; i++) {
		if (map[i].rv != rv)
			continue;
		/* another program reset the card or chose another application on it */
		bool logged_out = map[i].code == E_PIN_NEEDED && c && c->logged_in;
		if (map[i].code != E_SESSION_GONE && !logged_out)
			return (err){ map[i].code, 0 };
		if (logged_out)
			c->f->C_CloseAllSessions(c->slot);
		if (c) {		/* what held in it holds no more */
			c->open = c->logged_in = false;
			c->r.lost = true;
		}
		return FAIL(BAD_REPLY);
	}
	return FAIL(TOKEN_REFUSED);
}

err cryptoki_info(struct cryptoki *c)
{
	return cryptoki_err(c, "C_GetTokenInfo", c->f->C_GetTokenInfo(c->slot, &c->info));
}

bool cryptoki_mech(struct cryptoki *c, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	*info = (CK_MECHANISM_INFO){ 0 };
	return c->f->C_GetMechanismInfo(c->slot, type, info) == CKR_OK;
}

/* --- what stands for a reader: a session with the token ------------------------------------------- */
static err transmit(struct reader *r, struct span command, struct buf *reply)
{
	(void)r, (void)command, (void)reply;
	return FAIL(NOT_SUPPORTED);
}

static err begin(struct reader *r)
{
	struct cryptoki *c = (struct cryptoki *)r;

	c->r.lost = false;
	if (c->open)
		return OK;
	TRY(cryptoki_info(c));
	if (!(c->info.flags & CKF_TOKEN_INITIALIZED))
		return OK;		/* there is nothing to have a session with yet */
	CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
	CK_RV rv = c->f->C_OpenSession(c->slot, flags, NULL, NULL, &c->session);
	if (rv == CKR_TOKEN_WRITE_PROTECTED)
		rv = c->f->C_OpenSession(c->slot, CKF_SERIAL_SESSION, NULL, NULL, &c->session);
	c->logged_in = false;
	TRY(cryptoki_err(c, "C_OpenSession", rv));
	c->open = true;
	return OK;
}

err cryptoki_reopen(struct cryptoki *c)
{
	if (c->open)
		c->f->C_CloseSession(c->session);
	c->open = false;
	return begin(&c->r);
}

/* Whatever the module left open at the card a reset closes. It needs a handle of its own, since modules tell nobody
 * theirs; and it is open all the time, so that nobody who waits for the card gets in between the module's logout
 * and the reset (to connect takes longer than waiting programs sleep). */
static err reset_card(struct cryptoki *c)
{
	if (!c->closer)
		return OK;
	TRY(c->closer->begin(c->closer));
	return c->closer->end(c->closer, END_RESET);
}

static void logout(struct cryptoki *c)
{
	if (c->logged_in)
		c->f->C_Logout(c->session);
	c->logged_in = false;
}

/* The session stays where nothing was proven in it: a new one would cost commands. */
static err end(struct reader *r, enum ending how)
{
	struct cryptoki *c = (struct cryptoki *)r;

	if (how == END_LEAVE && !c->logged_in)
		return OK;
	logout(c);
	c->f->C_CloseAllSessions(c->slot);
	c->open = false;
	cryptoki_sweep();
	return how == END_RESET ? reset_card(c) : OK;
}

static void close_module(struct reader *r)
{
	struct cryptoki *c = (struct cryptoki *)r;
	bool used = c->logged_in;

	logout(c);
	if (c->open)
		c->f->C_CloseAllSessions(c->slot);
	c->open = false;
	if (used && !ok(reset_card(c)))
		log_line(LOG_INFO, "the card could not be reset");
	if (c->closer)
		c->closer->close(c->closer);
	free(c);
}

err cryptoki_open(struct span name, struct reader **out)
{
	struct cryptoki *c = calloc(1, sizeof *c);

	if (!c || !reader_name(name, c->name, sizeof c->name)) {
		free(c);
		return FAIL(NO_TOKEN);
	}
	c->part = module->part;
	err e = cryptoki_load(module, c->name);
	c->r = (struct reader){ .transmit = transmit, .begin = begin, .end = end, .close = close_module,
		.cryptoki = true };
	c->f = cryptoki_functions();
	if (ok(e))
		e = cryptoki_find_slot(c);
	if (ok(e) && c->pcsc)
		e = reader_open_pcsc(span_str(c->name), &c->closer);
	if (!ok(e)) {
		free(c);
		return e;
	}
	*out = &c->r;
	return OK;
}

/* --- the driver ---------------------------------------------------------------------------------- */
static err no_select(struct token *t)
{
	(void)t;
	return OK;
}

static uint8_t tries_left(CK_FLAGS flags, CK_FLAGS locked, CK_FLAGS final)
{
	return flags & locked ? 0 : flags & final ? 1 : TRIES_UNKNOWN;
}

static struct span keep(struct token *t, struct span s)
{
	size_t at = t->store.n;

	buf_put(&t->store, s);
	return t->store.bad ? SPAN_NONE : (struct span){ t->store.p + at, s.n };
}

/* The serial number; a token that has none goes by its label, or by where it is. The second and later tokens
 * of a card are told apart by their number. */
static struct span serial_of(struct token *t)
{
	struct cryptoki *c = cryptoki_of(t);
	struct span said = cryptoki_unpad(c->info.serialNumber, sizeof c->info.serialNumber);
	size_t at = t->store.n;
	char part[16] = "";

	if (said.n == 0)
		said = cryptoki_unpad(c->info.label, sizeof c->info.label);
	if (said.n == 0)
		said = span_str(c->name);
	if (c->part)
		snprintf(part, sizeof part, "-%u", c->part + 1);
	buf_put(&t->store, said);
	buf_str(&t->store, part);
	return t->store.bad ? SPAN_NONE : (struct span){ t->store.p + at, t->store.n - at };
}

static uint32_t known_algs(struct cryptoki *c)
{
	static const struct { CK_ULONG bits; uint32_t alg; } rsa[] = {
		{ 1024, ALG_RSA1024 }, { 2048, ALG_RSA2048 }, { 3072, ALG_RSA3072 }, { 4096, ALG_RSA4096 },
	}, ec[] = { { 256, ALG_P256 }, { 384, ALG_P384 } };
	CK_MECHANISM_INFO info;
	uint32_t bits = 0;

	if (cryptoki_mech(c, CKM_RSA_PKCS, &info) || cryptoki_mech(c, CKM_RSA_X_509, &info))
		for (size_t i = 0; i < sizeof rsa / sizeof rsa[0]; i++)
			if (rsa[i].bits >= info.ulMinKeySize && rsa[i].bits <= info.ulMaxKeySize)
				bits |= 1u << rsa[i].alg;
	if (cryptoki_mech(c, CKM_ECDSA, &info) || cryptoki_mech(c, CKM_ECDH1_DERIVE, &info))
		for (size_t i = 0; i < sizeof ec / sizeof ec[0]; i++)
			if (ec[i].bits >= info.ulMinKeySize && ec[i].bits <= info.ulMaxKeySize)
				bits |= 1u << ec[i].alg;
	return bits;
}

static uint32_t known_flags(struct cryptoki *c)
{
	CK_MECHANISM_INFO info;
	uint32_t flags = TOKEN_BY_ID;

	flags |= c->info.flags & CKF_TOKEN_INITIALIZED ? TOKEN_INITIALIZED : TOKEN_BLANK;
	if (c->info.flags & CKF_LOGIN_REQUIRED)
		flags |= TOKEN_HIDES_KEYS;
	if (!(c->info.flags & CKF_USER_PIN_INITIALIZED))
		flags |= TOKEN_PIN_UNSET;
	if (c->info.flags & CKF_USER_PIN_TO_BE_CHANGED)
		flags |= TOKEN_PIN_TO_CHANGE;
	if (!(c->info.flags & CKF_WRITE_PROTECTED) && (cryptoki_mech(c, CKM_RSA_PKCS_KEY_PAIR_GEN, &info) ||
	    cryptoki_mech(c, CKM_EC_KEY_PAIR_GEN, &info)))
		flags |= TOKEN_CAN_GENERATE;
	if (!cryptoki_mech(c, CKM_RSA_X_509, &info))
		flags |= TOKEN_NO_RAW;
	return flags;
}

/* Some modules say 0, or a number that no PIN of ours reaches. */
static bool has_longest(const struct cryptoki *c)
{
	return c->info.ulMaxPinLen && c->info.ulMaxPinLen <= NO_LIMIT;
}

static err identify(struct token *t, struct span known, struct CardOpen_out *out)
{
	struct cryptoki *c = cryptoki_of(t);

	(void)known;
	TRY(cryptoki_info(c));
	out->serial = serial_of(t);
	out->label = keep(t, cryptoki_unpad(c->info.label, sizeof c->info.label));
	out->manufacturer = keep(t, cryptoki_unpad(c->info.manufacturerID, sizeof c->info.manufacturerID));
	out->model = keep(t, cryptoki_unpad(c->info.model, sizeof c->info.model));
	out->firmware = (uint32_t)c->info.firmwareVersion.major << 16 |
		(uint32_t)c->info.firmwareVersion.minor << 8;
	out->flags = known_flags(c);
	out->algs = known_algs(c);
	out->pin_min = c->info.ulMinPinLen <= NO_LIMIT ? (uint32_t)c->info.ulMinPinLen : 0;
	out->pin_max = has_longest(c) ? (uint32_t)c->info.ulMaxPinLen : SECRET_MAX;
	if (out->pin_min > out->pin_max)
		out->pin_min = 0;
	t->tries = tries_left(c->info.flags, CKF_USER_PIN_LOCKED, CKF_USER_PIN_FINAL_TRY);
	out->pin_tries = t->tries;
	bool blank = out->flags & TOKEN_BLANK;		/* what it says of an SO-PIN says nothing yet */
	out->puk_tries = blank ? TRIES_UNKNOWN : tries_left(c->info.flags, CKF_SO_PIN_LOCKED, CKF_SO_PIN_FINAL_TRY);
	out->parts = c->parts;
	return t->store.bad ? FAIL(BAD_REPLY) : OK;
}

/* --- PINs ---------------------------------------------------------------------------------------- */
static err tries(struct token *t, uint8_t *left)
{
	struct cryptoki *c = cryptoki_of(t);

	TRY(cryptoki_info(c));
	*left = tries_left(c->info.flags, CKF_USER_PIN_LOCKED, CKF_USER_PIN_FINAL_TRY);
	return OK;
}

static err puk_tries(struct token *t, uint8_t *left)
{
	struct cryptoki *c = cryptoki_of(t);

	TRY(cryptoki_info(c));
	*left = tries_left(c->info.flags, CKF_SO_PIN_LOCKED, CKF_SO_PIN_FINAL_TRY);
	return OK;
}

static err pin_check(struct token *t, const struct secret *pin)
{
	struct cryptoki *c = cryptoki_of(t);
	bool too_long = has_longest(c) && pin->n > c->info.ulMaxPinLen;

	return pin->n < c->info.ulMinPinLen || too_long ? FAIL(PIN_LENGTH) : OK;
}

/* OpenSC with lock_login keeps the card locked after a C_Login that failed (0.23), for as long as it is loaded
 * and whatever is closed: it begins anew. */
static err begin_anew(struct cryptoki *c)
{
	c->open = c->logged_in = false;
	c->n = c->parts = 0;
	c->f->C_Finalize(NULL);
	TRY(cryptoki_err(c, "C_Initialize", c->f->C_Initialize(NULL)));
	TRY(cryptoki_find_slot(c));
	return begin(&c->r);
}

/* C_Login; Cryptoki's "already" cannot be, since we log out before. */
static err log_in(struct cryptoki *c, CK_USER_TYPE user, const struct secret *pin)
{
	logout(c);
	if (!c->open)
		return FAIL(PIN_UNSET);
	CK_RV rv = c->f->C_Login(c->session, user, cryptoki_pin(pin), pin->n);
	cryptoki_sweep();
	if (rv == CKR_USER_ALREADY_LOGGED_IN)
		c->f->C_Logout(c->session);
	c->logged_in = rv == CKR_OK;
	err e = cryptoki_err(c, "C_Login", rv);
	if (!ok(e) && module->opensc && !ok(begin_anew(c)))
		log_line(LOG_NOTICE, "OpenSC does not begin anew");	/* the next job meets that */
	return e;
}

/* A module that says "wrong" of a PIN that is blocked is corrected by the token's own word. */
static err judge(struct cryptoki *c, err e)
{
	if (e.code != E_PIN_WRONG || !ok(cryptoki_info(c)))
		return e;
	if (c->info.flags & CKF_USER_PIN_LOCKED)
		return FAIL(PIN_BLOCKED);
	return c->info.flags & CKF_USER_PIN_FINAL_TRY ? (err){ E_PIN_WRONG, 0x63C1 } : e;
}

static err verify(struct token *t, const struct secret *pin)
{
	struct cryptoki *c = cryptoki_of(t);

	return judge(c, log_in(c, CKU_USER, pin));
}

/* C_Logout is not enough for every card: the end of the transaction resets it. */
static err forget(struct token *t)
{
	(void)t;
	return FAIL(NOT_SUPPORTED);
}

static err about_puk(err e)
{
	if (e.code == E_PIN_WRONG)
		return (err){ E_PUK_WRONG, e.sw };
	return e.code == E_PIN_BLOCKED ? FAIL(PUK_BLOCKED) : e;
}

static err prove(struct token *t, const struct secret *puk)
{
	struct cryptoki *c = cryptoki_of(t);
	err e = about_puk(log_in(c, CKU_SO, puk));

	t->opened = true;
	t->verified = false;
	logout(c);
	return e;
}

static err set_pin(struct cryptoki *c, const struct secret *old, const struct secret *new)
{
	CK_RV rv = c->f->C_SetPIN(c->session, cryptoki_pin(old), old->n,
		cryptoki_pin(new), new->n);

	cryptoki_sweep();
	return cryptoki_err(c, "C_SetPIN", rv);
}

static err pin_change(struct token *t, uint32_t user, const struct secret *old, const struct secret *new)
{
	struct cryptoki *c = cryptoki_of(t);

	t->opened = true;
	err e = log_in(c, user, old);
	if (ok(e))
		e = set_pin(c, old, new);
	t->verified = false;
	logout(c);
	return user == CKU_SO ? about_puk(e) : judge(c, e);
}

/* OpenSC unblocks with the PUK by C_SetPIN without a login (its user_pin_unblock_style); everywhere else the SO
 * gives a new PIN. */
static err pin_unblock(struct token *t, const struct secret *puk, const struct secret *pin)
{
	struct cryptoki *c = cryptoki_of(t);

	t->opened = true;
	logout(c);
	if (module->opensc)
		return about_puk(set_pin(c, puk, pin));
	TRY(about_puk(log_in(c, CKU_SO, puk)));
	CK_RV rv = c->f->C_InitPIN(c->session, cryptoki_pin(pin), pin->n);
	cryptoki_sweep();
	logout(c);
	return cryptoki_err(c, "C_InitPIN", rv);
}

/* --- erasing ------------------------------------------------------------------------------------- */
static err init(struct token *t, struct CardInit_in *in, struct CardInit_out *out)
{
	struct cryptoki *c = cryptoki_of(t);
	CK_UTF8CHAR label[32];
	struct buf b = BUF(label);

	(void)out;
	if (in->management.n)
		return FAIL(NOT_SUPPORTED);
	buf_put(&b, span_first(in->label, sizeof label));
	buf_fill(&b, ' ', sizeof label - b.n);
	logout(c);
	c->f->C_CloseAllSessions(c->slot);
	c->open = false;
	CK_RV rv = c->f->C_InitToken(c->slot, cryptoki_pin(&in->puk), in->puk.n, label);
	cryptoki_sweep();
	err e = about_puk(cryptoki_err(c, "C_InitToken", rv));
	c->n = 0;
	TRY(begin(&c->r));
	TRY(e);
	TRY(about_puk(log_in(c, CKU_SO, &in->puk)));
	if (in->pin.n) {
		rv = c->f->C_InitPIN(c->session, cryptoki_pin(&in->pin), in->pin.n);
		e = cryptoki_err(c, "C_InitPIN", rv);
	}
	cryptoki_sweep();
	logout(c);
	return e;
}

static err list(struct token *t, struct buf *keys)
{
	return cryptoki_list(t, keys, &t->whole);
}

const struct driver driver_cryptoki = {
	.name = "cryptoki", .cryptoki = true,
	.select = no_select, .identify = identify,
	.tries = tries, .puk_tries = puk_tries,
	.pin_check = pin_check, .verify = verify, .forget = forget,
	.prove = prove, .pin_change = pin_change, .pin_unblock = pin_unblock,
	.list = list, .cert = cryptoki_cert, .use = cryptoki_do,
	.generate = cryptoki_generate, .cert_write = cryptoki_cert_write,
	.key_destroy = cryptoki_key_destroy, .key_name = cryptoki_key_name,
	.init = init,
};
