/* The survey: for whom, where, which programs; and what is said at its end. */
#include "config.h"
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "print.h"
#include "register.h"
#include "running.h"

const struct program_row programs[PROGRAM_COUNT] = {
#define PROGRAM(id, word, name, commands, processes) { word, name, commands, processes, program_##id },
#include "programs.def"
#undef PROGRAM
};

/* --- the options -------------------------------------------------------------------------------- */
static void take_apps(struct survey *s)
{
	const char *list = s->c->args.opt[OPT_app];

	s->named = list != NULL;
	for (int i = 0; i < PROGRAM_COUNT; i++) {
		size_t n = strlen(programs[i].word);

		s->chosen[i] = !list;
		for (const char *p = list; p && *p; p += strcspn(p, ","), p += *p == ',')
			if (strcspn(p, ",") == n && strncmp(p, programs[i].word, n) == 0)
				s->chosen[i] = true;
	}
}

/* A path that can stand in every kind of file without being quoted. */
static bool plain_path(const char *path)
{
	json_t *j = json_string(path);		/* NULL: not UTF-8 */

	json_decref(j);
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7F || strchr("\"'\\$#;%`*?[]{}()<>|&", *p))
			return false;
	return j && path[0] == '/';
}

static err take_module(struct survey *s)
{
	const char *given_path = s->c->args.opt[OPT_module];
	char path[2 * PATH_MAX], real[PATH_MAX];

	if (given_path && given_path[0] != '/' && realpath(given_path, real))
		given_path = real;
	snprintf(s->module, sizeof s->module, "%s", given_path ? given_path : PKCS11DIR "/libbsre-pkcs11.so");
	if (!plain_path(s->module))
		return say_fail(FAIL(USAGE), _("the module's path has characters that other programs misread: %s"),
				say_clean(s->module));
	snprintf(path, sizeof path, "%s%s", s->root, s->module);
	if (access(path, R_OK) != 0)
		return say_fail(FAIL(FILE), _("there is no PKCS#11 module at %s"), say_clean(path));
	return OK;
}

static err take_root(struct survey *s)
{
	const char *root = s->c->args.opt[OPT_root];

	if (!root)
		return OK;
	if (!s->system)
		return say_fail(FAIL(USAGE), _("--root goes with --system"));
	if (!realpath(root, s->root))
		return say_fail(FAIL(FILE), _("there is no folder %s"), say_clean(root));
	if (strcmp(s->root, "/") == 0)
		s->root[0] = 0;
	return OK;
}

/* An environment's folder, or one beneath home. */
static err folder_of(const char *variable, const char *home, const char *beneath, char *out, size_t size)
{
	const char *set = secure_getenv(variable);
	int n = set && set[0] == '/' ? snprintf(out, size, "%s", set) :
				       snprintf(out, size, "%s/%s", home, beneath);

	return n > 0 && (size_t)n < size ? OK : FAIL(FILE);
}

static err take_home(struct survey *s)
{
	const char *home = secure_getenv("HOME");
	const struct passwd *pw = home && home[0] == '/' ? NULL : getpwuid(geteuid());
	char state[PATH_MAX - 64];

	if (pw)
		home = pw->pw_dir;
	if (!home || home[0] != '/')
		return say_fail(FAIL(FILE), _("there is no home folder"));
	if (snprintf(s->home, sizeof s->home, "%s", home) >= PATH_MAX - 256)
		return say_fail(FAIL(FILE), _("there is no home folder"));
	TRY(folder_of("XDG_CONFIG_HOME", s->home, ".config", s->config, sizeof s->config));
	TRY(folder_of("XDG_STATE_HOME", s->home, ".local/state", state, sizeof state));
	snprintf(s->record, sizeof s->record, "%s/bsre-token/registered.json", state);
	return OK;
}

static err take_options(struct survey *s)
{
	struct cli *c = s->c;

	if (given(c, OPT_user) && given(c, OPT_system))
		return say_fail(FAIL(USAGE), _("--user and --system exclude each other"));
	s->system = given(c, OPT_system) || (!given(c, OPT_user) && geteuid() == 0);
	s->dry = given(c, OPT_dry_run);
	take_apps(s);
	TRY(take_root(s));
	if (s->system && geteuid() != 0 && !s->root[0])		/* a try as well: it reads root's record */
		return say_fail(FAIL(REFUSED), _("--system is about files of root: run it with sudo"));
	if (!s->system)
		return take_home(s);
	snprintf(s->record, sizeof s->record, "%.*s/var/lib/bsre-token/registered.json", PATH_MAX - 64, s->root);
	return OK;
}

