/* Plays a transcript of commands and replies. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "reader-replay.h"

struct replay {
	struct reader r;
	struct span text;		/* what is left to play */
	unsigned    line;		/* of its first line, from 1 */
	bool        differed;
};

static const char yubikey[] = "3BFD1300008131FE158073C021C057597562694B657940";

static bool blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r'; }

static struct span trim(struct span s)
{
	while (s.n && blank(s.p[0]))
		s.p++, s.n--;
	while (s.n && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* The next line that says something, comments off; empty at the end. Stays where it is. */
static struct span peek_line(struct replay *p)
{
	while (p->text.n) {
		const uint8_t *nl = memchr(p->text.p, '\n', p->text.n);
		struct span line = span_first(p->text, nl ? (size_t)(nl - p->text.p) : p->text.n);
		const uint8_t *hash = line.n ? memchr(line.p, '#', line.n) : NULL;
		struct span said = trim(span_first(line, hash ? (size_t)(hash - line.p) : line.n));
		if (said.n)
			return said;
		size_t skip = line.n + (nl ? 1 : 0);
		p->text = (struct span){ p->text.p + skip, p->text.n - skip };
		p->line++;
	}
	return SPAN_NONE;
}

static void next_line(struct replay *p)
{
	const uint8_t *nl = memchr(p->text.p, '\n', p->text.n);
	size_t skip = nl ? (size_t)(nl - p->text.p) + 1 : p->text.n;

	p->text = (struct span){ p->text.p + skip, p->text.n - skip };
	p->line++;
}

static int digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10
		: c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next byte of hex text, -1 for two stars, -2 at the end or at what is no hex. */
static int hex_byte(struct cur *c)
{
	uint8_t hi;

	do
		hi = cur_u8(c);
	while (!c->bad && blank(hi));
	uint8_t lo = cur_u8(c);
	if (!c->bad && hi == '*' && lo == '*')
		return -1;
	return c->bad || digit(hi) < 0 || digit(lo) < 0 ? -2 : digit(hi) << 4 | digit(lo);
}

static bool matches(struct span hex, struct span command)
{
	struct cur want = cur_of(hex);

	for (size_t i = 0; i < command.n; i++) {
		int byte = hex_byte(&want);
		if (byte == -2 || (byte >= 0 && byte != command.p[i]))
			return false;
	}
	return cur_left(&want) == 0;
}

static void put_hex(struct buf *b, struct span hex)
{
	struct cur c = cur_of(hex);

	for (int byte; (byte = hex_byte(&c)) >= 0;)
		buf_be(b, (uint64_t)byte, 1);
}

/* The rest of the next line where it begins with `word`; false, and the line stays, where not. */
static bool take(struct replay *p, const char *word, struct span *rest)
{
	struct span line = peek_line(p), head = span_str(word);

	if (line.n < head.n || !span_eq(span_first(line, head.n), head))
		return false;
	*rest = trim((struct span){ line.p + head.n, line.n - head.n });
	next_line(p);
	return true;
}

static err differ(struct replay *p, struct span command)
{
	if (!p->differed) {
		fprintf(stderr, "replay line %u: got", p->line);
		for (size_t i = 0; i < command.n; i++)
			fprintf(stderr, " %02X", command.p[i]);
		fprintf(stderr, "\n");
	}
	p->differed = true;
	return FAIL(GENERAL);
}

static err transmit(struct reader *r, struct span command, struct buf *reply)
{
	struct replay *p = (struct replay *)r;
	struct span line = peek_line(p), want, answer;

	if (line.n < 1 || line.p[0] != '>' ||
			!matches((struct span){ line.p + 1, line.n - 1 }, command))
		return differ(p, command);
	if (!take(p, ">", &want) || !take(p, "<", &answer))
		return differ(p, command);
	if (span_eq(answer, span_str("gone")))
		return FAIL(TOKEN_GONE);
	if (span_eq(answer, span_str("reset"))) {
		p->r.lost = true;
		return FAIL(BAD_REPLY);
	}
	put_hex(reply, answer);
	return OK;
}

static err begin(struct reader *r)
{
	struct span rest;

	r->lost = false;
	take((struct replay *)r, "begin", &rest);
	return OK;
}

static err end(struct reader *r, enum ending how)
{
	struct replay *p = (struct replay *)r;
	struct span rest;

	if (take(p, "end", &rest) && (rest.n > 0) != (how == END_RESET))
		return differ(p, SPAN_NONE);
	return OK;
}

static void close_replay(struct reader *r)
{
	(void)r;			/* the test asks it what was played, and frees it */
}

struct reader *reader_replay(const char *text)
{
	struct replay *p = calloc(1, sizeof *p);
	struct span hex = span_str(yubikey);

	if (!p)
		return NULL;
	p->r = (struct reader){ .transmit = transmit, .begin = begin, .end = end,
		.close = close_replay, .protocol = 1 };
	p->text = span_str(text);
	p->line = 1;
	take(p, "atr", &hex);
	struct buf atr = BUF(p->r.atr);
	put_hex(&atr, hex);
	p->r.atr_n = atr.n;
	return &p->r;
}

void reader_replay_grown(struct reader *r, size_t n)
{
	((struct replay *)r)->text.n += n;
}

bool reader_replay_done(const struct reader *r, unsigned *line)
{
	struct replay p = *(const struct replay *)r;

	bool rest = peek_line(&p).n > 0;
	*line = p.line;
	return !rest && !p.differed;
}
