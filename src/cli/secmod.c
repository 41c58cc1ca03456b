/* pkcs11.txt, read as NSS reads it: line by line; blocks end at an empty line. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "place.h"
#include "say.h"
#include "secmod.h"

/* A block: its bytes with the empty lines behind it, and two of its values. */
struct block { size_t begin, end; struct span name, path; };

/* The line at *at without its end; *at moves behind it. */
static struct span take_line(struct span file, size_t *at)
{
	const uint8_t *p = file.p + *at, *end = memchr(p, '\n', file.n - *at);
	size_t n = end ? (size_t)(end - p) : file.n - *at;

	*at += n + (end != NULL);
	while (n && (p[n - 1] == '\r' || p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	return (struct span){ p, n };
}

static void take_value(struct span line, const char *key, struct span *out)
{
	size_t n = strlen(key);

	if (line.n >= n && memcmp(line.p, key, n) == 0)
		*out = (struct span){ line.p + n, line.n - n };
}

/* The block that begins at or after b->end; false: there is none. */
static bool next_block(struct span file, struct block *b)
{
	size_t at = b->end;
	bool inside = false;

	*b = (struct block){ .begin = at, .end = at };
	while (at < file.n) {
		size_t begin = at;
		struct span line = take_line(file, &at);

		if (!line.n && inside)
			break;
		if (!line.n)
			continue;
		if (!inside)
			b->begin = begin;
		inside = true;
		take_value(line, "name=", &b->name);
		take_value(line, "library=", &b->path);
	}
	b->end = at;
	return inside;
}

static struct span file_name(struct span path)
{
	const uint8_t *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	size_t skip = slash ? (size_t)(slash - path.p) + 1 : 0;

	return (struct span){ path.p + skip, path.n - skip };
}

/* The library of the block of that name; a text without one is a path itself. */
static struct span library_in(const char *text, const char *name)
{
	struct block b = { 0 };

	while (next_block(span_str(text), &b))
		if (span_eq(b.name, span_str(name)))
			return b.path;
	return span_str(text);
}

static bool same_file(struct span library, const char *other)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%.*s", (int)library.n, library.n ? (const char *)library.p : "");

	return n > 0 && n < PATH_MAX && place_same("", path, other);
}

/* What NSS itself writes first into a folder that has no list yet. */
static void begin_list(FILE *f, const char *folder)
{
	fputs("library=\nname=NSS Internal PKCS #11 Module\nparameters=configdir='sql:", f);
	for (; *folder; folder++) {
		if (strchr("'\\", *folder))
			fputc('\\', f);
		fputc(*folder, f);
	}
	fputs("' certPrefix='' keyPrefix='' secmod='secmod.db' flags= updatedir='' updateCertPrefix='' "
		"updateKeyPrefix='' updateid='' updateTokenDescription='' \n"
		"NSS=Flags=internal,critical trustOrder=75 cipherOrder=100 slotParams=(1={slotFlags=[ECC,"
		"RSA,DSA,DH,RC2,RC4,DES,RANDOM,SHA1,MD5,MD2,SSL,TLS,AES,Camellia,SEED,SHA256,SHA512] "
		"askpw=any timeout=30})\n\n", f);
}

/* A line that is not ended would take ours into itself, and a block that is not ended our block. */
static void end_last(FILE *f, struct span file)
{
	if (file.n && file.p[file.n - 1] != '\n')
		fputs("\n\n", f);
	else if (file.n == 1 || (file.n > 1 && file.p[file.n - 2] != '\n' &&
				 !(file.n > 2 && file.p[file.n - 2] == '\r' && file.p[file.n - 3] == '\n')))
		fputs("\n", f);
}

err secmod_look(struct span file, const char *folder, const char *name, const char *library,
		enum look *look, struct edit *edit)
{
	struct block b = { 0 };
	size_t n = 0;

	*look = LOOK_MISSING;
	*edit = (struct edit){ .at = file.n };
	if (file.n && memchr(file.p, 0, file.n))
		return say_fail(FAIL(DATA_INVALID), _("it is not a list of NSS modules"));
	while (next_block(file, &b)) {
		if (same_file(b.path, library))
			*look = LOOK_THERE;
		else if (*look == LOOK_MISSING && span_eq(b.name, span_str(name)))
			*look = LOOK_OTHER;
	}
	if (*look != LOOK_MISSING)
		return OK;
	FILE *f = open_memstream(&edit->text, &n);
	if (!f)
		return FAIL(GENERAL);
	if (!file.p)
		begin_list(f, folder);
	end_last(f, file);
	fprintf(f, "library=%s\nname=%s\n\n", library, name);
	return fclose(f) == 0 ? OK : FAIL(GENERAL);
}

bool secmod_take_back(struct span file, const struct edit *e, struct span *out)
{
	size_t lead = strspn(e->text, "\n"), n = strlen(e->text);
	struct edit inner = { .at = e->at + lead, .text = e->text + lead };
	bool last = file.n >= n && memcmp(file.p + file.n - n, e->text, n) == 0;

	return edit_take_back(file, last ? e : &inner, out);
}

err secmod_cut(struct span file, const char *name, const char *ours, struct span *out)
{
	struct span now = file, library = file_name(library_in(ours, name));
	struct block b = { 0 };

	*out = SPAN_NONE;
	while (next_block(now, &b)) {
		if (!span_eq(b.name, span_str(name)) || !span_eq(file_name(b.path), library))
			continue;
		struct span less = edit_without(now, b.begin, b.end);

		free((void *)(uintptr_t)out->p);
		if (!less.p)
			return FAIL(GENERAL);
		*out = now = less;
		b = (struct block){ .end = b.begin };
	}
	return OK;
}
