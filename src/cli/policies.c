/* policies.json: read by jansson, which says where it is wrong; then changed as text, so that nothing but
 * our entry differs. What jansson took needs no further check here: the walk only finds places. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "place.h"
#include "policies.h"
#include "say.h"

/* Places in the text. `before` is the end of what stands before the key: the brace or the comma. */
struct member { size_t before, key, value, end; };
struct object { size_t open, close; struct member last; size_t members; };

static const char *const chain[] = { "policies", "SecurityDevices", "Add" };

static size_t mark(struct span s) { return s.n >= 3 && memcmp(s.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; }

static json_t *load(struct span s, json_error_t *why)
{
	size_t skip = mark(s);

	return json_loadb((const char *)s.p + skip, s.n - skip, JSON_REJECT_DUPLICATES, why);
}

static err not_json(const json_error_t *why)
{
	return say_fail(FAIL(DATA_INVALID), _("it is not JSON: line %d, column %d: %s"), why->line, why->column,
			say_clean(why->text));
}

bool policies_good(struct span file)
{
	json_error_t why;
	json_t *root = load(file, &why);

	json_decref(root);
	return root != NULL;
}

static size_t blank(struct span s, size_t at)
{
	while (at < s.n && memchr(" \t\r\n", s.p[at], 4))
		at++;
	return at;
}

/* The place behind the value that begins at `at`. */
static size_t behind(struct span s, size_t at)
{
	unsigned deep = 0;

	for (bool text = false; at < s.n; at++) {
		uint8_t c = s.p[at];

		if (text && c == '\\') {
			at++;
		} else if (c == '"') {
			text = !text;
			if (!text && !deep)
				return at + 1;
		} else if (!text && (c == '{' || c == '[')) {
			deep++;
		} else if (!text && (c == '}' || c == ']')) {
			if (deep <= 1)
				return deep ? at + 1 : at;
			deep--;
		} else if (!text && !deep && memchr(", \t\r\n", c, 5)) {
			return at;
		}
	}
	return at;
}

static bool is_key(struct span key, const char *name)
{
	json_t *j = json_loadb((const char *)key.p, key.n, JSON_DECODE_ANY, NULL);
	bool same = j && strcmp(json_string_value(j), name) == 0;

	json_decref(j);
	return same;
}

/* Walks the object that opens at o->open: its end, its last member; *found: the member of that name. */
static bool walk(struct span s, struct object *o, const char *name, struct member *found)
{
	bool there = false;
	size_t at = o->open;

	while (at < s.n) {
		struct member m = { .before = at + 1 };

		m.key = blank(s, m.before);
		if (m.key < s.n && s.p[m.key] == '}') {		/* of an empty object */
			o->close = m.key;
			return there;
		}
		size_t key_end = behind(s, m.key);
		m.value = blank(s, blank(s, key_end) + 1);
		m.end = behind(s, m.value);
		if (name && is_key((struct span){ s.p + m.key, key_end - m.key }, name)) {
			*found = m;
			there = true;
		}
		o->members++;
		o->last = m;
		at = blank(s, m.end);
		if (at < s.n && s.p[at] == '}') {
			o->close = at;
			break;
		}
	}
	return there;
}

/* How far the file goes along the chain: the objects that are there, and how long the chain is in the
 * form that the file uses. */
struct path { struct object at[4]; unsigned depth, want; };

static err follow(struct span s, const json_t *root, struct path *p)
{
	const json_t *now = root;

	*p = (struct path){ .want = 3, .at[0].open = blank(s, mark(s)) };
	for (;;) {
		struct object *o = &p->at[p->depth];
		struct member m;

		if (!json_is_object(now))
			return say_fail(FAIL(DATA_INVALID), _("\"%s\" in it is no object"),
					p->depth ? chain[p->depth - 1] : "/");
		if (p->depth == 2 && json_object_size(now) && !json_object_get(now, "Add") &&
		    !json_object_get(now, "Delete"))
			p->want = 2;			/* the form from before Firefox 114 */
		if (p->depth == p->want || !walk(s, o, chain[p->depth], &m)) {
			if (p->depth == p->want)
				walk(s, o, NULL, NULL);
			return OK;
		}
		now = json_object_get(now, chain[p->depth]);
		p->at[++p->depth] = (struct object){ .open = m.value };
	}
}

static const json_t *devices_of(const json_t *root, const struct path *p)
{
	for (unsigned i = 0; i < p->depth; i++)
		root = json_object_get(root, chain[i]);
	return p->depth == p->want ? root : NULL;
}

static enum look look_of(const json_t *devices, const char *root, const char *name, const char *library)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)devices, key, value)
		if (json_is_string(value) && place_same(root, json_string_value(value), library))
			return LOOK_THERE;
	return json_object_get(devices, name) ? LOOK_OTHER : LOOK_MISSING;
}

/* How the file is laid out: its line end ("": all on one line) and one step of indentation. */
struct layout { const char *eol; struct span step; };

static struct layout layout_of(struct span s, const struct object *root)
{
	struct layout l = { "", span_str("  ") };
	const uint8_t *line = memchr(s.p, '\n', s.n);

	if (!line)
		return l;
	l.eol = line > s.p && line[-1] == '\r' ? "\r\n" : "\n";
	if (root->members) {
		struct span gap = { s.p + root->last.before, root->last.key - root->last.before };
		const uint8_t *last = gap.n ? memrchr(gap.p, '\n', gap.n) : NULL;

		if (last)
			l.step = (struct span){ last + 1, (size_t)(gap.p + gap.n - last) - 1 };
		else
			l.eol = "";
	}
	return l;
}

