/* What a token behind a PKCS#11 module cannot do, and who can. */
#ifndef BSRE_CLI_WAYS_H
#define BSRE_CLI_WAYS_H
#include "cli.h"

enum way { WAY_OF_INIT, WAY_OF_GENERATE, WAY_OF_CERTIFICATE, WAY_OF_UNBLOCK, WAY_OF_PUK, WAY_OF_DESTROY };

/* Gives e back. Where it says that a module cannot do that, the failure's sentence and the next step say which other
 * way leads there. */
err ways(struct cli *c, err e, enum way what) MUST_USE;

/* What is known of the chosen token: WAY_ of records.h; 0: nothing, or a driver of our own serves it. */
uint32_t ways_known(struct cli *c);
#endif
