/* CardList, then a CardCert for each slot that has one. */
#include "config.h"
#include <stdlib.h>
#include "data.h"
#include "job.h"
#include "lib/log.h"
#include "load.h"
#include "object.h"
#include "peer.h"

enum { SLOTS_MAX = 64 };

static void encode_list(struct job *j, struct buf *b)
{
	struct CardList_in in = { 0 };

	(void)j;
	CardList_put_in(b, &in);
}

static void encode_cert(struct job *j, struct buf *b)
{
	struct CardCert_in in = { .slot = j->slot };

	CardCert_put_in(b, &in);
}

static void encode_data(struct job *j, struct buf *b)
{
	struct CardDataRead_in in = { .object = j->slot };

	CardDataRead_put_in(b, &in);
}

static void load_end(struct token *t)
{
	if (t->gone)
		return;
	objects_add_profiles(t);
	t->load = LOAD_DONE;
	log_line(LOG_INFO, "token=%u is read", t->id);
	requests_unpark(t);
}

/* The record that a CardCert job carries in its data, as CardList gave it. */
static bool job_rec(struct job *j, struct KeyRec_in *rec)
{
	struct cur c = cur_of(j->first);

	KeyRec_get_in(&c, rec);
	return cur_done(&c);
}

/* A key without a place for names is named by its slot: ids 01... as other PIV software has them. */
static void name_slot(struct KeyRec_in *rec, uint8_t *id)
{
	static const uint8_t first[] = { 0x9A, 0x9C, 0x9D, 0x9E };
	static const char *const names[] = { "PIV AUTH", "SIGN", "KEY MAN", "CARD AUTH" };

	*id = (uint8_t)(rec->slot - 0x82 + 5);
	for (uint8_t i = 0; i < 4; i++)
		if (rec->slot == first[i]) {
			*id = (uint8_t)(i + 1);
			if (rec->label.n == 0)
				rec->label = span_str(names[i]);
		}
	if (rec->label.n == 0)
		rec->label = span_str("Retired KEY MAN");
	if (rec->id.n == 0)
		rec->id = (struct span){ id, 1 };
}

static void add_slot(struct token *t, struct KeyRec_in *rec, struct span cert)
{
	struct cert_parts parts;
	struct span spki = rec->spki;
	uint8_t id;

	name_slot(rec, &id);
	if (cert.n) {
		objects_add_cert(t, rec, cert);
		if (spki.n == 0 && ok(der_cert(cert, &parts)))
			spki = parts.spki;
	}
	if (spki.n && rec->flags & KEY_HAS_KEY)
		objects_add_keys(t, rec, spki);
}

static void done_cert(struct job *j, err e, struct cur *reply)
{
	struct CardCert_out out = { 0 };
	struct KeyRec_in rec = { 0 };
	bool known = job_rec(j, &rec);

	if (j->token->gone)
		return;
	if (ok(e))
		CardCert_get_out(reply, &out);
	if (!ok(e) || !cur_done(reply)) {
		log_line(rec.flags & KEY_UNSURE ? LOG_INFO : LOG_WARNING, "token=%u slot=%02x: no certificate: %s",
		         j->token->id, j->slot, log_err(e));
		out.der = SPAN_NONE;
	}
	if (known)
		add_slot(j->token, &rec, out.der);
	if (j->flags)			/* the last one */
		load_end(j->token);
}

static void done_data(struct job *j, err e, struct cur *reply)
{
	struct CardDataRead_out out = { 0 };

	if (j->token->gone)
		return;
	if (ok(e))
		CardDataRead_get_out(reply, &out);
	objects_add_data(j->token, j->slot, ok(e) && cur_done(reply) ? out.value : SPAN_NONE);
	if (j->flags)			/* the last one */
		load_end(j->token);
}

/* What reads a slot's certificate, or a data object; NULL: no memory, it is left out. */
static struct job *read_job(struct token *t, struct KeyRec_in *rec, struct span raw)
{
	bool data = rec->flags & KEY_IS_DATA;
	struct job *j = job_new(t, data ? CardDataRead_ID : CardCert_ID, NULL);

	if (!j || !ok(job_data(j, raw, SPAN_NONE))) {
		if (j)
			job_free(j);
		return NULL;
	}
	j->slot = rec->slot;
	j->encode = data ? encode_data : encode_cert;
	j->done = data ? done_data : done_cert;
	return j;
}

static void done_list(struct job *j, err e, struct cur *reply)
{
	struct token *t = j->token;
	struct CardList_out out = { 0 };
	struct job *last = NULL;
	struct KeyRec_in rec;
	unsigned n = 0;

	if (t->gone)
		return;
	if (ok(e))
		CardList_get_out(reply, &out);
	if (!ok(e) || !cur_done(reply))
		log_line(LOG_WARNING, "token=%u cannot be listed: %s", t->id, log_err(e));
	for (struct cur c = cur_of(out.keys); cur_left(&c) && n < SLOTS_MAX; n++) {
		const uint8_t *start = c.p;
		KeyRec_get_in(&c, &rec);
		if (c.bad)
			break;
		if (!(rec.flags & (KEY_HAS_CERT | KEY_IS_DATA))) {
			add_slot(t, &rec, SPAN_NONE);
			continue;
		}
		struct job *next = read_job(t, &rec, (struct span){ start, (size_t)(c.p - start) });
		if (next && last)
			job_post(last);
		last = next ? next : last;
	}
	if (!last) {
		load_end(t);
		return;
	}
	last->flags = 1;
	job_post(last);
}

/* --- a remembered certificate -------------------------------------------------------------------- */
enum { FRONT = 200 };		/* bytes: length, serial number, issuer and the start of validity */

static void encode_front(struct job *j, struct buf *b)
{
	struct CardCert_in in = { .slot = j->slot, .most = FRONT };

	CardCert_put_in(b, &in);
}

static void done_front(struct job *j, err e, struct cur *reply)
{
	struct token *t = j->token;
	struct CardCert_out out = { 0 };

	if (t->gone)
		return;
	if (ok(e))
		CardCert_get_out(reply, &out);
	struct object *cert = object_of_slot(t, j->slot, OBJ_CERT);
	bool same = ok(e) && cur_done(reply) && cert && out.der.n &&
		span_eq(span_first(cert->der, out.der.n), out.der);
	if (same) {
		cert->unproven = cert->proving = false;
		requests_unpark(t);
		return;
	}
	log_line(LOG_NOTICE, "token=%u slot=%02x: not the certificate of before: all is read anew", t->id, j->slot);
	load_again(t);
}

void load_prove(struct token *t, struct object *cert)
{
	if (cert->proving)
		return;
	struct job *j = job_new(t, CardCert_ID, NULL);
	if (!j) {
		token_lost(t, false);
		return;
	}
	j->slot = cert->slot;
	j->encode = encode_front;
	j->done = done_front;
	cert->proving = true;
	job_post(j);
}

void load_again(struct token *t)
{
	objects_free(t);
	t->load = LOAD_NONE;
	broker_changed();
	requests_unpark(t);
}

void load_begin(struct token *t)
{
	struct job *j = job_new(t, CardList_ID, NULL);

	if (!j) {
		token_lost(t, false);
		return;
	}
	j->encode = encode_list;
	j->done = done_list;
	job_post(j);
}
