/* CardList, then a CardCert for each slot that has one. */
#include "config.h"
#include <stdlib.h>
#include "data.h"
#include "job.h"
#include "lib/keyslot.h"
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
	if (!t->merging)
		objects_add_profiles(t);
	t->merging = false;
	t->load = LOAD_DONE;
	log_line(LOG_INFO, "token=%u is read", t->id);
	requests_unpark(t);
}

/* Reading that cannot go on, or is about what was read before: nothing of it is kept. Who waits gets the
 * error, and the next program that asks begins anew. */
static void load_fail(struct token *t, err e)
{
	if (t->gone)
		return;
	log_line(LOG_WARNING, "token=%u cannot be read: %s", t->id, log_err(e));
	if (t->merging) {		/* what was known is still so */
		load_end(t);
		return;
	}
	objects_free(t);
	t->load = LOAD_NONE;
	t->turn++;
	requests_fail(t, e);
}

/* One of the things to be read is settled. */
static void one_less(struct token *t)
{
	if (--t->reading == 0)
		load_end(t);
}

/* Does the job belong to the reading that runs now? */
static bool is_current(const struct job *j)
{
	return !j->token->gone && j->token->load == LOAD_RUNS && j->user == j->token->turn;
}

/* An error that says nothing of what is on the card. */
static bool is_passing(err e)
{
	return e.code == E_TOKEN_GONE || e.code == E_TOKEN_BUSY || e.code == E_GENERAL || e.code == E_QUOTA;
}

/* The record that a CardCert job carries in its data, as CardList gave it. */
static bool job_rec(struct job *j, struct KeyRec_in *rec)
{
	struct cur c = cur_of(j->first);

	KeyRec_get_in(&c, rec);
	return cur_done(&c);
}

/* A key without a place for names is named by its slot, as other PIV software does it. */
static void name_slot(struct KeyRec_in *rec, uint8_t *id)
{
	static const char *const names[] = { "", "PIV AUTH", "SIGN", "KEY MAN", "CARD AUTH", "Retired KEY MAN" };
	enum { NAMES = sizeof names / sizeof names[0] };

	*id = keyslot_id(rec->slot);
	if (rec->label.n == 0)
		rec->label = span_str(names[*id < NAMES ? *id : NAMES - 1]);
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

static struct job *read_job(struct token *t, const struct KeyRec_in *rec, struct span raw);

/* What of a reading need not be looked at: it is over, or ends here, or the reply was garbled on its way
 * and gets a second chance. */
static bool is_settled(struct job *j, err e)
{
	struct KeyRec_in rec;

	if (!is_current(j))
		return true;
	if (is_passing(e)) {
		load_fail(j->token, e);
		return true;
	}
	struct job *again = e.code == E_BAD_REPLY && !j->prim && job_rec(j, &rec) ?
		read_job(j->token, &rec, j->first) : NULL;
	if (!again)
		return false;
	again->prim = 1;
	job_post(again);
	j->token->reading--;
	return true;
}

static void done_cert(struct job *j, err e, struct cur *reply)
{
	struct CardCert_out out = { 0 };
	struct KeyRec_in rec = { 0 };
	bool known = job_rec(j, &rec);

	if (is_settled(j, e))
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
	one_less(j->token);
}

static void done_data(struct job *j, err e, struct cur *reply)
{
	struct CardDataRead_out out = { 0 };

	if (is_settled(j, e))
		return;
	if (ok(e))
		CardDataRead_get_out(reply, &out);
	objects_add_data(j->token, j->slot, ok(e) && cur_done(reply) ? out.value : SPAN_NONE);
	one_less(j->token);
}

/* What reads a slot's certificate, or a data object, to be posted; NULL: no memory, it is left out. */
static struct job *read_job(struct token *t, const struct KeyRec_in *rec, struct span raw)
{
	bool data = rec->flags & KEY_IS_DATA;
	struct job *j = job_new(t, data ? CardDataRead_ID : CardCert_ID, NULL);

	if (!j || !ok(job_data(j, raw, SPAN_NONE))) {
		if (j)
			job_free(j);
		return NULL;
	}
	j->slot = rec->slot;
	j->user = t->turn;
	t->reading++;
	j->encode = data ? encode_data : encode_cert;
	j->done = data ? done_data : done_cert;
	return j;
}

/* --- a second look, after a login showed what was hidden -------------------------------------------- */
/* What is known of the slot is set right in its place, so that handles live on. False: it is new, and to be
 * read. */
static bool merge(struct token *t, const struct KeyRec_in *rec)
{
	const struct object *cert = object_of_slot(t, rec->slot, OBJ_CERT);
	const struct object *key = object_of_slot(t, rec->slot, OBJ_KEY);

	if (!cert && !key)
		return false;
	if (key && !(rec->flags & KEY_HAS_KEY))
		objects_remove(t, rec->slot, OBJ_KEY);
	if (!key && rec->flags & KEY_HAS_KEY)
		objects_add_keys(t, rec, rec->spki.n || !cert ? rec->spki : cert->spki);
	for (struct object *o = t->objects; o; o = o->next)
		if (o->slot == rec->slot && o->kind & (OBJ_CERT | OBJ_KEY)) {
			o->always_auth = rec->flags & KEY_PIN_ALWAYS;
			o->pin_policy = rec->pin_policy;
		}
	return true;
}

void load_merge(struct token *t)
{
	if (t->gone || !t->known || !(t->flags & TOKEN_HIDES_KEYS) || t->whole || t->load == LOAD_RUNS)
		return;
	t->merging = t->load == LOAD_DONE;
	t->load = LOAD_RUNS;
	t->turn++;
	load_begin(t);
}

static void done_list(struct job *j, err e, struct cur *reply)
{
	struct token *t = j->token;
	struct CardList_out out = { 0 };
	struct KeyRec_in rec;
	unsigned n = 0;

	if (!is_current(j))
		return;
	if (ok(e))
		CardList_get_out(reply, &out);
	if (ok(e) && !cur_done(reply))
		e = FAIL(BAD_REPLY);
	if (!ok(e)) {
		load_fail(t, e);
		return;
	}
	t->whole = out.whole;
	for (struct cur c = cur_of(out.keys); cur_left(&c) && n < SLOTS_MAX; n++) {
		const uint8_t *start = c.p;
		KeyRec_get_in(&c, &rec);
		if (c.bad)
			break;
		if (t->merging && (!out.whole || merge(t, &rec)))
			continue;
		if (!(rec.flags & (KEY_HAS_CERT | KEY_IS_DATA))) {
			add_slot(t, &rec, SPAN_NONE);
			continue;
		}
		struct job *one = read_job(t, &rec, (struct span){ start, (size_t)(c.p - start) });
		if (one)
			job_post(one);
	}
	if (t->reading == 0)
		load_end(t);
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
	if (t->load != LOAD_DONE || !cert || !cert->proving)
		return;				/* all of it is being read anew by now */
	if (is_passing(e)) {
		cert->proving = false;
		requests_fail(t, e);
		return;
	}
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
	t->turn++;
	token_identify(t);
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
	j->user = t->turn;
	t->reading = 0;
	j->encode = encode_list;
	j->done = done_list;
	job_post(j);
}
