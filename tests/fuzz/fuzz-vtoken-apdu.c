/* Hostile readers: any bytes as command APDUs to the virtual card. Input: one byte of conditions,
 * then commands, each with a length of two bytes before it. */
#include "config.h"
#include <stdarg.h>
#include <stdlib.h>
#include "vtoken/timing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { PLAIN = 1, NO_EXTENDED = 2, PIN = 4, MGM = 8, UNSELECTED = 16, UNDO = 32, COMMANDS = 64 };

static void need(bool fine)
{
	if (!fine)
		abort();
}

/* Key pairs are made once for each kind (the linker puts this in place of OpenSSL's): a search for
 * primes in every other input would leave no time for the rest. */
EVP_PKEY *__real_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *ctx, const char *propq, const char *type, ...);
EVP_PKEY *__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *ctx, const char *propq, const char *type, ...);

EVP_PKEY *__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *ctx, const char *propq, const char *type, ...)
{
	static EVP_PKEY *made[3];
	bool rsa = span_eq(span_str(type), span_str("RSA"));
	const char *curve = NULL;
	va_list ap;

	va_start(ap, type);
	if (!rsa)
		curve = va_arg(ap, const char *);
	va_end(ap);
	EVP_PKEY **key = &made[rsa ? 0 : span_eq(span_str(curve), span_str("P-256")) ? 1 : 2];
	if (!*key)
		*key = rsa ? __real_EVP_PKEY_Q_keygen(ctx, propq, type, (size_t)2048)
			: __real_EVP_PKEY_Q_keygen(ctx, propq, type, curve);
	need(*key && EVP_PKEY_up_ref(*key) == 1);
	return *key;
}

/* A token with something in it. */
static void prepare(struct state *s)
{
	need(ok(state_blank(s, 1)));
	need(ok(key_generate(&s->keys[SLOT_0x9A], alg_find(0x11))));
	need(ok(key_generate(&s->keys[SLOT_0x9C], alg_find(0x14))));
	need(ok(key_generate(&s->keys[SLOT_0x9E], alg_find(0x07))));
	s->keys[SLOT_0x9A].pin = POLICY_ONCE;
	s->keys[SLOT_0x9C].pin = POLICY_ALWAYS;
	s->keys[SLOT_0x9E].pin = POLICY_NEVER;
	need(ok(object_set(s, 0x5FC102, span_str("chuid"))));
	need(ok(object_set(s, 0x5FC109, span_str("printed"))));
	s->commits = 0;
}

/* A reply is data of at most REPLY_MAX bytes and a status word of a kind that ISO 7816-4 has. */
static void transmit(struct card *c, struct span command)
{
	static struct timing timing;
	uint8_t room[REPLY_MAX];
	struct buf reply = BUF(room);

	need(timing_set(&timing, "A", 1));
	card_transmit(c, command, &reply);
	need(!reply.bad && reply.n >= 2);
	(void)timing_cost(&timing, c->work, c->work_alg, command.n + reply.n);
	uint8_t sw1 = reply.p[reply.n - 2];
	need(sw1 == 0x90 || (sw1 >= 0x61 && sw1 <= 0x6F));
	need(reply.n == 2 || sw1 == 0x90 || sw1 == 0x61);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct state s;
	static struct card c;
	struct cur in = cur_of((struct span){ data, n });
	unsigned how = cur_u8(&in);

	if (s.commits || !s.n_objects) {		/* what changed nothing needs no new one */
		state_clear(&s);
		prepare(&s);
	}
	card_init(&c, &s, how & PLAIN ? MODEL_PLAIN : MODEL_YUBICO);
	card_power(&c, true);
	c.no_extended = how & NO_EXTENDED;
	c.session.applet = how & UNSELECTED ? APPLET_NONE : APPLET_PIV;
	c.session.pin = c.session.fresh = how & PIN;
	c.session.mgm = how & MGM;
	for (int i = 0; i < COMMANDS && cur_left(&in); i++) {
		size_t length = cur_u16(&in);
		transmit(&c, cur_take(&in, length < cur_left(&in) ? length : cur_left(&in)));
	}
	if (how & UNDO && c.undo.open)
		card_undo(&c);
	card_keep(&c);
	need(s.pin.left <= s.pin.max && s.puk.left <= s.puk.max);
	return 0;
}
