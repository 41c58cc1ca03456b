/* PIN dialogs: which program waits for which, and what becomes of the PIN that a person typed there. */
#ifndef BSRE_TOKEND_DIALOG_H
#define BSRE_TOKEND_DIALOG_H
#include "job.h"
#include "object.h"
#include "session.h"
#include "wire/prompts.h"

enum { DIALOG_LEAST_MS = 2000 };	/* C_Login without a PIN is not answered sooner */

/* Could one be shown to the person who uses this program? It has a desktop or a terminal, and bsre-tokend.conf
 * does not say `prompt = never`. */
bool dialog_possible(const struct peer *p);

/* C_Login without a PIN: asks for it. context: for the operation that waits for it. What the handler returns:
 * PENDING, PARKED (the program is being asked already), or why not; never answered at once (Firefox's own dialog
 * stays for ever where it is). */
err dialog_login(struct request *rq, struct session *s, bool context) MUST_USE;

/* Asks for the PIN for what rq wants to do with the key (NULL: with the token); op: the operation that it is for.
 * What the handler returns: PARKED (it is served again when the PIN was right) or why not. */
err dialog_use(struct request *rq, struct session *s, enum purpose purpose, const struct object *key, uint32_t op)
	MUST_USE;

/* The dialogs of a program that goes, of a session that ends, those that are about a token that is gone: they close. */
void dialogs_end(struct peer *p);
void dialogs_end_session(const struct session *s);
void dialogs_end_login(const struct peer *p, const struct token *t);	/* C_Logout */
void dialogs_end_token(struct token *t);
#endif
