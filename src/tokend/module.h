/* The start of a process that loads a PKCS#11 module: its arguments, its environment, its confinement. */
#ifndef BSRE_TOKEND_MODULE_H
#define BSRE_TOKEND_MODULE_H
#include "token/cryptoki.h"

/* Takes the arguments (children.h) apart, sets the environment, and gives up what a module does not need. False:
 * they are not understood. Strings in *m borrow. */
bool module_start(struct module *m, int argc, char **argv) MUST_USE;
#endif
