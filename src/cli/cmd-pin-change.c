/* pin change: a new PIN for the old. */
#include "config.h"
#include "pinchange.h"
#include "token.h"

err cmd_pin_change(struct cli *c)
{
	return pin_change(c, &(struct pin_change){
		.which = CKU_USER, .old = ASK_PIN, .new = ASK_NEW_PIN, .tries = token_tries_last,
		.same = N_("the new PIN is the old one; nothing was changed"),
		.done = N_("The PIN of token '%s' was changed."),
	});
}
