/* What each row of jobs.def does: hold the card as the job asks, then the driver's function. */
#include "config.h"
#include <stdlib.h>
#include "worker.h"

static const struct driver *const drivers[] = {
#define DRIVER(name) &driver_##name,
#include "token/drivers.def"
#undef DRIVER
};
enum { DRIVERS = sizeof drivers / sizeof drivers[0] };


/* Is a token open, and does its driver have the function? */
static err can(const struct worker *w, bool has)
{
	return !w->token.driver ? FAIL(NO_TOKEN) : has ? OK : FAIL(NOT_SUPPORTED);
}

static void drop_driver(struct token *t)
{
	if (t->driver && t->state) {
		wipe(t->state, t->driver->state);
		free(t->state);
	}
	t->driver = NULL;
	t->state = NULL;
	t->full = 0;
}

void worker_close_card(struct worker *w)
{
	if (!w->card.reader)
		return;
	err e = hold_end(&w->token);
	if (!ok(e))
		log_line(LOG_INFO, "closing the card: %s", log_err(e));
	drop_driver(&w->token);
	hold_lost(&w->token);
	w->card.reader->close(w->card.reader);
	w->card.reader = NULL;
}

/* Begins the transaction with the first driver whose application the card has. */
static err find_driver(struct token *t)
{
	for (size_t i = 0; i < DRIVERS; i++) {
		if (drivers[i]->cryptoki != t->card->reader->cryptoki)
			continue;
		t->driver = drivers[i];
		t->state = calloc(1, t->driver->state + 1);
		if (!t->state)
			return FAIL(QUOTA);
		err e = hold(t);
		if (ok(e))
			return OK;
		drop_driver(t);
		if (!e.sw)
			return e;		/* not the card's word: nothing to try on */
	}
	return FAIL(UNKNOWN_CARD);
}

static err identify(struct worker *w, struct span known, struct CardOpen_out *out)
{
	TRY(find_driver(&w->token));
	out->driver = span_str(w->token.driver->name);
	return w->token.driver->identify(&w->token, known, out);
}

err do_CardOpen(struct worker *w, struct CardOpen_in *in, struct CardOpen_out *out)
{
	struct reader *reader;

	worker_close_card(w);
	TRY(w->open(in->reader, &reader));
	card_init(&w->card, reader);
	w->token.card = &w->card;
	w->token.tries = w->token.unheard = TRIES_UNKNOWN;
	err e = identify(w, in->known, out);
	if (!ok(e))
		worker_close_card(w);
	return e;
}

err do_CardList(struct worker *w, struct CardList_in *in, struct CardList_out *out)
{
	(void)in;
	TRY(can(w, w->token.driver && w->token.driver->list));
	TRY(hold(&w->token));
	w->token.whole = true;
	TRY(w->token.driver->list(&w->token, &w->token.store));
	out->keys = buf_span(&w->token.store);
	out->whole = w->token.whole;
	return w->token.store.bad ? FAIL(BAD_REPLY) : OK;
}

err do_CardCert(struct worker *w, struct CardCert_in *in, struct CardCert_out *out)
{
	TRY(can(w, w->token.driver && w->token.driver->cert));
	TRY(hold(&w->token));
	TRY(w->token.driver->cert(&w->token, in->slot, in->most, &w->token.store));
	out->der = buf_span(&w->token.store);
	if (in->most)
		out->der = span_first(out->der, in->most);
	return w->token.store.bad ? FAIL(BAD_REPLY) : OK;
}

/* The last try of the PUK goes only with a word of a person (tries 255), as far as the card tells. */
static err may_send_puk(struct token *t, uint32_t tries)
{
	uint8_t left = TRIES_UNKNOWN;

	if (tries == TRIES_UNKNOWN || !t->driver->puk_tries)
		return OK;
	TRY(t->driver->puk_tries(t, &left));
	return left == 0 ? FAIL(PUK_BLOCKED) : left == 1 ? (err){ E_PIN_LAST_TRY, 0x63C1 } : OK;
}

err do_CardLogin(struct worker *w, struct CardLogin_in *in, struct CardLogin_out *out)
{
	if (in->user == CKU_SO) {
		TRY(can(w, w->token.driver && w->token.driver->prove));
		TRY(hold(&w->token));
		out->left = TRIES_UNKNOWN;
		TRY(may_send_puk(&w->token, in->tries));
		return w->token.driver->prove(&w->token, &in->pin);
	}
	TRY(can(w, w->token.driver && w->token.driver->verify));
	if (in->user != CKU_USER)
		return FAIL(USER_TYPE);
	TRY(hold_user(&w->token, in->fresh ? AUTH_FRESH : AUTH_USER, &in->pin, in->tries));
	out->left = w->token.tries;
	return OK;
}

err do_CardTries(struct worker *w, struct CardTries_in *in, struct CardTries_out *out)
{
	uint8_t user, puk = TRIES_UNKNOWN;

	(void)in;
	TRY(can(w, w->token.driver && w->token.driver->tries));
	TRY(hold(&w->token));
	TRY(hold_tries(&w->token, &user));
	out->known = hold_told(&w->token);
	if (w->token.driver->puk_tries)
		TRY(w->token.driver->puk_tries(&w->token, &puk));
	out->user = user;
	out->puk = puk;
	return OK;
}

err do_CardUse(struct worker *w, struct CardUse_in *in, struct CardUse_out *out)
{
	TRY(can(w, w->token.driver && w->token.driver->use));
	if (in->auth > AUTH_FRESH)
		return FAIL(BAD_FRAME);
	TRY(hold_user(&w->token, (enum auth)in->auth, &in->pin, in->tries));
	TRY(w->token.driver->use(&w->token, in, &w->token.store));
	out->out = buf_span(&w->token.store);
	return w->token.store.bad ? FAIL(BAD_REPLY) : OK;
}

