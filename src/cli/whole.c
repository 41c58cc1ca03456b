/* Our own files line by line: "# key = value" is a suggestion, and a line may be made one. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "whole.h"

#define OURS "made by bsre-token register"

/* The next line of s without its end; moves s behind it. */
static struct span next(struct span *s)
{
	const uint8_t *end = s->n ? memchr(s->p, '\n', s->n) : NULL;
	struct span line = { s->p, end ? (size_t)(end - s->p) : s->n };
	size_t skip = line.n + (end != NULL);

	*s = skip < s->n ? (struct span){ s->p + skip, s->n - skip } : SPAN_NONE;
	return line;
}

static bool blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r'; }

/* The line without marks of comment and blanks around it. */
static struct span body(struct span line)
{
	while (line.n && (blank(line.p[0]) || line.p[0] == '#'))
		line = (struct span){ line.p + 1, line.n - 1 };
	while (line.n && blank(line.p[line.n - 1]))
		line.n--;
	return line;
}

static bool is_comment(struct span line)
{
	while (line.n && blank(line.p[0]))
		line = (struct span){ line.p + 1, line.n - 1 };
	return line.n && line.p[0] == '#';
}

/* The module's path in the line, where it says what `ours`, a line of the text, says; SPAN_NONE: it does not. */
static struct span path_in(struct span line, struct span ours, const char *module)
{
	struct span b = body(line), o = body(ours);
	const uint8_t *at = o.n ? memmem(o.p, o.n, module, strlen(module)) : NULL;
	size_t front = at ? (size_t)(at - o.p) : 0, back = at ? o.n - front - strlen(module) : 0;

	if (!at || b.n <= front + back || memcmp(b.p, o.p, front) != 0 || b.p[front] != '/' ||
	    (back && memcmp(b.p + b.n - back, o.p + o.n - back, back) != 0))
		return SPAN_NONE;
	return (struct span){ b.p + front, b.n - front - back };
}

static struct span path_of(struct span line, const char *text, const char *module)
{
	struct span rest = span_str(text), path = SPAN_NONE;

	while (rest.n && !path.p)
		path = path_in(line, next(&rest), module);
	return path;
}

static struct span last_name(struct span path)
{
	const uint8_t *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

	return slash ? (struct span){ slash + 1, path.n - (size_t)(slash - path.p) - 1 } : path;
}

/* Was it told by us: is it in what was put in, or a module of the same file name? */
static bool was_ours(struct span path, const char *module, const char *before)
{
	return (before && memmem(before, strlen(before), path.p, path.n)) ||
	       span_eq(last_name(path), last_name(span_str(module)));
}

/* Writes the line, with the module in place of an older path. */
static void put_line(FILE *f, struct span line, struct span old, const char *module)
{
	size_t front = old.p ? (size_t)(old.p - line.p) : line.n;

	fwrite(line.p, 1, front, f);
	if (old.p) {
		fputs(module, f);
		fwrite(old.p + old.n, 1, line.n - front - old.n, f);
	}
}

err whole_look(struct span file, const char *text, const char *module, const char *before, enum look *look,
	       struct span *moved)
{
	struct span rest = file;
	bool there = false, old = false, other = !before && !(file.n && memmem(file.p, file.n, OURS, strlen(OURS)));
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	*moved = SPAN_NONE;
	if (!f)
		return FAIL(GENERAL);
	while (rest.n) {
		struct span line = next(&rest), path = path_of(line, text, module);
		bool active = path.p && !is_comment(line), same = path.p && span_eq(path, span_str(module));
		bool ours = path.p && was_ours(path, module, before);

		there = there || (active && same);
		old = old || (active && !same && ours);
		other = other || (active && !same && !ours);
		put_line(f, line, ours ? path : SPAN_NONE, module);
		if (rest.n || file.p[file.n - 1] == '\n')
			fputc('\n', f);
	}
	bool good = fclose(f) == 0;
	*look = other || !(there || old) ? LOOK_OTHER : old ? LOOK_MISSING : LOOK_THERE;
	if (good && *look == LOOK_MISSING)
		*moved = (struct span){ (uint8_t *)out, n };
	else
		free(out);
	return good ? OK : FAIL(GENERAL);
}

/* What stands before "=", with it; the whole where there is none. */
static struct span key_of(struct span line)
{
	const uint8_t *sign = line.n ? memchr(line.p, '=', line.n) : NULL;

	return sign ? (struct span){ line.p, (size_t)(sign - line.p) + 1 } : line;
}

/* Is it a suggestion of ours that was taken up, or a line of ours that was made a comment? */
static bool turned(struct span line, const char *text)
{
	struct span rest = span_str(text), b = body(line);

	while (b.n && rest.n) {
		struct span ours = next(&rest), o = body(ours);

		if (is_comment(line) == is_comment(ours))
			continue;
		if (span_eq(b, o) || (is_comment(ours) && memchr(o.p, '=', o.n) && span_eq(key_of(b), key_of(o))))
			return true;
	}
	return false;
}

struct span whole_take(struct span file, const struct edit *e)
{
	struct span less = edit_take_lines(file, e), rest = less;
	size_t n = 0;
	char *out = NULL;
	FILE *f = less.p ? open_memstream(&out, &n) : NULL;

	while (f && rest.n) {
		struct span from = rest, line = next(&rest);

		if (!turned(line, e->text))
			fwrite(from.p, 1, from.n - rest.n, f);
	}
	free((void *)(uintptr_t)less.p);
	return f && fclose(f) == 0 ? (struct span){ (uint8_t *)out, n } : SPAN_NONE;
}
