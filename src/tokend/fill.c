/* The kept PIN that is proven before another program's typing error can cost it its tries. */
#include "config.h"
#include "fill.h"
#include "lib/log.h"
#include "login.h"
#include "peer.h"
#include "write.h"

/* From so many tries a wrong PIN leads to the last one, which no kept PIN may be sent for. */
enum { FILL_AT = 2 };

/* What waited for it is not sent: the kept PIN has spent the try that was to be saved, or none could be. */
static void refuse_waiting(struct token *t, err e)
{
	for (struct job *j = t->jobs; j; j = j->next)
		if (j->filled)
			j->refused = e.code == E_PIN_WRONG || e.code == E_TRIES_CHANGED ? FAIL(PIN_LAST_TRY) : e;
}

static void done_fill(struct job *j, err e, struct cur *reply)
{
	struct CardLogin_out out = { .left = TRIES_UNKNOWN };
	struct token *t = j->token;

	if (ok(e)) {
		CardLogin_get_out(reply, &out);
		e = cur_done(reply) ? OK : FAIL(BAD_REPLY);
	}
	if (!ok(e)) {
		log_line(LOG_NOTICE, "token=%s: the tries cannot be filled: %s", t->serial, log_err(e));
		refuse_waiting(t, e);
		if (ok(use_outcome(j, e)))
			log_line(LOG_ERROR, "an error became none");
	} else if (out.left != t->tries.user) {
		t->tries.user = out.left;
		broker_changed();
	}
}

/* Who gives the PIN that is kept needs no help: it is right, or all copies are wrong. */
static bool is_risk(const struct job *j, const struct secret *kept)
{
	return j->given && !j->filled && j->token->tries.user == FILL_AT && kept && !secret_eq(j->pin, kept);
}

err fill_before(struct job *j, struct job **first)
{
	const struct secret *kept = login_kept(j->token);

	*first = NULL;
	if (!is_risk(j, kept))
		return OK;
	struct job *fill = job_new(j->token, CardLogin_ID, NULL);
	if (!fill)
		return FAIL(QUOTA);
	fill->pin = secret_keep(kept);
	if (!fill->pin) {
		job_free(fill);
		return FAIL(QUOTA);
	}
	fill->user = CKU_USER;
	fill->kept = true;
	fill->encode = login_encode;
	fill->done = done_fill;
	j->filled = true;
	*first = fill;
	return OK;
}
