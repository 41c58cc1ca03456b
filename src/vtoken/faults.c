/* Faults: orders parsed, kept until their APDU comes, used once. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include "faults.h"

struct row { const char *name; enum fault_kind kind; const char *usage; };

static const struct row rows[] = {
#define FAULT(name, kind, usage) { name, FAULT_##kind, usage },
#include "faults.def"
#undef FAULT
};

static const struct row *find(const char *name)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (span_eq(span_str(rows[i].name), span_str(name)))
			return &rows[i];
	return NULL;
}

const char *faults_usage(const char *name)
{
	const struct row *r = find(name);

	return r ? r->usage : NULL;
}

bool faults_number(const char *s, int base, uint64_t most, uint64_t *v)
{
	const char *digits = base == 16 ? "0123456789ABCDEFabcdef" : "0123456789";

	errno = 0;
	*v = strtoull(s, NULL, base);
	return *s && !s[strspn(s, digits)] && !errno && *v <= most;
}

static bool is(const char *s, const char *word)
{
	return span_eq(span_str(s), span_str(word));
}

static bool cut_args(struct fault *f, char *const *args, size_t n)
{
	if (n < 1 || n > 2 || !(is(args[0], "before") || is(args[0], "after")))
		return false;
	if (n == 2 && !(is(args[1], "power") || is(args[1], "link")))
		return false;
	f->after = is(args[0], "after");
	f->link = n == 2 && is(args[1], "link");
	return true;
}

static bool fault_args(struct fault *f, char *const *args, size_t n)
{
	uint64_t v;

	switch (f->kind) {
	case FAULT_CUT:
		return cut_args(f, args, n);
	case FAULT_SW:
		if (n != 1 || span_str(args[0]).n != 4 || !faults_number(args[0], 16, 0xFFFF, &v))
			return false;
		f->sw = (uint16_t)v;
		return true;
	case FAULT_STALL:
		f->us = UINT64_MAX;
		if (n == 1 && faults_number(args[0], 10, 86400000, &v))
			f->us = v * 1000;
		return n == 0 || (n == 1 && f->us != UINT64_MAX);
	default:
		return n == 0;
	}
}

err faults_order(struct faults *fs, const char *name, char *const *args, size_t n)
{
	const struct row *r = find(name);
	struct fault f = { 0 };

	if (!r)
		return FAIL(NOT_FOUND);
	f.kind = r->kind;
	if (n < 1 || !faults_number(args[0], 10, UINT32_MAX, &f.at) || !f.at
			|| !fault_args(&f, args + 1, n - 1))
		return FAIL(USAGE);
	if (fs->n == FAULTS_MAX)
		return FAIL(QUOTA);
	f.at += fs->seen;
	for (size_t i = 0; i < fs->n; i++)
		if (fs->f[i].at == f.at)
			return FAIL(ACTION_PROHIBITED);
	fs->f[fs->n++] = f;
	return OK;
}

struct fault faults_next(struct faults *fs)
{
	fs->seen++;
	for (size_t i = 0; i < fs->n; i++)
		if (fs->f[i].at == fs->seen) {
			struct fault f = fs->f[i];
			fs->f[i] = fs->f[--fs->n];
			return f;
		}
	return (struct fault){ .kind = FAULT_NONE };
}

void faults_clear(struct faults *fs)
{
	fs->n = 0;
}
