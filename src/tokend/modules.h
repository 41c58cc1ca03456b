/* Other people's PKCS#11 modules: what the configuration says of them, which of them (or of our own drivers) gets
 * which card, and the slots that a module has itself. */
#ifndef BSRE_TOKEND_MODULES_H
#define BSRE_TOKEND_MODULES_H
#include "lib/err.h"

enum { MODULES_MAX = 8, MODULE_EXTRAS = 6, MODULE_TEXT = 256 };

struct reader;

/* One [module NAME]. */
struct module_conf {
	char     name[32];
	char     path[MODULE_TEXT];
	char     sha256[65];
	char     reader[128], atr[68];		/* patterns; both empty: the module's own slots */
	char     extra[MODULE_EXTRAS][MODULE_TEXT];	/* NAME=VALUE, or /FOLDER that it may write to */
	unsigned extras;
};

struct modules {
	struct module_conf m[MODULES_MAX];
	unsigned           n;
};

/* For conf.c. A section begins; one of its keys; the end of the last one. NULL where all is well, else what is
 * wanted instead. */
const char *modules_begin(struct modules *all, const char *name);
const char *modules_set(struct modules *all, const char *key, const char *value);
const char *modules_end(const struct modules *all);

/* Goes on in the table of drivers from the reader's row to the first that may have its card: modules whose patterns
 * fit, the native driver, OpenSC. False: none is left, nobody knows the card. */
bool drivers_pick(struct reader *r);

/* What a worker for the reader's row is to be told behind its first argument (children.h), NULL-terminated; NULL:
 * the native drivers'. Valid until the next call. */
char *const *drivers_args(const struct reader *r);

/* The row's name ("piv", "opensc", a module's), and in `why` the line of the configuration or the rule that gave it
 * the card. */
const char *drivers_name(const struct reader *r);
const char *drivers_why(const struct reader *r);

/* Asks every module without patterns for its slots, now or a moment later; what it had and has no more is gone. */
void modules_scan(void);
void modules_scan_soon(void);

/* Is every module asked that is to be? */
bool modules_settled(void);
#endif
