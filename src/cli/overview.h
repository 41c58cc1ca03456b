/* What is plugged in, as JSON that the tables of `list` and `status` are made of. */
#ifndef BSRE_CLI_OVERVIEW_H
#define BSRE_CLI_OVERVIEW_H
#include "cli.h"

/* One token: what TokenInfo says. ask: tries that the service does not know are asked of the token. */
err overview_token(struct cli *c, uint32_t token, bool ask, json_t **out) MUST_USE;

/* What became of the token's initialisation: TOKEN_ of records.h. */
err overview_state(struct cli *c, uint32_t token, uint32_t *flags) MUST_USE;

/* Warns where a key is about to be made on a token whose initialisation was interrupted, or which has secrets
 * of the factory. */
err overview_warn(struct cli *c) MUST_USE;

/* Keys, certificates and logins of the token in c, into o; opens a session. */
err overview_contents(struct cli *c, json_t *o) MUST_USE;

/* All readers, an array. */
err overview_readers(struct cli *c, json_t **out) MUST_USE;
#endif
