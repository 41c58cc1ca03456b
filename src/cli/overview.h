/* What is plugged in, as JSON that the tables of `list` and `status` are made of. */
#ifndef BSRE_CLI_OVERVIEW_H
#define BSRE_CLI_OVERVIEW_H
#include "cli.h"
#include "lib/secret.h"

/* One token: what TokenInfo says. ask: tries that the service does not know are asked of the token. */
err overview_token(struct cli *c, uint32_t token, bool ask, json_t **out) MUST_USE;

/* What became of the token's initialisation: TOKEN_ of records.h. */
err overview_state(struct cli *c, uint32_t token, uint32_t *flags) MUST_USE;

/* Before a key or a request is made: ACTION_PROHIBITED, said, with what mends it, where the token says that its
 * initialisation was interrupted or that a secret is the factory's; with --force a warning. */
err overview_safe(struct cli *c) MUST_USE;

/* The same by the PIN that was right, for tokens that do not say. */
err overview_safe_pin(struct cli *c, const struct secret *pin) MUST_USE;

/* Keys, certificates and logins of the token in c, into o; opens a session. */
err overview_contents(struct cli *c, json_t *o) MUST_USE;

/* All readers, an array. */
err overview_readers(struct cli *c, json_t **out) MUST_USE;
#endif
