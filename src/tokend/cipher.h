/* RSA encryption's side of the encodings that both sign and encrypt. */
#ifndef BSRE_TOKEND_CIPHER_H
#define BSRE_TOKEND_CIPHER_H
#include "mech.h"

err encrypt_pkcs1(const struct op *op, const struct object *key, struct span in, struct buf *out) MUST_USE;
err encrypt_raw(const struct op *op, const struct object *key, struct span in, struct buf *out) MUST_USE;
err open_pkcs1(const struct op *op, struct span block, struct span cipher, struct buf *out) MUST_USE;
err open_raw(const struct op *op, struct span block, struct span cipher, struct buf *out) MUST_USE;
size_t overhead_pkcs1(const struct op *op);
size_t overhead_raw(const struct op *op);
#endif
