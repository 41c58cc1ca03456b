/* A program with a PKCS#11 module loaded, as the benches' clients need one: whatever goes wrong ends it
 * with a sentence. */
#ifndef BSRE_BENCH_PROGRAM_H
#define BSRE_BENCH_PROGRAM_H
#include <stdint.h>
#include "lib/cryptoki.h"

extern CK_FUNCTION_LIST_PTR p11;

/* Ends the program where rv is not CKR_OK, naming what was done. */
void must(CK_RV rv, const char *what);

void program_load(const char *module);

/* After C_Initialize: a session with the first token there is. */
CK_SESSION_HANDLE program_open(CK_SLOT_ID *slot);

/* The first object of a class whose CKA_ID is that one byte; any id where it is 0. */
CK_OBJECT_HANDLE program_find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, CK_BYTE id);

/* Nanoseconds of a clock that only goes forward. */
int64_t now_ns(void);
#endif
