/* Lines of JSON, each with the SHA-256 of the one before it. */
#include "config.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "history.h"
#include "lib/head.h"
#include "say.h"

enum { HASH_HEX = 64 };

static bool own_folder(char *out, size_t size)
{
	const char *state = secure_getenv("XDG_STATE_HOME"), *home = secure_getenv("HOME");
	int n = -1;

	if (state && state[0] == '/')
		n = snprintf(out, size, "%s/bsre-token/ledger", state);
	else if (home && home[0] == '/')
		n = snprintf(out, size, "%s/.local/state/bsre-token/ledger", home);
	return n > 0 && (size_t)n < size;
}

/* "2026-11.jsonl" */
static int is_month(const struct dirent *e)
{
	static const char form[] = "dddd-dd.jsonl";
	size_t i = 0;

	for (; form[i] && e->d_name[i]; i++)
		if (form[i] == 'd' ? e->d_name[i] < '0' || e->d_name[i] > '9' : e->d_name[i] != form[i])
			return 0;
	return !form[i] && !e->d_name[i];
}

static void hash_line(const char *line, size_t n, char out[HASH_HEX + 1])
{
	uint8_t md[EVP_MAX_MD_SIZE] = { 0 };
	unsigned len = 0;

	if (EVP_Digest(line, n, md, &len, EVP_sha256(), NULL) != 1)
		len = 0;
	out[0] = 0;
	for (unsigned i = 0; i < len && i < HASH_HEX / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", md[i]);
}

static void broken_at(struct history *h, const char *name, unsigned at)
{
	if (!h->broken[0])
		snprintf(h->broken, sizeof h->broken, _("%s, line %u"), name, at);
}

/* One line: kept, and held against the hash of the one before; `last` becomes its own. */
static void take_line(struct history *h, const char *name, unsigned at, const char *line, size_t n,
		      char last[HASH_HEX + 1])
{
	json_t *o = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	const char *previous = json_string_value(json_object_get(o, "previous"));

	if (!previous || strcmp(previous, last) != 0)
		broken_at(h, name, at);
	hash_line(line, n, last);
	h->n++;
	if (json_is_object(o)) {
		json_array_append_new(h->lines, o);
	} else {
		json_decref(o);
		h->unreadable++;
	}
}

/* Where the head says that the ledger ended, and whether it does. */
struct end { struct head head; bool met; };

static bool is_its_month(const struct end *end, const char *name)
{
	return strncmp(name, end->head.month, sizeof end->head.month - 1) == 0;
}

/* Behind a line of the head's month that ends at `bytes`. */
static void hold_against(struct history *h, struct end *end, const char *name, unsigned at,
			 unsigned long long bytes, const char *last)
{
	if (end->met || bytes < end->head.bytes || !is_its_month(end, name))
		return;
	end->met = true;
	if (bytes > end->head.bytes || strcmp(last, end->head.hash) != 0)
		broken_at(h, name, at);
}

static err take_month(struct history *h, const char *folder, const char *name, struct end *end,
		      char last[HASH_HEX + 1])
{
	char path[4400], *line = NULL;
	unsigned long long bytes = 0;
	size_t room = 0;
	unsigned at = 0;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "re");
	if (!f)
		return say_fail(FAIL(FILE), _("%s cannot be read: %s"), say_clean(path), strerror(errno));
	for (ssize_t n; (n = getline(&line, &room, f)) > 0;) {
		take_line(h, name, ++at, line, (size_t)n, last);
		hold_against(h, end, name, at, bytes += (unsigned long long)n, last);
	}
	if (!end->met && is_its_month(end, name)) {
		end->met = true;
		broken_at(h, name, at + 1);		/* the line that is missing */
	}
	bool bad = ferror(f);
	free(line);
	fclose(f);
	return bad ? say_fail(FAIL(FILE), _("%s cannot be read: %s"), say_clean(path), strerror(errno)) : OK;
}

/* Read before the lines: they may grow meanwhile. Where nothing was written yet there is nothing to meet. */
static err read_end(const char *folder, struct end *end)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err e = fd < 0 ? FAIL(NOT_FOUND) : head_read(fd, &end->head);

	if (fd >= 0)
		close(fd);
	end->met = !ok(e) || end->head.bytes == 0;
	return e;
}

static err read_months(struct history *h, const char *folder, struct dirent **months, int n, struct end *end)
{
	char last[HASH_HEX + 1];
	err e = OK;

	snprintf(last, sizeof last, "%0*d", HASH_HEX, 0);
	for (int i = 0; i < n; i++) {
		if (ok(e))
			e = take_month(h, folder, months[i]->d_name, end, last);
		free(months[i]);
	}
	free(months);
	return e;
}

err history_read(const char *folder, struct history *out)
{
	struct dirent **months = NULL;
	struct end end = { 0 };
	char own[4096], name[20];

	*out = (struct history){ .lines = json_array() };
	if (!folder && !own_folder(own, sizeof own))
		return say_fail(FAIL(NOT_FOUND), _("there is no home folder, and so no history"));
	if (!folder)
		folder = own;
	err head = read_end(folder, &end);
	int n = scandir(folder, &months, is_month, alphasort);
	if (n <= 0 && end.met && head.code != E_DATA_INVALID)
		return say_fail(FAIL(NOT_FOUND), _("there is no history in %s "
				"yet"), say_clean(folder));
	err e = read_months(out, folder, months, n, &end);
	if (!end.met) {
		snprintf(name, sizeof name, "%.7s.jsonl", end.head.month);
		broken_at(out, name, 1);
	}
	if (!ok(head) && !out->broken[0])
		snprintf(out->broken, sizeof out->broken, _("its end: the file 'head' is missing or unreadable"));
	return e;
}