static void line_at(FILE *f, const struct layout *l, unsigned depth)
{
	fputs(l->eol, f);
	for (unsigned i = 0; l->eol[0] && i < depth; i++)
		fwrite(l->step.p, 1, l->step.n, f);
}

/* JSON's form of a text, with its quotes. */
static void put_text(FILE *f, const char *text)
{
	json_t *j = json_string(text);

	json_dumpf(j, f, JSON_ENCODE_ANY);
	json_decref(j);
}

/* The members that lead to our entry from the object at `depth` on. */
static void put_members(FILE *f, const struct layout *l, unsigned depth, unsigned want, const char *name,
			const char *library)
{
	for (unsigned i = depth; i < want; i++) {
		fprintf(f, "\"%s\": {", chain[i]);
		line_at(f, l, i + 2);
	}
	put_text(f, name);
	fputs(": ", f);
	put_text(f, library);
	for (unsigned i = want; i-- > depth;) {
		line_at(f, l, i + 1);
		fputc('}', f);
	}
}

/* The edit at the innermost object that is there. */
static err make_edit(struct span s, const struct path *p, const char *name, const char *library,
		     struct edit *edit)
{
	const struct object *o = &p->at[p->depth];
	struct layout l = layout_of(s, &p->at[0]);
	size_t n = 0;
	FILE *f = open_memstream(&edit->text, &n);

	if (!f)
		return FAIL(GENERAL);
	edit->levels = p->want - p->depth;
	edit->at = o->members ? o->last.end : o->open + 1;
	if (o->members) {
		fputc(',', f);
		fwrite(s.p + o->last.before, 1, o->last.key - o->last.before, f);
		if (o->last.key == o->last.before && memchr(s.p, ' ', s.n))
			fputc(' ', f);
	} else {
		line_at(f, &l, p->depth + 1);
	}
	put_members(f, &l, p->depth, p->want, name, library);
	if (!o->members && !memchr(s.p + o->open, '\n', o->close - o->open))
		line_at(f, &l, p->depth);
	return fclose(f) == 0 ? OK : FAIL(GENERAL);
}

static err look_at(struct span file, const char *root, const char *name, const char *library, enum look *look,
		   struct edit *edit)
{
	json_error_t why;
	json_t *all = load(file, &why);
	struct path p;

	if (!all)
		return not_json(&why);
	err e = follow(file, all, &p);
	if (ok(e)) {
		*look = look_of(devices_of(all, &p), root, name, library);
		if (*look == LOOK_MISSING)
			e = make_edit(file, &p, name, library, edit);
	}
	json_decref(all);
	return e;
}

err policies_look(struct span file, const char *root, const char *name, const char *library, enum look *look,
		  struct edit *edit)
{
	static const struct layout whole = { "\n", { (const uint8_t *)"  ", 2 } };
	size_t n = 0;

	*edit = (struct edit){ 0 };
	if (file.p)
		return look_at(file, root, name, library, look, edit);
	*look = LOOK_MISSING;
	FILE *f = open_memstream(&edit->text, &n);
	if (!f)
		return FAIL(GENERAL);
	edit->levels = 3;
	fputc('{', f);
	line_at(f, &whole, 1);
	put_members(f, &whole, 0, 3, name, library);
	fputs("\n}\n", f);
	return fclose(f) == 0 ? OK : FAIL(GENERAL);
}

/* Takes the member out of its object, and the comma that goes with it. */
static struct span cut_member(struct span s, const struct object *o, const struct member *m)
{
	if (s.p[m->before - 1] == ',')
		return edit_without(s, m->before - 1, m->end);
	if (o->members > 1)
		return edit_without(s, m->before, blank(s, m->end) + 1);
	return edit_without(s, m->before, o->close);
}

/* Is the entry of that name for a module whose file name stands in `ours`, a path or the text of an edit? */
static bool is_ours(const json_t *devices, const char *name, const char *ours)
{
	const char *library = json_string_value(json_object_get(devices, name));
	const char *slash = library ? strrchr(library, '/') : NULL;

	for (const char *at = ours; slash && (at = strstr(at, slash)); at++)
		if (at[strlen(slash)] == '"' || !at[strlen(slash)])
			return true;
	return false;
}

err policies_cut(struct span file, const char *name, const char *ours, unsigned levels, struct span *out)
{
	struct span now = file;
	const char *victim = name;
	struct path p;
	json_error_t why;

	*out = SPAN_NONE;
	if (!file.n || !memmem(file.p, file.n, name, strlen(name)))
		return OK;
	for (unsigned up = 0; up <= levels && up <= 3; up++) {
		json_t *root = load(now, &why);
		struct member m;
		err e = root ? follow(now, root, &p) : up ? OK : not_json(&why);
		bool devices = root && ok(e) && p.depth == p.want &&
			       (up || is_ours(devices_of(root, &p), name, ours));
		struct object o;

		json_decref(root);
		if (!up && (!ok(e) || !devices))
			return e;
		/* upwards only through what is empty; somebody else's stays */
		if (up && (!root || !ok(e) || p.depth != p.want - up + 1 || p.at[p.depth].members))
			return OK;
		o = (struct object){ .open = p.at[p.depth - (up > 0)].open };
		if (up)
			victim = chain[p.depth - 1];
		if (!walk(now, &o, victim, &m))
			return OK;
		struct span less = cut_member(now, &o, &m);

		free((void *)(uintptr_t)out->p);
		*out = now = less;
		if (!less.p)
			return FAIL(GENERAL);
	}
	return OK;
}
