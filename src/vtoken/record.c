/* Transcripts written: each exchange with the command's name before it and the status word's meaning
 * behind it. */
#include "config.h"
#include <fcntl.h>
#include <unistd.h>
#include "card.h"
#include "record.h"

err record_to(struct record *r, const char *path, struct span atr)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return FAIL(FILE);
	r->file = fdopen(fd, "w");
	if (!r->file) {
		close(fd);
		return FAIL(FILE);
	}
	fputs("# a transcript of bsre-vtoken; ** stands for bytes that are nobody's business\natr ", r->file);
	trace_hex_reply(r->file, atr, MASK_NONE);
	fputc('\n', r->file);
	fflush(r->file);
	return OK;
}

static const char *title(struct span command)
{
	if (command.n < 2)
		return "not a command";
	switch (command.p[1]) {
	case 0xA4: return "SELECT";
	case 0xC0: return "GET RESPONSE";
	case 0x1D: return "READ CONFIG (Yubico)";
#define INS(ins, name, models, hot, title) case ins: return title;
#include "ins.def"
#undef INS
	default: return "not a command of PIV";
	}
}

static const char *meaning(uint16_t sw)
{
	static const struct { uint16_t sw, mask; const char *text; } rows[] = {
#define SW(sw, mask, code, text) { sw, mask, text },
#include "lib/sw.def"
#undef SW
	};
	size_t i = 0;

	if (sw >> 8 == 0x61)
		return "more with GET RESPONSE";
	while ((sw & rows[i].mask) != rows[i].sw)
		i++;			/* the last row matches everything */
	return rows[i].text;
}

/* Does the second step of a challenge and response carry what the next run will not repeat? */
static bool random_inside(struct span command)
{
	return command.n > 5 && command.p[1] == 0x87 && command.p[3] == 0x9B;
}

void record_apdu(struct record *r, struct span command, struct span reply, enum mask mask)
{
	if (!r->file)
		return;
	fprintf(r->file, "\n# %s%s\n> ", title(command),
		command.n && command.p[0] & 0x10 ? ", to be continued" : "");
	trace_hex(r->file, command, mask || random_inside(command) ? MASK_DATA : MASK_NONE);
	fputs("\n< ", r->file);
	trace_hex_reply(r->file, reply, mask);
	if (reply.n >= 2 && mask != MASK_ALL)
		fprintf(r->file, "\t# %s",
			meaning((uint16_t)(reply.p[reply.n - 2] << 8 | reply.p[reply.n - 1])));
	fputc('\n', r->file);
	fflush(r->file);
}

void record_event(struct record *r, const char *what)
{
	if (!r->file)
		return;
	fprintf(r->file, "\n%s\n", what);
	fflush(r->file);
}
