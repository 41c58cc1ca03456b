/* bsre-tokend.conf, read by its table. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "conf.h"
#include "lib/log.h"
#include "lib/span.h"

enum { FILE_BYTES_MAX = 65536 };

static const struct row {
	const char *key, *unit, *what;
	size_t      at;
	uint32_t    least, most, otherwise;
} rows[] = {
#define CONF(key, field, least, most, otherwise, unit, what) \
	{ #key, unit, what, offsetof(struct conf, field), least, most, otherwise },
#define TEXT(key, set, otherwise, what)
#define MODULE(key, set, what)
#include "conf.def"
#undef CONF
#undef TEXT
#undef MODULE
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static uint32_t *field(struct conf *c, const struct row *r)
{
	return (uint32_t *)(void *)((char *)c + r->at);
}

/* --- keys that hold a text: NULL where it was taken, else what is wanted --------------------------- */
static const char *set_prompt(struct conf *c, const char *value)
{
	bool known = strcmp(value, "auto") == 0 || strcmp(value, "never") == 0 || *value == '/';

	if (!known || strlen(value) >= sizeof c->prompt)
		return "prompt wants auto, never or the path of a pinentry";
	snprintf(c->prompt, sizeof c->prompt, "%s", value);
	return NULL;
}

static const char *set_app(struct conf *c, const char *value)
{
	const char *what;

	return ok(apps_add(&c->apps, value, &what)) ? NULL : what;
}

static const char *set_quirk(struct conf *c, const char *value)
{
	return quirks_add(&c->quirks, value);
}

static const struct text {
	const char *key, *otherwise;
	const char *(*set)(struct conf *, const char *);
} texts[] = {
#define CONF(key, field, least, most, otherwise, unit, what)
#define TEXT(key, set, otherwise, what) { #key, otherwise, set },
#define MODULE(key, set, what)
#include "conf.def"
#undef CONF
#undef TEXT
#undef MODULE
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

static const struct text *text_of(const char *key)
{
	for (size_t i = 0; i < TEXTS; i++)
		if (strcmp(texts[i].key, key) == 0)
			return &texts[i];
	return NULL;
}

void conf_default(struct conf *c)
{
	*c = (struct conf){ 0 };
	for (size_t i = 0; i < ROWS; i++)
		*field(c, &rows[i]) = rows[i].otherwise;
	for (size_t i = 0; i < TEXTS; i++)
		if (*texts[i].otherwise)
			texts[i].set(c, texts[i].otherwise);
}

static char *trim(char *s)
{
	size_t n;

	s += strspn(s, " \t\r");
	for (n = strlen(s); n && strchr(" \t\r", s[n - 1]);)
		s[--n] = '\0';
	return s;
}

static err bad_line(const char *path, unsigned line, const char *what)
{
	log_line(LOG_ERROR, "%s:%u: %s; nothing in this file is used", path, line, what);
	return FAIL(FILE);
}

static err set(struct conf *c, const char *path, unsigned line, const char *key, const char *value)
{
	char text[160];
	const struct text *t = text_of(key);
	char *end;

	if (t) {
		const char *wanted = t->set(c, value);
		return wanted ? bad_line(path, line, wanted) : OK;
	}
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		if (strcmp(r->key, key) != 0)
			continue;
		bool yes = strcmp(value, "yes") == 0 || strcmp(value, "1") == 0;
		if (!*r->unit && (yes || strcmp(value, "no") == 0 || strcmp(value, "0") == 0)) {
			*field(c, r) = yes;
			return OK;
		}
		if (!*r->unit) {
			snprintf(text, sizeof text, "%s wants yes or no", key);
			return bad_line(path, line, text);
		}
		errno = 0;
		unsigned long v = strtoul(value, &end, 10);
		if (errno || end == value || *end || *value == '-' || v < r->least || v > r->most) {
			snprintf(text, sizeof text, "%s wants a whole number of %s from %u to %u", key, r->unit,
			         r->least, r->most);
			return bad_line(path, line, text);
		}
		*field(c, r) = (uint32_t)v;
		return OK;
	}
	snprintf(text, sizeof text, "there is no key \"%.40s\"; see bsre-tokend.conf(5)", key);
	return bad_line(path, line, text);
}

/* [module NAME] */
static err section(struct conf *c, const char *path, unsigned line, char *s)
{
	static const char kind[] = "[module ";
	size_t n = strlen(s);

	if (s[n - 1] != ']' || strncmp(s, kind, sizeof kind - 1) != 0)
		return bad_line(path, line, "the only sections are [module NAME]");
	s[n - 1] = '\0';
	const char *wanted = modules_begin(&c->modules, trim(s + sizeof kind - 1));
	return wanted ? bad_line(path, line, wanted) : OK;
}

/* After a section's line the keys are the module's. */
static err set_any(struct conf *c, const char *path, unsigned line, const char *key, const char *value)
{
	if (c->modules.n == 0)
		return set(c, path, line, key, value);
	const char *wanted = modules_set(&c->modules, key, value);
	return wanted ? bad_line(path, line, wanted) : OK;
}

static err parse(struct conf *c, const char *path, char *text)
{
	unsigned line = 0;
	const char *wanted;

	for (char *s = text, *next; s; s = next) {
		next = strchr(s, '\n');
		if (next)
			*next++ = '\0';
		line++;
		char *comment = strchr(s, '#');
		if (comment)
			*comment = '\0';
		s = trim(s);
		if (!*s)
			continue;
		if (*s == '[') {
			TRY(section(c, path, line, s));
			continue;
		}
		char *equals = strchr(s, '=');
		if (!equals)
			return bad_line(path, line, "wants `key = value`");
		*equals = '\0';
		TRY(set_any(c, path, line, trim(s), trim(equals + 1)));
	}
	wanted = modules_end(&c->modules);
	return wanted ? bad_line(path, line, wanted) : OK;
}

/* A regular file of bearable size. -1: there is none (errno ENOENT) or it cannot be read. */
static ssize_t slurp(const char *path, char *text)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -1;
	ssize_t n = -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < FILE_BYTES_MAX)
		n = read(fd, text, FILE_BYTES_MAX - 1);
	else
		errno = EINVAL;
	close(fd);
	return n;
}

err conf_read(struct conf *c, const char *path)
{
	static char text[FILE_BYTES_MAX];
	static struct conf copy;
	ssize_t n = slurp(path, text);

	if (n < 0 && errno == ENOENT)
		return OK;
	if (n < 0)
		return bad_line(path, 0, "is not a file that can be read");
	text[n] = '\0';
	if (strlen(text) != (size_t)n)
		return bad_line(path, 0, "holds a zero byte");
	copy = *c;
	TRY(parse(&copy, path, text));
	*c = copy;
	return OK;
}
