/* Transactions and PIN tries. */
#include "config.h"
#include "hold.h"

enum {
	TRIES_NOT_LAST = 254,		/* as on the wire: any number but one */
	FULL_USUAL = 3			/* tries of a PIV token that nobody set otherwise */
};

void hold_lost(struct token *t)
{
	/* of two resets the one with more: what is missing since then others lost */
	if (t->tries != TRIES_UNKNOWN && (t->unheard == TRIES_UNKNOWN || t->tries > t->unheard))
		t->unheard = t->tries;
	t->held = t->verified = t->opened = t->managed = t->to_reset = false;
	t->tries = TRIES_UNKNOWN;
}

err hold(struct token *t)
{
	if (t->held)
		return OK;
	hold_lost(t);
	TRY(t->card->reader->begin(t->card->reader));
	err e = t->driver->select(t);
	if (ok(e))
		t->held = true;
	else if (!ok(t->card->reader->end(t->card->reader, END_LEAVE)))
		log_line(LOG_INFO, "a transaction did not end");
	return e;
}

/* A PIN that someone else left verified hides the tries; it is taken back, then they show. */
static err read_tries(struct token *t)
{
	TRY(t->driver->tries(t, &t->tries));
	if (t->tries == TRIES_UNKNOWN && ok(t->driver->forget(t))) {
		t->verified = false;
		TRY(t->driver->tries(t, &t->tries));
	}
	return OK;
}

err hold_tries(struct token *t, uint8_t *left)
{
	if (t->tries == TRIES_UNKNOWN)
		TRY(read_tries(t));
	*left = t->tries;
	return OK;
}

err hold_noted(struct token *t, err e)
{
	if (e.code == E_PIN_WRONG && e.sw == 0x63C0)
		e.code = E_PIN_BLOCKED;
	if (err_tries(e) >= 0)
		t->tries = (uint8_t)err_tries(e);
	if (e.code == E_PIN_BLOCKED)
		t->tries = 0;
	if (ok(e))
		t->unheard = TRIES_UNKNOWN;		/* all are there again */
	else if (e.code == E_PIN_WRONG && t->unheard != TRIES_UNKNOWN && t->unheard)
		t->unheard--;				/* this one is accounted for */
	if (!ok(e))
		t->verified = false;
	return e;
}

uint8_t hold_told(struct token *t)
{
	uint8_t known = t->unheard;

	t->unheard = TRIES_UNKNOWN;
	return known;
}

/* Refuses where sending a PIN could cost what the caller did not agree to. */
static err may_send(struct token *t, uint32_t tries)
{
	uint8_t left;

	TRY(hold_tries(t, &left));
	if (left == 0)
		return FAIL(PIN_BLOCKED);
	if (tries < TRIES_NOT_LAST && t->unheard != TRIES_UNKNOWN && t->unheard > tries)
		tries = t->unheard;
	if (tries == TRIES_UNKNOWN || left == TRIES_UNKNOWN)
		return OK;
	uint16_t sw = (uint16_t)(0x63C0 | (left > 15 ? 15 : left));
	if (left == 1)
		return (err){ E_PIN_LAST_TRY, sw };
	/* more than expected is well: somebody gave the right PIN, and none was lost */
	return tries != TRIES_NOT_LAST && left < tries ? (err){ E_TRIES_CHANGED, sw } : OK;
}

err hold_proven(struct token *t, const struct secret *pin, uint8_t before)
{
	t->opened = true;
	if (before != TRIES_UNKNOWN && before >= FULL_USUAL && before > t->full)
		t->full = before;
	if (t->full == 0 && ok(t->driver->forget(t))) {
		t->verified = false;
		TRY(t->driver->tries(t, &t->full));
		TRY(hold_noted(t, t->driver->verify(t, pin)));
		t->verified = true;
	}
	t->tries = t->full ? t->full : TRIES_UNKNOWN;
	return OK;
}

static err send_pin(struct token *t, const struct secret *pin)
{
	uint8_t before = t->tries;

	TRY(hold_noted(t, t->driver->verify(t, pin)));
	t->verified = true;
	return hold_proven(t, pin, before);
}

err hold_user(struct token *t, enum auth auth, const struct secret *pin, uint32_t tries)
{
	TRY(hold(t));
	if (auth == AUTH_NONE || (auth == AUTH_USER && t->verified))
		return OK;
	if (pin->n == 0)
		return FAIL(PIN_NEEDED);
	TRY(t->driver->pin_check(t, pin));
	TRY(may_send(t, tries));
	return send_pin(t, pin);
}

err hold_end(struct token *t)
{
	enum ending how = END_LEAVE;

	if (!t->held)
		return OK;
	if (t->to_reset || (t->opened && !ok(t->driver->forget(t))))
		how = END_RESET;
	hold_lost(t);
	return t->card->reader->end(t->card->reader, how);
}
