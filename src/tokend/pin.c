/* Logins and tries. */
#include "config.h"
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include "guard.h"
#include "job.h"
#include "ledger.h"
#include "lib/log.h"
#include "peer.h"
#include "pin.h"
#include "session.h"
#include "wire/records.h"

struct login *login_find(const struct peer *p, const struct token *t)
{
	struct login *l = p->logins;

	while (l && l->token != t)
		l = l->next;
	return l;
}

err login_add(struct peer *p, struct token *t, uint32_t user, const struct secret *pin)
{
	struct login *l = calloc(1, sizeof *l);
	bool keep = broker.conf.retain_pin || user == CKU_SO;
	struct secret *kept = keep ? secret_keep(pin) : NULL;

	if (!l || (keep && !kept)) {
		free(l);
		secret_drop(kept);
		return FAIL(QUOTA);
	}
	*l = (struct login){ .next = p->logins, .token = t, .user = user, .pin = kept, .used = broker_now() };
	p->logins = l;
	guard_touch();
	log_line(LOG_NOTICE, "login pid=%d token=%s user=%u", (int)p->pid, t->serial, user);
	return OK;
}

struct secret *login_pin(const struct login *l)
{
	static const struct secret none;

	return secret_keep(l->pin ? l->pin : &none);
}

const struct secret *login_kept(const struct token *t)
{
	for (struct peer *p = broker.peers; p; p = p->next) {
		const struct login *l = login_find(p, t);
		if (l && l->user == CKU_USER && l->pin)
			return l->pin;
	}
	return NULL;
}

unsigned logins_count(const struct token *t)
{
	unsigned n = 0;

	for (struct peer *p = broker.peers; p; p = p->next)
		n += login_find(p, t) != NULL;
	return n;
}

static void login_free(struct peer *p, struct login **at)
{
	struct login *l = *at;

	*at = l->next;
	session_objects_end(p, l->token);
	secret_drop(l->pin);
	free(l);
}

void login_end(struct peer *p, struct token *t)
{
	for (struct login **at = &p->logins; *at; at = &(*at)->next)
		if ((*at)->token == t) {
			log_line(LOG_NOTICE, "logout pid=%d token=%s", (int)p->pid, t->serial);
			login_free(p, at);
			break;
		}
	jobs_forget(t, p, false);
	if (logins_count(t) == 0)
		job_close_soon(t);
}

void logins_end(struct peer *p)
{
	while (p->logins)
		login_end(p, p->logins->token);
}

void logins_end_token(struct token *t)
{
	for (struct peer *p = broker.peers; p; p = p->next)
		for (struct login **at = &p->logins; *at;)
			if ((*at)->token == t)
				login_free(p, at);
			else
				at = &(*at)->next;
	contexts_end_token(t);
	jobs_forget(t, NULL, true);
	job_close_soon(t);
}

/* Logins whose kept PIN is another than the one that was just proven: the card's has changed since. */
static void logins_end_stale(struct token *t, const struct secret *proven)
{
	for (struct peer *p = broker.peers; p; p = p->next) {
		struct login *l = login_find(p, t);
		if (!l || l->user != CKU_USER || !l->pin || secret_eq(l->pin, proven))
			continue;
		contexts_end(p, t);
		login_end(p, t);
	}
}

/* --- tries ------------------------------------------------------------------------------------- */
/* False where the library fails: then nothing is remembered and nothing compares equal. */
static bool digest(const struct token *t, const struct secret *pin, uint8_t out[32])
{
	static uint8_t salt[16];
	static bool salted;
	struct span s = secret_span(pin);

	if (!salted)
		salted = RAND_bytes(salt, sizeof salt) == 1;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good = salted && md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
		EVP_DigestUpdate(md, salt, sizeof salt) == 1 &&
		EVP_DigestUpdate(md, t->serial, sizeof t->serial) == 1 &&
		EVP_DigestUpdate(md, s.p, s.n) == 1 && EVP_DigestFinal_ex(md, out, NULL) == 1;
	EVP_MD_CTX_free(md);
	return good;
}

err pin_fits(const struct token *t, const struct secret *pin)
{
	if (pin->n < t->pin_min || pin->n > t->pin_max)
		return FAIL(PIN_LENGTH);
	/* nobody types these: they come from a file or a program that is broken */
	for (size_t i = 0; i < pin->n; i++)
		if (pin->b[i] < ' ' || pin->b[i] == 0x7F)
			return FAIL(PIN_INVALID);
	const struct quirk *q = quirk_of(t);
	for (size_t i = 0; q && q->flags & WAY_PIN_DIGITS && i < pin->n; i++)
		if (pin->b[i] < '0' || pin->b[i] > '9')
			return FAIL(PIN_INVALID);
	return OK;
}

static err refuse(struct token *t, const struct wrong *w, const struct secret *pin)
{
	uint8_t now[32];

	TRY(pin_fits(t, pin));
	if (w->set && digest(t, pin, now) && memcmp(now, w->digest, sizeof now) == 0)
		return FAIL(PIN_REPEATED);
	return OK;
}