err do_CardGenerate(struct worker *w, struct CardGenerate_in *in, struct CardGenerate_out *out)
{
	TRY(can(w, w->token.driver && w->token.driver->generate));
	TRY(hold_user(&w->token, AUTH_USER, &in->pin, in->tries));
	return w->token.driver->generate(&w->token, in, out);
}

err do_CardCertWrite(struct worker *w, struct CardCertWrite_in *in, struct CardCertWrite_out *out)
{
	(void)out;
	TRY(can(w, w->token.driver && w->token.driver->cert_write));
	TRY(hold_user(&w->token, AUTH_USER, &in->pin, in->tries));
	return w->token.driver->cert_write(&w->token, in->slot, in->der);
}

err do_CardKeyDestroy(struct worker *w, struct CardKeyDestroy_in *in, struct CardKeyDestroy_out *out)
{
	(void)out;
	TRY(can(w, w->token.driver && w->token.driver->key_destroy));
	TRY(hold_user(&w->token, AUTH_USER, &in->pin, in->tries));
	return w->token.driver->key_destroy(&w->token, in->slot);
}

err do_CardKeyName(struct worker *w, struct CardKeyName_in *in, struct CardKeyName_out *out)
{
	(void)out;
	TRY(can(w, w->token.driver && w->token.driver->key_name));
	TRY(hold_user(&w->token, AUTH_USER, &in->pin, in->tries));
	return w->token.driver->key_name(&w->token, in->slot, in->id, in->label);
}

/* The PIN is changed by giving the old one: a wrong old one costs a try like any other. */
static err change_pin(struct token *t, struct CardPinChange_in *in)
{
	uint8_t left;

	TRY(t->driver->pin_check(t, &in->old));
	TRY(t->driver->pin_check(t, &in->new));
	TRY(hold_tries(t, &left));
	if (left == 0)
		return FAIL(PIN_BLOCKED);
	if (left == 1 && in->tries != TRIES_UNKNOWN)
		return (err){ E_PIN_LAST_TRY, 0x63C1 };
	TRY(hold_noted(t, t->driver->pin_change(t, CKU_USER, &in->old, &in->new)));
	return hold_proven(t, &in->new, left);
}

err do_CardPinChange(struct worker *w, struct CardPinChange_in *in, struct CardPinChange_out *out)
{
	struct token *t = &w->token;

	TRY(can(w, w->token.driver && w->token.driver->pin_change));
	if (in->which != CKU_USER && in->which != CKU_SO)
		return FAIL(USER_TYPE);
	TRY(hold(t));
	out->left = TRIES_UNKNOWN;
	if (in->which == CKU_SO)
		TRY(may_send_puk(t, in->tries));
	if (in->which == CKU_SO)
		return t->driver->pin_change(t, CKU_SO, &in->old, &in->new);
	t->opened = true;		/* the standard counts a changed PIN as a verified one */
	TRY(change_pin(t, in));
	out->left = t->tries;
	return OK;
}

err do_CardPinUnblock(struct worker *w, struct CardPinUnblock_in *in, struct CardPinUnblock_out *out)
{
	uint8_t left;

	out->left = TRIES_UNKNOWN;
	TRY(can(w, w->token.driver && w->token.driver->pin_unblock));
	TRY(hold(&w->token));
	TRY(w->token.driver->pin_check(&w->token, &in->pin));
	TRY(may_send_puk(&w->token, in->tries));
	w->token.verified = false;
	w->token.opened = true;
	w->token.tries = w->token.unheard = TRIES_UNKNOWN;
	TRY(w->token.driver->pin_unblock(&w->token, &in->puk, &in->pin));
	if (ok(hold_tries(&w->token, &left)))
		out->left = left;		/* the PIN has its new value, whatever is known of it */
	return OK;
}

err do_CardInit(struct worker *w, struct CardInit_in *in, struct CardInit_out *out)
{
	struct token *t = &w->token;

	TRY(can(w, w->token.driver && w->token.driver->init));
	TRY(hold(t));
	t->verified = false;
	t->opened = true;
	t->tries = t->unheard = TRIES_UNKNOWN;
	t->full = 0;
	return t->driver->init(t, in, out);
}

err do_CardAttest(struct worker *w, struct CardAttest_in *in, struct CardAttest_out *out)
{
	TRY(can(w, w->token.driver && w->token.driver->attest));
	TRY(hold(&w->token));
	return w->token.driver->attest(&w->token, in->slot, out);
}

err do_CardClose(struct worker *w, struct CardClose_in *in, struct CardClose_out *out)
{
	struct token *t = &w->token;

	(void)in;
	out->known = hold_told(t);
	out->left = t->tries;
	TRY(t->driver ? hold_end(t) : OK);
	t->unheard = TRIES_UNKNOWN;		/* the broker hears of all now */
	return OK;
}

err do_CardDataRead(struct worker *w, struct CardDataRead_in *in, struct CardDataRead_out *out)
{
	TRY(can(w, w->token.driver && w->token.driver->data_read));
	TRY(hold(&w->token));
	TRY(w->token.driver->data_read(&w->token, in->object, &w->token.store));
	out->value = buf_span(&w->token.store);
	return w->token.store.bad ? FAIL(BAD_REPLY) : OK;
}

err do_CardDataWrite(struct worker *w, struct CardDataWrite_in *in, struct CardDataWrite_out *out)
{
	(void)out;
	TRY(can(w, w->token.driver && w->token.driver->data_write));
	TRY(hold_user(&w->token, AUTH_USER, &in->pin, in->tries));
	return w->token.driver->data_write(&w->token, in->object, in->value);
}
