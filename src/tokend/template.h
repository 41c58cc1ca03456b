/* Templates of programs, held against attr.def: what may be said of an object, when, and in which form. */
#ifndef BSRE_TOKEND_TEMPLATE_H
#define BSRE_TOKEND_TEMPLATE_H
#include "object.h"

/* What the program does with the template. FORM: only lengths are looked at, and that nothing is said twice. */
enum template_use { TEMPLATE_FORM = 0, TEMPLATE_NEW = 1, TEMPLATE_COPY = 2, TEMPLATE_SET = 4 };

/* Attribute records that came from a program, for objects of these kinds. now: the object that is copied or
 * changed, NULL where it is new. BAD_FRAME, TEMPLATE_INCONSISTENT (something is said twice), ATTR_TYPE,
 * ATTR_VALUE (its length), ATTR_READ_ONLY. Attributes of other vendors are nobody's concern. */
err template_check(struct span attrs, unsigned kinds, enum template_use use, const struct object *now) MUST_USE;

/* Is what the template says true of the object? A session object keeps what it is told, and only what it has
 * from elsewhere (`same`) is compared; a token has room for little (`set`), and the rest must be as it is
 * anyway. TEMPLATE_INCONSISTENT. */
err template_agrees(struct span attrs, const struct object *o) MUST_USE;

/* Writes `changes`, then what they leave of `attrs`. */
void template_merge(struct buf *b, struct span changes, struct span attrs);
#endif
