/* Traces: what went over the wire and when, without the secrets in it. */
#include "config.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "trace.h"

enum { HEADER = 4 };

err trace_to(struct trace *t, const char *path, uint64_t now_us)
{
	if (t->file)
		fclose(t->file);
	t->file = NULL;
	if (!path)
		return OK;
	struct stat st;
	/* what is opened by an order must not make the token wait, as a pipe would */
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return FAIL(FILE);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return FAIL(FILE);
	}
	t->file = fdopen(fd, "a");
	t->began = now_us;
	if (!t->file)
		close(fd);
	return t->file ? OK : FAIL(FILE);
}

/* Hex, with everything behind `clear` bytes of the front and before `tail` of the end masked. */
static void put_hex(FILE *f, struct span s, size_t clear, size_t tail)
{
	for (size_t i = 0; i < s.n; i++)
		if (i < clear || i + tail >= s.n)
			fprintf(f, "%02X", s.p[i]);
		else
			fputs("**", f);
}

/* How many bytes after the header are Lc: one, or three when the first is zero. None where Lc and
 * the data do not fit together: then it may be a part of a PIN. */
static size_t lc_bytes(struct span command)
{
	struct cur c = cur_of(command);

	(void)cur_take(&c, HEADER);
	size_t bytes = 1, n = cur_u8(&c);
	if (n == 0) {
		bytes = 3;
		n = cur_u16(&c);
	}
	(void)cur_take(&c, n);
	return c.bad || cur_left(&c) > (bytes == 1 ? 1 : 2) ? 0 : bytes;
}

void trace_hex(FILE *f, struct span command, enum mask mask)
{
	put_hex(f, command, mask ? HEADER + lc_bytes(command) : command.n, 0);
}

void trace_hex_reply(FILE *f, struct span reply, enum mask mask)
{
	put_hex(f, reply, mask ? 0 : reply.n, mask == MASK_ALL ? 0 : 2);
}

void trace_apdu(struct trace *t, uint64_t now_us, struct span command, struct span reply,
	enum mask mask)
{
	if (!t->file)
		return;
	fprintf(t->file, "%llu > ", (unsigned long long)((now_us - t->began) / 1000));
	trace_hex(t->file, command, mask);
	fputs(" < ", t->file);
	if (!reply.n)
		fputc('-', t->file);
	trace_hex_reply(t->file, reply, mask);
	fputc('\n', t->file);
	fflush(t->file);
}
