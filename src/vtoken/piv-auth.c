/* GENERAL AUTHENTICATE (SP 800-73-4, part 2, 3.2.4 and appendix A): private-key operations, and
 * the management key proved by challenge and response. */
#include "config.h"
#include <openssl/rand.h>
#include "piv.h"

/* The dynamic authentication template 7C (table 8): each field at most once. */
static bool read_template(struct span data, struct auth *in)
{
	struct cur c = cur_of(data), body = tlv_want(&c, 0x7C), v;

	*in = (struct auth){ 0 };
	while (cur_left(&body)) {
		uint32_t tag = tlv_next(&body, &v);
		size_t i = tag == 0x85 ? AUTH_EXPONENT : tag - 0x80;
		if (tag < 0x80 || tag > 0x85 || i >= AUTH_FIELDS || (i == AUTH_EXPONENT && tag != 0x85)
				|| in->has[i])
			return false;
		in->has[i] = true;
		in->v[i] = cur_rest(&v);
	}
	return cur_done(&body) && cur_done(&c);
}

static enum sw put_response(struct buf *out, uint32_t tag, const struct buf *made)
{
	TLV(out, 0x7C)
		tlv_put(out, tag, buf_span(made));
	return SW_OK;
}

/* Appendix A.1, first step: the card's random block, in clear (single) or encrypted (mutual). */
static enum sw begin_mgm(struct card *c, const struct cipher *how, bool mutual, struct buf *out)
{
	uint8_t random[CHALLENGE_MAX], block[CHALLENGE_MAX];
	struct buf b = BUF(block);

	if (RAND_bytes(random, how->block) != 1
			|| !secret_set(&c->session.expect, (struct span){ random, how->block }))
		return SW_UNKNOWN;
	c->session.challenge = mutual ? WITNESS_SENT : CHALLENGE_SENT;
	struct span clear = secret_span(&c->session.expect);
	if (!mutual)
		buf_put(&b, clear);
	else if (!ok(cipher_block(how, secret_span(&c->state->mgm.key), true, clear, &b)))
		return SW_UNKNOWN;
	return put_response(out, mutual ? 0x80 : 0x81, &b);
}

/* Second step, single: the host encrypted the challenge. */
static enum sw end_single(struct card *c, const struct cipher *how, struct span given)
{
	uint8_t block[CHALLENGE_MAX];
	struct buf b = BUF(block);
	SECRET want = { 0 }, got = { 0 };

	if (!ok(cipher_block(how, secret_span(&c->state->mgm.key), true,
			secret_span(&c->session.expect), &b))
			|| !secret_set(&want, buf_span(&b)))
		return SW_UNKNOWN;
	c->session.mgm = secret_set(&got, given) && secret_eq(&want, &got);
	return c->session.mgm ? SW_OK : SW_SECURITY;
}

/* Second step, mutual: the host decrypted the witness, and wants its own challenge encrypted. */
static enum sw end_mutual(struct card *c, const struct cipher *how, const struct auth *in,
	struct buf *out)
{
	uint8_t block[CHALLENGE_MAX];
	struct buf b = BUF(block);
	SECRET got = { 0 };

	if (in->v[AUTH_CHALLENGE].n != how->block)
		return SW_DATA;
	c->session.mgm = secret_set(&got, in->v[AUTH_WITNESS])
		&& secret_eq(&got, &c->session.expect);
	if (!c->session.mgm)
		return SW_SECURITY;
	if (!ok(cipher_block(how, secret_span(&c->state->mgm.key), true, in->v[AUTH_CHALLENGE], &b)))
		return SW_UNKNOWN;
	return put_response(out, 0x82, &b);
}

enum sw piv_auth_mgm(struct card *c, uint8_t cipher, const struct auth *in, struct buf *out)
{
	const struct cipher *how = cipher_find(cipher);
	const struct span *v = in->v;
	enum challenge_kind was = c->session.challenge;

	if (!how || how != c->state->mgm.cipher)
		return SW_P1P2;
	c->session.challenge = CHALLENGE_NONE;
	c->session.mgm = false;
	if (in->has[AUTH_EXPONENT])
		return SW_DATA;
	if (in->has[AUTH_WITNESS] && !v[AUTH_WITNESS].n && !in->has[AUTH_CHALLENGE])
		return begin_mgm(c, how, true, out);
	if (in->has[AUTH_CHALLENGE] && !v[AUTH_CHALLENGE].n && !in->has[AUTH_WITNESS])
		return begin_mgm(c, how, false, out);
	if (in->has[AUTH_WITNESS] && in->has[AUTH_CHALLENGE])
		return was == WITNESS_SENT ? end_mutual(c, how, in, out) : SW_CONDITIONS;
	if (in->has[AUTH_RESPONSE] && !in->has[AUTH_WITNESS] && !in->has[AUTH_CHALLENGE])
		return was == CHALLENGE_SENT ? end_single(c, how, v[AUTH_RESPONSE]) : SW_CONDITIONS;
	return SW_DATA;
}

/* Has the key's PIN policy been met? ALWAYS: by the command before this one. */
static bool opened(const struct card *c, const struct key *k)
{
	return k->pin == POLICY_NEVER || (c->session.pin
		&& (k->pin == POLICY_ONCE || c->session.fresh));
}

static enum sw use_key(const struct key *k, const struct auth *in, struct buf *out)
{
	uint8_t room[640];
	struct buf made = BUF(room);
	err e;

	/* a template without an empty 82 asks for nothing (table 8) */
	if (!in->has[AUTH_RESPONSE] || in->v[AUTH_RESPONSE].n || in->has[AUTH_WITNESS]
			|| in->has[AUTH_CHALLENGE] == in->has[AUTH_EXPONENT])
		return SW_DATA;
	if (in->has[AUTH_EXPONENT])
		e = k->alg->kind == KEY_EC ? key_ecdh(k, in->v[AUTH_EXPONENT], &made)
			: FAIL(DATA_INVALID);
	else if (k->alg->kind == KEY_RSA)
		e = key_rsa(k, in->v[AUTH_CHALLENGE], &made);
	else
		e = key_ecdsa(k, in->v[AUTH_CHALLENGE], &made);
	enum sw sw = ok(e) ? put_response(out, 0x82, &made)
		: e.code == E_DATA_INVALID ? SW_DATA : SW_UNKNOWN;
	wipe(room, sizeof room);
	return sw;
}

enum sw piv_authenticate(struct card *c, const struct apdu *a, struct buf *out)
{
	struct auth in;

	if (a->p2 == REF_MGM)
		return !cipher_find(a->p1) ? SW_P1P2 : read_template(a->data, &in)
			? piv_auth_mgm(c, a->p1, &in, out) : SW_DATA;
	size_t i = slot_find(a->p2);
	const struct key *k = i < SLOTS ? &c->state->keys[i] : NULL;
	c->session.challenge = CHALLENGE_NONE;
	if (!k || !k->pkey || k->alg->id != a->p1)
		return SW_P1P2;
	if (i == SLOT_0xF9 || !opened(c, k))
		return SW_SECURITY;
	if (!read_template(a->data, &in))
		return SW_DATA;
	c->work = WORK_KEY;
	c->work_alg = k->alg;
	return use_key(k, &in, out);
}
