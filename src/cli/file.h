/* Whole files in and out. */
#ifndef BSRE_CLI_FILE_H
#define BSRE_CLI_FILE_H
#include "lib/err.h"
#include "lib/span.h"

enum { FILE_MOST = 1 << 20 };		/* bytes of a certificate or DN file: more is none */

/* Opens what an option names: a path, - (standard input) or fd:N. Gives the descriptor and whether it
 * is the caller's to close. FILE, said: it cannot, or it is a folder. */
err file_open(const char *name, int *fd, bool *close_it) MUST_USE;

/* The whole file, at most FILE_MOST bytes and one zero behind them; the caller frees out->p. FILE,
 * said: it cannot be read or is longer. */
err file_read(const char *name, struct span *out) MUST_USE;

/* All of it, however often that takes; false with errno. */
bool file_write_all(int fd, struct span s) MUST_USE;

/* Refuses an output that is the same file as the input, whatever it is called. USAGE, said. Either may
 * be NULL. */
err file_apart(const char *in, const char *out) MUST_USE;

/* Could file_write write it now? Tried with a temporary that is taken away again. there: something of that
 * name would be replaced. FILE, said: it could not, or it is a folder. */
err file_ready(const char *name, bool *there) MUST_USE;

/* Writes a file so that it is there whole or not at all (a temporary beside it, fsync, rename), mode
 * 0666 less the umask. A symbolic link to a file is replaced, not followed; what is no file (a pipe, a
 * device) is written to. "-", "/dev/stdout" or NULL: standard output. FILE, said: it could not. */
err file_write(const char *name, struct span data) MUST_USE;
#endif
