/* The configuration file: `key = value` a line, '#' begins a comment. */
#ifndef BSRE_TOKEND_CONF_H
#define BSRE_TOKEND_CONF_H
#include "broker.h"

/* Sets every key to its default. */
void conf_default(struct conf *c);

/* Reads the file at path into c. A file that is not there changes nothing. One that is broken changes
 * nothing either: its path, line and what is allowed go to the log, and the answer is FILE. */
err conf_read(struct conf *c, const char *path) MUST_USE;
#endif