/* --- what the programs' files use ------------------------------------------------------------------ */
bool survey_installed(const struct survey *s, const char *names)
{
	static const char *const folders[] = { "usr/bin", "usr/local/bin", "snap/bin", "bin" };
	char path[PATH_MAX + 128];

	for (const char *p = names; *p; p += strcspn(p, "|"), p += *p == '|')
		for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
			snprintf(path, sizeof path, "%s/%s/%.*s", s->root, folders[i], (int)strcspn(p, "|"), p);
			if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
				return true;
		}
	return false;
}

const char *survey_folder(const struct survey *s)
{
	static char folder[PATH_MAX + 64];

	if (s->system)
		snprintf(folder, sizeof folder, "%s%s", s->root, SYSCONFDIR);
	else
		snprintf(folder, sizeof folder, "%s/bsre-token", s->config);
	return folder;
}

const char *survey_quoted(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,=";
	static char word[4 * PATH_MAX];
	size_t n = 0;

	if (strspn(path, plain) == strlen(path)) {
		snprintf(word, sizeof word, "%s", path);
		return word;
	}
	word[n++] = '\'';
	for (const char *p = path; *p && n < sizeof word - 8; p++) {
		bool quote = *p == '\'';

		if (quote) {			/* ends the quotes, and begins them again behind it */
			word[n++] = '\'';
			word[n++] = '\\';
		}
		word[n++] = *p;
		if (quote)
			word[n++] = '\'';
	}
	word[n++] = '\'';
	word[n] = 0;
	return word;
}

const char *survey_word(const struct survey *s, const char *name)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", survey_folder(s) + strlen(s->root), name);
	return survey_quoted(path);
}

err survey_target(struct survey *s, enum form form, const char *text, const char *format, ...)
{
	struct target *more = reallocarray(s->targets, s->n + 1, sizeof *more);
	va_list args;

	if (!more)
		return FAIL(GENERAL);
	s->targets = more;
	struct target *t = &more[s->n];
	*t = (struct target){ .program = s->now, .form = form, .text = text ? strdup(text) : NULL };
	va_start(args, format);
	int n = vsnprintf(t->path, sizeof t->path, format, args);
	va_end(args);
	if (n < 0 || n >= (int)sizeof t->path || (text && !t->text)) {
		free(t->text);
		return FAIL(GENERAL);
	}
	s->n++;
	return OK;
}

json_t *survey_row(struct survey *s, enum program program, const char *file, const char *state)
{
	json_t *row = json_pack("{s:s, s:s}", "program", programs[program].word, "state", state);

	if (file)
		json_object_set_new(row, "file", json_string(say_clean(file)));
	json_array_append_new(s->rows, row);
	return row;
}

void survey_absent(struct survey *s, const char *why)
{
	json_object_set_new(survey_row(s, s->now, NULL, "absent"), "reason", json_string(why));
}

void survey_use(struct survey *s, const char *format, ...)
{
	char text[3 * PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	json_array_append_new(s->use, json_pack("{s:s, s:s}", "program", programs[s->now].word, "text", text));
}

err survey_begin(struct cli *c, struct survey *s, bool all)
{
	*s = (struct survey){ .c = c, .rows = json_array(), .use = json_array(), .restart = json_array(),
			      .seen = json_object(), .undo = all };
	TRY(take_options(s));
	if (!all)
		TRY(take_module(s));
	else
		snprintf(s->module, sizeof s->module, "%s", c->args.opt[OPT_module] ?
			 c->args.opt[OPT_module] : PKCS11DIR "/libbsre-pkcs11.so");
	for (int i = 0; i < PROGRAM_COUNT; i++) {
		s->now = (enum program)i;
		if (!s->chosen[i])
			continue;
		if (!all && !s->named && programs[i].commands[0] && !survey_installed(s, programs[i].commands))
			survey_absent(s, _("it is not installed"));
		else
			TRY(programs[i].find(s));
	}
	return OK;
}

void survey_free(struct survey *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->targets[i].text);
	free(s->targets);
	json_decref(s->rows);
	json_decref(s->use);
	json_decref(s->restart);
	json_decref(s->seen);
	*s = (struct survey){ 0 };
}

