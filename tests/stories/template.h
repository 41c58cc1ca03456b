/* Templates as a story writes them: "class=data,label=Note,token=y,id=x0102". A value is y or n (a truth
 * value), a class by its name, # and a number (CK_ULONG), x and bytes in hex, @ and a file, or text. */
#ifndef BSRE_STORIES_TEMPLATE_H
#define BSRE_STORIES_TEMPLATE_H
#include <stdbool.h>
#include "lib/cryptoki.h"

enum { TEMPLATE_ATTRS = 16, TEMPLATE_BYTES = 8192 };

struct template {
	CK_ATTRIBUTE attrs[TEMPLATE_ATTRS];
	CK_ULONG     n;
	CK_BYTE      bytes[TEMPLATE_BYTES];	/* what attrs point into */
	size_t       used;
};

/* False where it is no template. The words are cut out of a copy. */
bool template_read(const char *text, struct template *t);

bool template_type(const char *name, CK_ATTRIBUTE_TYPE *type);
#endif
