/* What the utility tells the person beside its result, on standard error: notes, warnings, what
 * failed and what to do next. And the one place where foreign text is made fit to print. */
#ifndef BSRE_CLI_SAY_H
#define BSRE_CLI_SAY_H
#include "cli.h"
#include "lib/text.h"

#define PRINTF(at, first) __attribute__((format(printf, at, first)))

/* Keeps the words for the end of the run, where they stand in place of e's sentence, and gives e
 * back. The first words said for a failure stay. */
err say_fail(err e, const char *format, ...) PRINTF(2, 3) MUST_USE;

/* The words kept so far, which are kept no more: for a failure that is not the end. NULL: none. Static. */
const char *say_forget(void);

/* The command to use next, in place of the one in advice.def. */
void say_next(const char *format, ...) PRINTF(1, 2);

/* Notes are dropped with --quiet; warnings never. */
void say_quiet(bool quiet);
void say_note(const char *format, ...) PRINTF(1, 2);
void say_warn(const char *format, ...) PRINTF(1, 2);

/* Ends a failed run: what happened, to which token, what to do next. Also into c->result. */
void say_end(struct cli *c, err e);

/* text_clean() into static storage of four alternating places, at most 255 bytes. */
const char *say_clean(const char *s);
const char *say_span(struct span s);
#endif