/* --- the end ------------------------------------------------------------------------------------------ */
static const char *member(const json_t *row, const char *key)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s ? s : "";
}

static const char *state_colour(const json_t *row)
{
	const char *s = member(row, "state");

	return strcmp(s, "failed") == 0 ? "red" :
	       strcmp(s, "registered") == 0 || strcmp(s, "removed") == 0 ? "green" : NULL;
}

static const struct column columns[] = {
	{ "program", N_("PROGRAM"), 0,   0,     NULL },
	{ "state",   N_("STATE"),   0,   WORDS, state_colour },
	{ "file",    N_("FILE"),    0.6, CUT,   NULL },
};

/* Who runs and must be started anew; nothing where it is another system's folder or a try. */
static void tell_running(struct survey *s)
{
	size_t i;
	json_t *row;
	bool changed[PROGRAM_COUNT] = { false };

	json_array_foreach(s->rows, i, row)
		for (int p = 0; p < PROGRAM_COUNT; p++)
			if (strcmp(member(row, "program"), programs[p].word) == 0 &&
			    (strcmp(member(row, "state"), "registered") == 0 ||
			     strcmp(member(row, "state"), "removed") == 0))
				changed[p] = true;
	for (int p = 0; p < PROGRAM_COUNT && !s->root[0]; p++) {
		pid_t pid = changed[p] && programs[p].processes[0] ? running(programs[p].processes, !s->system) : 0;

		if (!pid)
			continue;
		json_array_append_new(s->restart, json_pack("{s:s, s:i}", "program", programs[p].word, "pid",
							    (int)pid));
		say_note(_("%s is running (process %d): close it and start it again to see the change."),
			 programs[p].name, (int)pid);
	}
}

static void tell_rows(struct survey *s)
{
	size_t i;
	json_t *row;

	json_array_foreach(s->rows, i, row) {
		const char *file = member(row, "file"), *why = member(row, "reason"), *diff = member(row, "diff");

		if (s->dry && diff[0] && !given(s->c, OPT_json))
			printf("\n%s\n%s", file, diff);
		if (strcmp(member(row, "state"), "failed") == 0)
			say_warn("%s: %s", file[0] ? file : member(row, "program"), why);
		else if (why[0] && s->named)
			say_note("%s: %s", member(row, "program"), why);
	}
}

static size_t count(const struct survey *s, const char *state)
{
	size_t i, n = 0;
	json_t *row;

	json_array_foreach(s->rows, i, row)
		n += strcmp(member(row, "state"), state) == 0;
	return n;
}

err survey_end(struct survey *s, bool begun)
{
	json_t *result = s->c->result, *u;
	size_t changed = count(s, "registered") + count(s, "removed"), failed = count(s, "failed"), i;

	if (!begun)
		return OK;
	json_object_set_new(result, "scope", json_string(s->system ? "system" : "user"));
	json_object_set_new(result, "module", json_string(say_clean(s->module)));
	json_object_set_new(result, "dry_run", json_boolean(s->dry));
	json_object_set(result, "programs", s->rows);
	json_object_set(result, "use", s->use);
	json_object_set(result, "restart", s->restart);
	json_object_set_new(result, "changed", json_integer((json_int_t)changed));
	json_object_set_new(result, "failed", json_integer((json_int_t)failed));
	if (!given(s->c, OPT_json))
		print_table(s->rows, columns, sizeof columns / sizeof columns[0]);
	fflush(stdout);
	tell_rows(s);
	json_array_foreach(s->use, i, u)
		say_note("%s: %s", member(u, "program"), member(u, "text"));
	if (!s->dry)
		tell_running(s);
	if (s->dry && changed)
		say_note(_("Nothing was changed: that is what would be."));
	else if (!changed && !failed)
		say_note(_("There was nothing to change."));
	if (failed)
		return say_fail(FAIL(FILE), ngettext("%zu place was left alone", "%zu places were left alone",
						     failed), failed);
	return OK;
}
