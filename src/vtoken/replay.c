/* Transcripts played: a card that knows one conversation by heart. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "record.h"

enum { TEXT_MAX = 4 << 20, SW_LOST = 0x6F00 };

/* The next line that is not empty, without its comment and the blanks around it; false: the end. */
static bool next_line(struct replay *p, struct span *line)
{
	while (p->at < p->n) {
		const char *from = p->text + p->at, *end = memchr(from, '\n', p->n - p->at);
		size_t n = end ? (size_t)(end - from) : p->n - p->at;
		p->at += n + (end != NULL);
		p->line++;
		const char *hash = memchr(from, '#', n);
		n = hash ? (size_t)(hash - from) : n;
		while (n && (from[n - 1] == ' ' || from[n - 1] == '\t' || from[n - 1] == '\r'))
			n--;
		*line = (struct span){ (const uint8_t *)from, n };
		if (n)
			return true;
	}
	return false;
}

static int digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10
		: c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next byte of a line of hex: 0-255, ANY for "**", -1 at the end, -2 for anything else. */
enum { ANY = 256, END = -1, WRONG = -2 };

static int next_byte(struct cur *c)
{
	while (cur_left(c) && (*c->p == ' ' || *c->p == '\t'))
		(void)cur_u8(c);
	if (!cur_left(c))
		return END;
	struct span two = cur_take(c, 2);
	if (c->bad)
		return WRONG;
	if (span_eq(two, span_str("**")))
		return ANY;
	int high = digit(two.p[0]), low = digit(two.p[1]);
	return high < 0 || low < 0 ? WRONG : high << 4 | low;
}

/* What follows the first word of a line, if it is this one. */
static bool starts(struct span line, const char *word, struct cur *rest)
{
	struct span w = span_str(word);

	*rest = cur_of(line);
	return span_eq(cur_take(rest, w.n), w) && !rest->bad;
}

/* Every byte of hex into b; "**" as zero. */
static bool read_hex(struct cur rest, struct buf *b)
{
	int v;

	while ((v = next_byte(&rest)) >= 0)
		buf_be(b, v == ANY ? 0 : (unsigned)v, 1);
	return v == END && !b->bad;
}

static bool matches(struct cur rest, struct span command)
{
	int v;
	size_t i = 0;

	for (; (v = next_byte(&rest)) >= 0; i++)
		if (i >= command.n || (v != ANY && v != command.p[i]))
			return false;
	return v == END && i == command.n;
}

static bool read_text(struct replay *p, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf b = { .p = malloc(TEXT_MAX), .cap = TEXT_MAX };
	ssize_t n = -1;

	if (fd < 0 || !b.p) {
		free(b.p);
		return false;
	}
	while (buf_room(&b) && ((n = read(fd, b.p + b.n, buf_room(&b))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0)
			buf_grow(&b, (size_t)n);
	close(fd);
	p->text = (char *)b.p;
	p->n = b.n;
	return n == 0;
}

/* The whole text once, before anything is played: a mistake is found here and not in the middle. */
static bool check(struct replay *p)
{
	uint8_t room[65536];
	struct span line;
	struct cur rest;
	bool asked = false;

	while (next_line(p, &line)) {
		struct buf b = BUF(room);
		if (starts(line, "atr ", &rest)) {
			struct buf atr = BUF(p->atr_bytes);
			if (!read_hex(rest, &atr) || asked)
				return false;
			p->atr = buf_span(&atr);
		} else if (starts(line, "> ", &rest)) {
			if (asked || !read_hex(rest, &b))
				return false;
			asked = true;
		} else if (starts(line, "< ", &rest)) {
			if (!asked || !read_hex(rest, &b))
				return false;
			asked = false;
		} else if (asked || !(starts(line, "power", &rest) || starts(line, "reset", &rest))) {
			return false;
		}
	}
	return !asked;
}

err replay_open(struct replay *p, const char *path, unsigned *line)
{
	*p = (struct replay){ 0 };
	if (!read_text(p, path))
		return FAIL(FILE);
	bool good = check(p);
	*line = p->line;
	p->at = 0;
	p->line = 0;
	return good ? OK : FAIL(DATA_INVALID);
}

void replay_close(struct replay *p)
{
	free(p->text);
	*p = (struct replay){ 0 };
}

err replay_transmit(struct replay *p, struct span command, struct buf *reply)
{
	struct replay was = *p;
	struct span line;
	struct cur rest;

	while (next_line(p, &line))
		if (starts(line, "> ", &rest)) {
			if (!matches(rest, command))
				break;
			if (next_line(p, &line) && starts(line, "< ", &rest) && read_hex(rest, reply))
				return OK;
			break;
		}
	/* the place stays, so that a program that says the right thing next goes on */
	unsigned at = p->line;
	*p = was;
	p->line = at;
	buf_be(reply, SW_LOST, 2);
	return FAIL(NOT_FOUND);
}
