/* Tokens that are otherwise than their module says (quirks.def). */
#ifndef BSRE_TOKEND_QUIRKS_H
#define BSRE_TOKEND_QUIRKS_H
#include <stdbool.h>
#include <stdint.h>

enum { QUIRKS_MAX = 16 };

struct token;

struct quirk {
	char     who[160];		/* manufacturer|model|ATR, a pattern */
	char     init[32];		/* what initialises it; "": its module does */
	uint32_t flags;			/* WAY_ of records.h */
	uint32_t rsa_max;		/* bits; 0: as it says */
	uint32_t pin_min, pin_max;	/* characters; 0: as it says */
};

struct quirks { struct quirk q[QUIRKS_MAX]; unsigned n; };

/* For conf.c: adds `PATTERN SETTING...`. NULL where it was taken, else what is wanted. */
const char *quirks_add(struct quirks *all, const char *line);

/* The quirk of a token that was just identified; NULL: none is known. */
const struct quirk *quirk_of(const struct token *t);

/* Sets what the token said right by it. */
void quirk_apply(struct token *t);
#endif
