/* The way to the daemon, and starting it where nothing else does. */
#ifndef BSRE_CLI_SERVICE_H
#define BSRE_CLI_SERVICE_H
#include "cli.h"

/* Connects c->link. Where no daemon answers at the usual socket, starts one (one for all utilities
 * that come at the same time, by a lock file) and waits for it; where BSRE_TOKEND_SOCKET names
 * the socket its owner is expected to run it: NO_DAEMON, said. */
err service_connect(struct cli *c) MUST_USE;
#endif
