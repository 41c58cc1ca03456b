/* The table of drivers, and the processes that ask modules for their slots. */
#include "config.h"
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "child.h"
#include "children.h"
#include "lib/log.h"
#include "modules.h"
#include "token.h"
#include "wire/events.h"

enum { SCAN_LIMIT_MS = 20000, SCAN_SOON_MS = 300, SHA256_DIGITS = 64 };

/* --- the configuration ---------------------------------------------------------------------------- */
static const char *keep(char *out, size_t size, const char *value)
{
	if (strlen(value) >= size)
		return "this is too long";
	snprintf(out, size, "%s", value);
	return NULL;
}

static const char *set_path(struct module_conf *m, const char *value)
{
	return *value == '/' ? keep(m->path, sizeof m->path, value)
		: "path wants the whole path of a PKCS#11 module";
}

static const char *set_sha256(struct module_conf *m, const char *value)
{
	return strlen(value) == SHA256_DIGITS && strspn(value, "0123456789abcdefABCDEF") == SHA256_DIGITS
		? keep(m->sha256, sizeof m->sha256, value)
		: "sha256 wants 64 hexadecimal digits, as sha256sum prints them";
}

static const char *set_reader(struct module_conf *m, const char *value)
{
	return *value ? keep(m->reader, sizeof m->reader, value) : "reader wants a pattern";
}

static const char *set_atr(struct module_conf *m, const char *value)
{
	return *value && strspn(value, "0123456789ABCDEF*?[]") == strlen(value)
		? keep(m->atr, sizeof m->atr, value)
		: "atr wants a pattern of the ATR in upper case hexadecimal digits";
}

static const char *add_extra(struct module_conf *m, const char *value)
{
	return m->extras < MODULE_EXTRAS ? keep(m->extra[m->extras++], MODULE_TEXT, value)
		: "there are too many env and write lines in this section";
}

static const char *set_env(struct module_conf *m, const char *value)
{
	return *value != '=' && *value != '/' && strchr(value, '=') ? add_extra(m, value) : "env wants NAME=VALUE";
}

static const char *set_write(struct module_conf *m, const char *value)
{
	return *value == '/' ? add_extra(m, value) : "write wants the whole path of a folder";
}

static const struct key {
	const char *key;
	const char *(*set)(struct module_conf *, const char *);
} keys[] = {
#define CONF(key, field, least, most, otherwise, unit, what)
#define TEXT(key, set, otherwise, what)
#define MODULE(key, set, what) { #key, set },
#include "conf.def"
#undef CONF
#undef TEXT
#undef MODULE
};

const char *modules_end(const struct modules *all)
{
	const struct module_conf *last = all->n ? &all->m[all->n - 1] : NULL;

	if (!last || (*last->path && *last->sha256))
		return NULL;
	return *last->path ? "the section of the module before wants a line sha256 = ... (sha256sum prints it)"
		: "the section of the module before wants a line path = ...";
}

const char *modules_begin(struct modules *all, const char *name)
{
	const char *wanted = modules_end(all);

	if (wanted)
		return wanted;
	if (all->n == MODULES_MAX)
		return "there are more than 8 modules";
	if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name) ||
	    strlen(name) >= sizeof all->m[0].name || strcmp(name, "opensc") == 0 || strcmp(name, "piv") == 0)
		return "a module's name is of small letters, digits and -, and neither opensc nor piv";
	for (unsigned i = 0; i < all->n; i++)
		if (strcmp(all->m[i].name, name) == 0)
			return "there is a module of that name already";
	all->m[all->n] = (struct module_conf){ 0 };
	snprintf(all->m[all->n++].name, sizeof all->m[0].name, "%s", name);
	return NULL;
}

const char *modules_set(struct modules *all, const char *key, const char *value)
{
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (strcmp(keys[i].key, key) == 0)
			return keys[i].set(&all->m[all->n - 1], value);
	return "a module's section has the keys path, sha256, reader, atr, env and write; see bsre-tokend.conf(5)";
}

/* --- which driver gets which card ------------------------------------------------------------------ */
/* The rows: a module each, in the order of the file; then our own drivers; then OpenSC. */
static unsigned row_native(void) { return broker.conf.modules.n; }
static unsigned row_opensc(void) { return broker.conf.modules.n + 1; }

static void hex(const struct reader *r, char out[2 * sizeof r->atr + 1])
{
	out[0] = '\0';
	for (size_t i = 0; i < r->atr_n; i++)
		snprintf(out + 2 * i, 3, "%02X", r->atr[i]);
}

static bool fits(const struct module_conf *m, const struct reader *r)
{
	char atr[2 * sizeof r->atr + 1];

	hex(r, atr);
	if (!*m->reader && !*m->atr)
		return false;
	return (!*m->reader || fnmatch(m->reader, r->name, 0) == 0) &&
		(!*m->atr || fnmatch(m->atr, atr, 0) == 0);
}

static bool may_have(const struct reader *r, unsigned row)
{
	if (r->of || r->own)
		return true;			/* its row is fixed */
	if (reader_is_vtoken(r))
		return row == row_native();
	if (row < broker.conf.modules.n)
		return fits(&broker.conf.modules.m[row], r);
	return row == row_native() ? broker.conf.driver_piv
		: broker.conf.driver_opensc && access(OPENSC_MODULE, R_OK) == 0;
}