err pin_refuse(struct token *t, const struct secret *pin)
{
	return t->flags & TOKEN_PIN_UNSET ? FAIL(PIN_UNSET) : refuse(t, &t->tries.pin_wrong, pin);
}

err puk_refuse(struct token *t, const struct secret *puk)
{
	const struct quirk *q = quirk_of(t);

	/* given a PUK where it wants its management key such a module takes it for the PIN, and a try is gone */
	if (q && q->flags & WAY_SO_MANAGEMENT)
		return FAIL(NOT_SUPPORTED);
	return refuse(t, &t->tries.puk_wrong, puk);
}

err puk_refuse_program(struct token *t, const struct secret *puk)
{
	return t->tries.puk == 1 ? FAIL(PIN_LAST_TRY) : puk_refuse(t, puk);
}

err pin_refused(struct request *rq, struct token *t, const struct object *key, const char *what, err e)
{
	ledger_note(&(struct note){ .what = what, .program = rq->peer->program,
	                            .sandbox = rq->peer->sandbox, .pid = rq->peer->pid, .token = t,
	                            .key = key, .slot = key ? key->slot : 0, .mech = MECH_NONE, .result = e });
	return e.code == E_PIN_REPEATED ? request_refuse_slowly(rq, e) : e;
}

/* What an answer means for the next time the same secret comes. */
static void remember(const struct token *t, struct wrong *w, const struct secret *pin, err e)
{
	if (ok(e))
		w->set = false;
	if ((e.code == E_PIN_WRONG || e.code == E_PUK_WRONG) && pin)
		w->set = digest(t, pin, w->digest);
}

/* --- guesses --------------------------------------------------------------------------------------- */
enum { GUESSES_MOST = 6, FORGIVEN_MS = 3600000 };

static void forgive(struct tries *t)
{
	uint64_t now = broker_now(), hours = (now - t->guessed) / FORGIVEN_MS;

	t->guesses = hours < t->guesses ? t->guesses - (unsigned)hours : 0;
	t->guessed = t->guesses ? t->guessed + hours * FORGIVEN_MS : now;
}

bool pin_barred(struct token *t, const struct peer *by)
{
	forgive(&t->tries);
	return t->tries.guesses >= GUESSES_MOST &&
		!(by && by->guesses.token == t->id && by->guesses.proven);
}

/* Who proves it takes its own typing errors back, and nobody else's. */
static void count_guess(struct token *t, struct peer *by, err e)
{
	struct guesses none = { 0 }, *own = by ? &by->guesses : &none;

	if (own->token != t->id)
		*own = (struct guesses){ .token = t->id };
	forgive(&t->tries);
	if (ok(e)) {
		t->tries.guesses -= own->wrong < t->tries.guesses ? own->wrong : t->tries.guesses;
		own->wrong = 0;
		own->proven = true;
	} else if ((e.code == E_PIN_WRONG || e.code == E_PIN_BLOCKED) && !own->proven) {
		t->tries.guesses++;
		own->wrong++;
	}
}

void pin_tries_seen(struct token *t, uint32_t left)
{
	uint32_t before = t->tries.user;

	if (left == before || left == TRIES_UNKNOWN)
		return;
	t->tries.user = left;
	if (before != TRIES_UNKNOWN && left < before)
		logins_end_token(t);
	broker_changed();
}

void pin_outcome(struct token *t, struct peer *by, const struct secret *pin, err e)
{
	uint32_t before = t->tries.user;
	uint32_t left = err_tries(e) >= 0 ? (uint32_t)err_tries(e) : TRIES_UNKNOWN;

	/* a try that this daemon did not see lost: no PIN that it kept is sent before one was proven */
	if (e.code == E_PIN_WRONG && before != TRIES_UNKNOWN && left != TRIES_UNKNOWN && left + 1 < before)
		logins_end_token(t);
	if (pin)
		count_guess(t, by, e);
	if (ok(e) && pin)
		logins_end_stale(t, pin);
	if (left != TRIES_UNKNOWN)
		t->tries.user = left;
	if (e.code == E_PIN_BLOCKED)
		t->tries.user = 0;
	remember(t, &t->tries.pin_wrong, pin, e);
	if (t->tries.user != before)
		broker_changed();
}

void puk_outcome(struct token *t, const struct secret *puk, err e)
{
	uint32_t before = t->tries.puk;

	remember(t, &t->tries.puk_wrong, puk, e);
	/* full again; but one may be all that the card allows */
	if (ok(e) && (before != 1 || t->tries.puk_lost))
		t->tries.puk = TRIES_UNKNOWN;
	t->tries.puk_lost = !ok(e) && (t->tries.puk_lost || e.code == E_PUK_WRONG);
	if (e.code == E_PUK_WRONG && err_tries(e) >= 0)
		t->tries.puk = (uint32_t)err_tries(e);
	if (e.code == E_PIN_LAST_TRY)
		t->tries.puk = 1;
	if (e.code == E_PUK_BLOCKED)
		t->tries.puk = 0;
	if (t->tries.puk != before)
		broker_changed();
}
