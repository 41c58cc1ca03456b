/* The table of facts.def as the including file's headers have it. */
#ifndef BSRE_TEST_FACTS_H
#define BSRE_TEST_FACTS_H
#include <stddef.h>

struct fact { const char *of; unsigned long is; };

#define SIZE_OF(type)         { "the size of " #type, sizeof(type) },
#define PLACE_OF(type, field) { #type "." #field, offsetof(type, field) },
#define VALUE_OF(name)        { #name, (unsigned long)(name) },
#define FACTS_END             { NULL, 0 }

extern const struct fact facts_nss[];
#endif