bool drivers_pick(struct reader *r)
{
	while (r->row <= row_opensc() && !may_have(r, r->row))
		r->row++;
	return r->row <= row_opensc();
}

char *const *drivers_args(const struct reader *r)
{
	static char part[12], opensc[] = "opensc", path[] = OPENSC_MODULE, none[] = "-";
	static char *args[MODULE_ARGS_MAX + 1];
	size_t n = 4;

	if (r->row == row_native())
		return NULL;
	struct module_conf *m = r->row < row_native() ? &broker.conf.modules.m[r->row] : NULL;
	snprintf(part, sizeof part, "%u", r->part);
	args[0] = m ? m->name : opensc;
	args[1] = m ? m->path : path;
	args[2] = m ? m->sha256 : none;
	args[3] = part;
	for (unsigned i = 0; m && i < m->extras; i++)
		args[n++] = m->extra[i];
	args[n] = NULL;
	return args;
}

const char *drivers_name(const struct reader *r)
{
	if (r->row < row_native())
		return broker.conf.modules.m[r->row].name;
	return r->row == row_native() ? "piv" : "opensc";
}

const char *drivers_why(const struct reader *r)
{
	static char text[MODULE_TEXT];
	const struct module_conf *m = r->row < row_native() ? &broker.conf.modules.m[r->row] : NULL;

	if (r->own)
		snprintf(text, sizeof text, "slot of the module %s", m->name);
	else if (m)
		snprintf(text, sizeof text, "[module %s] %s%s%s%s%s", m->name, *m->reader ? "reader = " : "", m->reader,
		         *m->reader && *m->atr ? ", " : "", *m->atr ? "atr = " : "", m->atr);
	else if (r->row == row_native())
		snprintf(text, sizeof text, "driver.piv = yes, no module is configured for it");
	else
		snprintf(text, sizeof text, "%s", broker.conf.driver_piv ? "it is no PIV card, driver.opensc = yes"
			: "driver.piv = no, driver.opensc = yes");
	return text;
}

/* --- a module's own slots ---------------------------------------------------------------------------- */
static struct scan {
	struct child     child;
	sd_event_source *limit;
	bool             running, told;
	unsigned         turn;		/* which asking it is */
} scans[MODULES_MAX];

static unsigned scan_row(const struct scan *s) { return (unsigned)(s - scans); }

/* why: NULL where it told all that it has. */
static void scan_over(struct scan *s, const char *why)
{
	if (why)
		log_line(LOG_ERROR, "module %s: %s; none of its own slots is served",
		         broker.conf.modules.m[scan_row(s)].name, why);
	slots_gone(scan_row(s), s->turn);
	s->told = true;
	s->running = false;
	broker_cancel(&s->limit);
	if (modules_settled())
		tokens_scanned();
}

static void scan_frame(void *owner, const struct frame *f)
{
	struct cur c = cur_of(f->body);
	struct scan *s = owner;
	struct ReaderState_in state;
	struct ModuleState_in module;

	if (f->what == ReaderState_ID) {
		ReaderState_get_in(&c, &state);
		if (cur_done(&c))
			told_slot(&state, scan_row(s), s->turn);
	} else if (f->what == ModuleState_ID) {
		ModuleState_get_in(&c, &module);
		scan_over(s, cur_done(&c) && module.code == E_OK ? NULL : "it cannot be used");
	}
}

static void scan_gone(void *owner)
{
	struct scan *s = owner;

	if (!s->told)
		scan_over(s, "its process crashed when it was asked for its slots");
}

static int scan_hangs(sd_event_source *source, uint64_t usec, void *data)
{
	struct scan *s = data;

	(void)source, (void)usec;
	child_stop(&s->child, true);
	scan_over(s, "it does not say which slots it has and is stopped");
	return 0;
}

static void scan_start(struct scan *s)
{
	static char option[] = "--module";
	struct reader like = { .row = scan_row(s), .own = true };
	char *args[MODULE_ARGS_MAX + 2] = { option };

	child_stop(&s->child, true);
	char *const *rest = drivers_args(&like);
	for (size_t i = 0; rest[i]; i++)
		args[i + 1] = rest[i];
	s->child = (struct child){ .fd = -1, .owner = s, .frame = scan_frame, .gone = scan_gone };
	s->told = false;
	s->running = true;
	s->turn++;
	broker_after(&s->limit, SCAN_LIMIT_MS, scan_hangs, s);
	if (!ok(child_start(&s->child, "monitor", args)))
		scan_over(s, "its process cannot be started");
}

void modules_scan(void)
{
	for (unsigned i = 0; i < broker.conf.modules.n; i++)
		if (!*broker.conf.modules.m[i].reader && !*broker.conf.modules.m[i].atr)
			scan_start(&scans[i]);
}

static int scan_now(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s, (void)usec, (void)data;
	modules_scan();
	return 0;
}

void modules_scan_soon(void)
{
	static sd_event_source *soon;

	if (broker.conf.modules.n)
		broker_after(&soon, SCAN_SOON_MS, scan_now, NULL);
}

bool modules_settled(void)
{
	for (size_t i = 0; i < MODULES_MAX; i++)
		if (scans[i].running)
			return false;
	return true;
}
