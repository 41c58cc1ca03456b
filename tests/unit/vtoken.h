/* A card for unit tests: blank, in memory, spoken to in hex. */
#ifndef BSRE_UNIT_VTOKEN_H
#define BSRE_UNIT_VTOKEN_H
#include "unit.h"
#include "vtoken/card.h"

struct desk { struct state state; struct card card; uint8_t reply[REPLY_MAX]; size_t n; };

/* A powered card, PIV selected. */
struct desk *desk_new(enum model model);
void         desk_free(struct desk *d);

/* One APDU in hex (blanks allowed); the status word. The reply stays in d->reply (n without it). */
unsigned apdu(struct desk *d, const char *hex);
unsigned apdu_bytes(struct desk *d, struct span command);

/* The reply's data. */
struct span reply(const struct desk *d);

/* Header and body as one extended APDU with Le 0. */
unsigned extended(struct desk *d, uint32_t header, struct span body);

/* Bytes of a hex string; the buf's room is the caller's. */
void unhex(struct buf *b, const char *hex);

/* The management key proved by challenge and response, mutual or single: the last status word. */
unsigned login_mgm(struct desk *d, bool mutual);
#endif
