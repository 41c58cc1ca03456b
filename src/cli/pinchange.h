/* A PIN or PUK given for the old one: what `pin change` and `pin set-puk` have in common. */
#ifndef BSRE_CLI_PINCHANGE_H
#define BSRE_CLI_PINCHANGE_H
#include "ask.h"

struct pin_change {
	uint32_t        which;		/* CKU_USER: the PIN; CKU_SO: the PUK */
	enum ask_secret old, new;
	err           (*tries)(struct cli *c, uint32_t *last);
	const char     *same, *done;	/* said where nothing changes; and after it, with the token's label */
};

/* Asks for both, has the token change it, and says so. */
err pin_change(struct cli *c, const struct pin_change *what) MUST_USE;
#endif
