/* A key pair made on the token, for the commands that make one. */
#ifndef BSRE_CLI_KEYMAKE_H
#define BSRE_CLI_KEYMAKE_H
#include "cli.h"

/* One kind of key: its name in --alg, its bits for RSA, its curve for EC. */
struct key_alg { const char *name; CK_ULONG bits; struct span curve; };

/* What is to be made. slot 0: the token finds one, by the id. id, label: none where their n is 0. pin, touch: as
 * CKA_BSRE_PIN_POLICY has it, 0: as the slot has it. */
struct new_key {
	const struct key_alg *alg;
	unsigned              slot;
	struct span           id, label;
	CK_ULONG              pin, touch;
};

/* The kind by its name; "rsa2048" where that is NULL. */
const struct key_alg *key_alg(const char *name);

/* Makes it in the open session, which is logged in; says that it takes long. The failure's next step is said where a
 * module cannot. */
err key_make(struct cli *c, const struct new_key *k, struct KeyPairGenerate_out *out) MUST_USE;
#endif
