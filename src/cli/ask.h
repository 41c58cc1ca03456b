/* Questions to the person at the terminal, and secrets from there or from files. Nothing here reads
 * a secret from the command line or the environment. */
#ifndef BSRE_CLI_ASK_H
#define BSRE_CLI_ASK_H
#include "cli.h"
#include "lib/secret.h"

/* Names of the secrets: what the prompts speak of. */
enum ask_secret { ASK_PIN, ASK_NEW_PIN, ASK_PUK, ASK_NEW_PUK };

/* A secret that exists: from the option's file where it was given, else typed without echo.
 * PIN_NEEDED, said: no file and no terminal. FILE: the file cannot be read. PIN_INVALID, said: the file
 * is empty, has a second line or is too long. CANCELED: nothing was typed, or ^D. */
err ask_secret(struct cli *c, enum ask_secret what, struct secret *out) MUST_USE;

/* A secret to be set: the same, typed twice, and by the rules of pinrule.h within least..most
 * (0: the rules' own). At the terminal a bad one is asked for again, three times in all.
 * PIN_LENGTH or PIN_INVALID, said: against the rules. */
err ask_new_secret(struct cli *c, enum ask_secret what, unsigned least, unsigned most,
		   struct secret *out) MUST_USE;

/* May it go on? OK with --yes or a yes. REFUSED, said: a no, or no terminal to ask at. */
err ask_yes(struct cli *c, const char *format, ...) __attribute__((format(printf, 2, 3))) MUST_USE;

/* Before anything is spent for it: can the output (file_write's name) be written, and may what is there be
 * replaced? FILE, said: it cannot. REFUSED as ask_yes. */
err ask_output(struct cli *c, const char *name) MUST_USE;

/* As ask_yes, where the person must type `word`. */
err ask_word(struct cli *c, const char *word, const char *format, ...)
	__attribute__((format(printf, 3, 4))) MUST_USE;

/* The same, and --yes does not answer it. PIN_LAST_TRY, said: no terminal. */
err ask_person(const char *word, const char *format, ...)
	__attribute__((format(printf, 2, 3))) MUST_USE;

/* A secret from a file: one line; "\n" or "\r\n" may end it. */
err ask_from_file(const char *name, struct secret *out) MUST_USE;
#endif
