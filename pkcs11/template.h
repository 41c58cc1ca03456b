/* Cryptoki's structures as records for the wire: templates and mechanism parameters. */
#ifndef BSRE_PKCS11_TEMPLATE_H
#define BSRE_PKCS11_TEMPLATE_H
#include "lib/span.h"
#include "pkcs11-3.h"

/* A buf on the heap that is wiped and freed when its scope ends: a template may hold a key's value. */
#define ROOM __attribute__((cleanup(room_free))) struct buf
void room_free(struct buf *b);
/* False: no memory. */
bool room_make(struct buf *b, size_t n);

/* True for an attribute that is made of attributes. */
bool template_nested(CK_ATTRIBUTE_TYPE type);

/* Writes a template as AttrRec records. CKR_ARGUMENTS_BAD: attrs is NULL and n is not 0.
 * CKR_ATTRIBUTE_VALUE_INVALID: a value without memory. CKR_ATTRIBUTE_TYPE_INVALID: an attribute made of
 * attributes. CKR_DEVICE_MEMORY: more than a frame holds. CKR_HOST_MEMORY. */
CK_RV template_put(struct buf *to, const CK_ATTRIBUTE *attrs, CK_ULONG n);

/* Writes a mechanism's parameter as its record of records.def; nothing where it has none; the bytes as
 * they are where the mechanism is not one of those. CKR_MECHANISM_PARAM_INVALID. */
CK_RV params_put(struct buf *to, const CK_MECHANISM *mech);
#endif
