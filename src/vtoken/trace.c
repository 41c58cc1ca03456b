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
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return FAIL(FILE);
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

void trace_hex(FILE *f, struct span command, bool hot)
{
	/* Lc stays readable: one byte, or three when the first is zero */
	size_t lc = command.n > HEADER + 1 && command.p[HEADER] == 0 ? 3 : 1;

	put_hex(f, command, hot ? HEADER + lc : command.n, 0);
}

void trace_hex_reply(FILE *f, struct span reply, bool hot)
{
	put_hex(f, reply, hot ? 0 : reply.n, 2);
}

void trace_apdu(struct trace *t, uint64_t now_us, struct span command, struct span reply, bool hot)
{
	if (!t->file)
		return;
	fprintf(t->file, "%llu > ", (unsigned long long)((now_us - t->began) / 1000));
	trace_hex(t->file, command, hot);
	fputs(" < ", t->file);
	if (!reply.n)
		fputc('-', t->file);
	trace_hex_reply(t->file, reply, hot);
	fputc('\n', t->file);
	fflush(t->file);
}
