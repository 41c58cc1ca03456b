/* pin set-puk: a new PUK for the old. */
#include "config.h"
#include "pinchange.h"
#include "token.h"

err cmd_pin_set_puk(struct cli *c)
{
	return pin_change(c, &(struct pin_change){
		.which = CKU_SO, .old = ASK_PUK, .new = ASK_NEW_PUK, .tries = token_puk_tries,
		.same = N_("the new PUK is the old one; nothing was changed"),
		.done = N_("The PUK of token '%s' was changed. Keep it apart from the token."),
	});
}
