/* Holding a card: the transaction around a job's commands, and the rules for sending a PIN (which is
 * sent only after the card has said how many tries are left). */
#ifndef BSRE_TOKEND_HOLD_H
#define BSRE_TOKEND_HOLD_H
#include "token/driver.h"

/* Begins a transaction and selects the application, unless that is so already. */
err hold(struct token *t) MUST_USE;

/* Holds, and makes true what `auth` asks for. Refuses PIN_NEEDED (no PIN given), PIN_LENGTH, PIN_INVALID,
 * TRIES_CHANGED (fewer tries left than `tries`; the status word counts them), PIN_LAST_TRY, PIN_WRONG,
 * PIN_BLOCKED. With tries 254 any number but one will do, with 255 even the last try may be spent. */
err hold_user(struct token *t, enum auth auth, const struct secret *pin, uint32_t tries) MUST_USE;

/* How many tries are left, from memory where this transaction has read them. */
err hold_tries(struct token *t, uint8_t *left) MUST_USE;

/* Takes note of what the card's answer to a PIN said; gives it back. */
err hold_noted(struct token *t, err e) MUST_USE;

/* The tries that there should be, as far as the broker has not heard of them; it does now. TRIES_UNKNOWN:
 * nothing to tell. */
uint8_t hold_told(struct token *t);

/* After a PIN was accepted with `before` tries left (TRIES_UNKNOWN): its counter is full again, and the card
 * does not say what that is. Where a try was missing before, the card is asked: it must forget the PIN,
 * tell, and take it again. */
err hold_proven(struct token *t, const struct secret *pin, uint8_t before) MUST_USE;

/* De-authenticates the card and ends the transaction; nothing to do where none is open. */
err hold_end(struct token *t) MUST_USE;

/* The transaction was lost: nothing holds any more. */
void hold_lost(struct token *t);
#endif
