/* What the broker and a prompt process say to each other, in C (prompts.def through schema.h). */
#ifndef BSRE_WIRE_PROMPTS_H
#define BSRE_WIRE_PROMPTS_H
#define SCHEMA "prompts.def"
#include "schema.h"

/* What the PIN is asked for. Numbers are for ever. */
enum purpose { PURPOSE_LOGIN, PURPOSE_SIGN, PURPOSE_DECRYPT, PURPOSE_DERIVE, PURPOSE_WRITE, PURPOSES };

/* Why it is asked again. */
enum trouble { TROUBLE_NONE, TROUBLE_WRONG, TROUBLE_REPEATED, TROUBLE_LENGTH, TROUBLES };
#endif
