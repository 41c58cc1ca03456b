/* One piece of text in and out of a file, byte for byte. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "edit.h"

void edit_free(struct edit *e)
{
	free(e->text);
	*e = (struct edit){ 0 };
}

/* Three pieces, one behind the other, with a zero behind them. */
static struct span join(struct span a, struct span b, struct span c)
{
	size_t n = a.n + b.n + c.n;
	struct buf out = { .p = malloc(n + 1), .cap = n + 1 };

	if (!out.p)
		return SPAN_NONE;
	buf_put(&out, a);
	buf_put(&out, b);
	buf_put(&out, c);
	buf_fill(&out, 0, 1);
	return (struct span){ out.p, n };
}

static struct span from(struct span s, size_t at)
{
	return at < s.n ? (struct span){ s.p + at, s.n - at } : SPAN_NONE;
}

struct span edit_make(struct span file, const struct edit *e)
{
	if (e->at > file.n)
		return SPAN_NONE;
	return join(span_first(file, e->at), span_str(e->text), from(file, e->at));
}

struct span edit_without(struct span file, size_t begin, size_t end)
{
	return join(span_first(file, begin), from(file, end), SPAN_NONE);
}

static bool at_place(struct span file, size_t at, struct span text)
{
	return at <= file.n && text.n <= file.n - at && text.n &&
	       memcmp(file.p + at, text.p, text.n) == 0;
}

bool edit_take_back(struct span file, const struct edit *e, struct span *out)
{
	struct span text = span_str(e->text);
	size_t at = e->at, found = 0;

	if (!at_place(file, at, text)) {
		for (size_t i = 0; text.n && i + text.n <= file.n; i++)
			if (at_place(file, i, text)) {
				at = i;
				found++;
			}
		if (found != 1)
			return false;
	}
	*out = edit_without(file, at, at + text.n);
	return out->p != NULL;
}

/* The next line of s with its end; moves s behind it. Empty: there is none. */
static struct span next_line(struct span *s)
{
	const uint8_t *end = s->n ? memchr(s->p, '\n', s->n) : NULL;
	struct span line = { s->p, end ? (size_t)(end - s->p) + 1 : s->n };

	*s = (struct span){ s->n ? s->p + line.n : s->p, s->n - line.n };
	return line;
}

struct span edit_take_lines(struct span file, const struct edit *e)
{
	struct buf out = { .p = malloc(file.n + 1), .cap = file.n + 1 };
	struct span ours = span_str(e->text), rest = file, want = next_line(&ours);

	if (!out.p)
		return SPAN_NONE;
	while (rest.n) {
		struct span line = next_line(&rest), left = ours, other = want;

		/* a line of ours that a person took out is passed over */
		while (other.n && !span_eq(other, line))
			other = next_line(&left);
		if (other.n) {
			ours = left;
			want = next_line(&ours);
		} else {
			buf_put(&out, line);
		}
	}
	size_t n = out.n;
	buf_fill(&out, 0, 1);
	return (struct span){ out.p, n };
}

/* How many bytes of whole lines a and b begin with alike. */
static size_t same_front(struct span a, struct span b)
{
	size_t n = 0;

	while (a.n && b.n) {
		struct span x = next_line(&a), y = next_line(&b);

		if (!span_eq(x, y))
			break;
		n += x.n;
	}
	return n;
}

/* The same from the end, within what is left. */
static size_t same_back(struct span a, struct span b)
{
	size_t n = 0, good = 0, most = a.n < b.n ? a.n : b.n;

	while (n < most && a.p[a.n - 1 - n] == b.p[b.n - 1 - n]) {
		n++;
		if ((n == a.n || a.p[a.n - 1 - n] == '\n') && (n == b.n || b.p[b.n - 1 - n] == '\n'))
			good = n;
	}
	return good;
}

static void diff_lines(FILE *f, char sign, struct span s)
{
	while (s.n) {
		struct span line = next_line(&s);
		size_t n = line.n;

		while (n && (line.p[n - 1] == '\n' || line.p[n - 1] == '\r'))
			n--;
		fprintf(f, "%c%.*s\n", sign, (int)n, (const char *)line.p);
	}
}

char *edit_diff(struct span before, struct span after)
{
	char *text = NULL;
	size_t n = 0, front = same_front(before, after);
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return NULL;
	before = from(before, front);
	after = from(after, front);
	size_t back = same_back(before, after);

	diff_lines(f, '-', span_first(before, before.n - back));
	diff_lines(f, '+', span_first(after, after.n - back));
	return fclose(f) == 0 ? text : NULL;
}
