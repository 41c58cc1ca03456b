/* The table of quirks: its settings parsed, its rows matched. */
#include "config.h"
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include "lib/log.h"
#include "quirks.h"
#include "token.h"

enum { LINE_MAX_BYTES = 256 };

/* --- settings ------------------------------------------------------------------------------------ */
static bool number(const char *s, char end, uint32_t *out, const char **rest)
{
	char *stop;
	unsigned long v = strtoul(s, &stop, 10);

	*out = (uint32_t)v;
	*rest = stop + (*stop == end);
	return stop != s && v <= 65536 && *stop == end;
}

static bool set_pin(struct quirk *q, const char *value)
{
	const char *rest;

	return number(value, '-', &q->pin_min, &rest) && number(rest, '\0', &q->pin_max, &rest) &&
		q->pin_min <= q->pin_max && q->pin_max <= 64;
}

static bool set_rsa_max(struct quirk *q, const char *value)
{
	const char *rest;

	return number(value, '\0', &q->rsa_max, &rest);
}

static bool set_init(struct quirk *q, const char *value)
{
	return snprintf(q->init, sizeof q->init, "%s", value) < (int)sizeof q->init && *value;
}

/* Settings that are one word. */
static const struct word { const char *text; uint32_t flag; } words[] = {
	{ "pin=digits",        WAY_PIN_DIGITS },
	{ "rsa=no-sign",       WAY_RSA_BROKEN },
	{ "generate=no",       WAY_NO_GENERATE },
	{ "puk=only",          WAY_PUK_ONLY },
	{ "so=management-key", WAY_SO_MANAGEMENT },
	{ "pin-pad=yes",       WAY_PIN_PAD },
};

static const struct key { const char *key; bool (*set)(struct quirk *, const char *); } keys[] = {
	{ "pin=", set_pin }, { "rsa-max=", set_rsa_max }, { "init=", set_init },
};

static bool set(struct quirk *q, const char *setting)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].text, setting) == 0) {
			q->flags |= words[i].flag;
			return true;
		}
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (strncmp(keys[i].key, setting, strlen(keys[i].key)) == 0)
			return keys[i].set(q, setting + strlen(keys[i].key));
	return false;
}

static bool set_all(struct quirk *q, char *settings)
{
	char *save = NULL;
	unsigned n = 0;

	for (char *s = strtok_r(settings, " \t", &save); s; s = strtok_r(NULL, " \t", &save), n++)
		if (!set(q, s))
			return false;
	return n != 0;
}

/* MANUFACTURER|MODEL|ATR may hold blanks: it ends behind its second bar at the first one. */
static char *end_of_pattern(char *line)
{
	char *bar = strchr(line, '|');

	bar = bar ? strchr(bar + 1, '|') : NULL;
	return bar ? bar + strcspn(bar, " \t") : NULL;
}

const char *quirks_add(struct quirks *all, const char *line)
{
	char copy[LINE_MAX_BYTES];
	struct quirk q = { 0 };

	if (all->n == QUIRKS_MAX)
		return "there are more than 16 quirks";
	if (snprintf(copy, sizeof copy, "%s", line) >= (int)sizeof copy)
		return "this is too long";
	char *end = end_of_pattern(copy);
	if (!end || !*end || end - copy >= (int)sizeof q.who)
		return "quirk wants MANUFACTURER|MODEL|ATR and then settings";
	*end = '\0';
	snprintf(q.who, sizeof q.who, "%.*s", (int)sizeof q.who - 1, copy);
	if (!set_all(&q, end + 1))
		return "quirk knows the settings pin=MIN-MAX, pin=digits, rsa-max=BITS, rsa=no-sign, generate=no, "
		       "puk=only, so=management-key, pin-pad=yes and init=TOOL";
	all->q[all->n++] = q;
	return NULL;
}

/* --- which token --------------------------------------------------------------------------------- */
static const struct quirks *built_in(void)
{
	static struct quirks all;
	static const char *const rows[][2] = {
#define QUIRK(who, settings, source) { who, settings },
#include "quirks.def"
#undef QUIRK
	};
	char line[LINE_MAX_BYTES];

	for (size_t i = all.n; i < sizeof rows / sizeof rows[0]; i++) {
		snprintf(line, sizeof line, "%s %s", rows[i][0], rows[i][1]);
		const char *wrong = quirks_add(&all, line);
		if (wrong) {
			log_line(LOG_ERROR, "quirks.def: %s: %s", line, wrong);
			break;
		}
	}
	return &all;
}

static const struct quirk *find(const struct quirks *all, const char *who)
{
	for (unsigned i = 0; i < all->n; i++)
		if (fnmatch(all->q[i].who, who, 0) == 0)
			return &all->q[i];
	return NULL;
}

const struct quirk *quirk_of(const struct token *t)
{
	char who[sizeof t->manufacturer + sizeof t->model + 2 * sizeof t->reader->atr + 8];

	if (!(t->flags & TOKEN_BY_ID))
		return NULL;			/* our own drivers know what they do */
	const struct reader *r = t->reader->of ? t->reader->of : t->reader;
	int n = snprintf(who, sizeof who, "%s|%s|", t->manufacturer, t->model);
	for (size_t i = 0; i < r->atr_n; i++)
		n += snprintf(who + n, sizeof who - (size_t)n, "%02X", r->atr[i]);
	const struct quirk *q = find(&broker.conf.quirks, who);
	return q ? q : find(built_in(), who);
}

void quirk_apply(struct token *t)
{
	static const struct { uint32_t bits, alg; } rsa[] = {
		{ 1024, ALG_RSA1024 }, { 2048, ALG_RSA2048 }, { 3072, ALG_RSA3072 }, { 4096, ALG_RSA4096 },
	};
	const struct quirk *q = quirk_of(t);

	if (!q)
		return;
	log_line(LOG_INFO, "token=%u quirk=%s", t->id, q->who);
	if (q->pin_max) {
		t->pin_min = q->pin_min;
		t->pin_max = q->pin_max;
	}
	for (size_t i = 0; i < sizeof rsa / sizeof rsa[0]; i++)
		if (q->rsa_max && rsa[i].bits > q->rsa_max)
			t->algs &= ~(1u << rsa[i].alg);
	if (q->flags & WAY_NO_GENERATE)
		t->flags &= ~(uint32_t)TOKEN_CAN_GENERATE;
	if (q->flags & WAY_PIN_PAD)
		log_line(LOG_WARNING, "token=%u has a PIN pad, which is not used: PINs are typed at the computer",
		         t->id);
}
