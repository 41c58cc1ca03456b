/* The token that a command works on: which one, its session, its login. */
#ifndef BSRE_CLI_TOKEN_H
#define BSRE_CLI_TOKEN_H
#include "cli.h"
#include "lib/secret.h"
#include "wire/records.h"

enum { TOKENS_MAX = 32, READERS_MAX = 64 };

/* What there is, borrowed from r. */
struct tokens { struct TokenRec_in t[TOKENS_MAX]; size_t n; };
struct readers { struct ReaderRec_in r[READERS_MAX]; size_t n; };
err tokens_get(struct cli *c, struct tokens *out, struct reply *r) MUST_USE;
err readers_get(struct cli *c, struct readers *out, struct reply *r) MUST_USE;

/* Fills c->token with the one that --token names, or the only one. NO_TOKEN, said: none, none of that
 * name, or what is in the readers instead. ARGUMENTS, said: several and none named, or an ambiguous label. */
err token_choose(struct cli *c) MUST_USE;
void token_of(struct cli *c, const struct TokenRec_in *t);

/* NO_READERS (pcscd is not there), NO_TOKEN, or what the readers hold instead, said: for commands that found nothing
 * to show. */
err token_none(struct cli *c) MUST_USE;

/* A read-write session, where none is open yet. */
err token_session(struct cli *c) MUST_USE;

/* Asks for the PIN (or takes it from the file) and logs in; the caller keeps pin for a key that wants it
 * again. Fails as token_tries does, and as a login does. */
err token_login(struct cli *c, struct secret *pin) MUST_USE;

/* Warns where only two tries are left. PIN_LAST_TRY: one, which only a command of `pin` spends; PIN_BLOCKED:
 * none. Asked before a PIN is typed. */
err token_tries(struct cli *c) MUST_USE;

/* The same, and the last is spent where the person at the terminal types that they mean it: then *last is 1, as the
 * call wants it. PIN_LAST_TRY: no terminal, or the PIN comes from a file; REFUSED: they did not want to. */
err token_tries_last(struct cli *c, uint32_t *last) MUST_USE;

/* That for the PUK, whose tries are read from the card and told. PUK_BLOCKED. */
err token_puk_tries(struct cli *c, uint32_t *last) MUST_USE;
#endif
