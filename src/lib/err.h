/* One failure type for the whole house: a struct, so the compiler refuses to mix it with CK_RV,
 * pcsc's LONG, errno or a status word. `sw` rides along from the card to the sentence. */
#ifndef BSRE_ERR_H
#define BSRE_ERR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cryptoki.h"

#define N_(text) text					/* marks a sentence for xgettext */

enum err_code {
#define ERR(no, code, ckr, exit, text) E_##code = no,
#include "err.def"
#undef ERR
};
typedef struct { uint16_t code, sw; } err;

#define OK        ((err){ E_OK, 0 })
#define FAIL(c)   ((err){ E_##c, 0 })
#define MUST_USE  __attribute__((warn_unused_result))
#define TRY(x)    do { err e_ = (x); if (e_.code != E_OK) return e_; } while (0)

static inline bool ok(err e) { return e.code == E_OK; }

/* The meaning of a card's status word (sw.def). */
err err_from_sw(uint16_t sw) MUST_USE;

/* Is this number a row of err.def? For what arrives from a socket. */
bool err_known(uint16_t code);

/* What a PKCS#11 caller, and what the shell, gets for it. */
CK_RV err_ckr(err e);
int   err_exit(err e);

/* The row's name ("PIN_WRONG"), for logs and --json. Static. */
const char *err_name(err e);

/* The row's sentence, untranslated: a key for gettext. Static. */
const char *err_text(err e);

/* How many tries a wrong PIN or PUK left, as the card said; -1 where it did not say. */
int err_tries(err e);
#endif
