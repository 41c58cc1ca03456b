/* The plain form of a DN file, and the rules that both forms obey. */
#include "config.h"
#include <ctype.h>
#include <libintl.h>
#include <stdarg.h>
#include <stdio.h>
#include "dn.h"
#include "say.h"
#include "lib/utf8.h"

static const struct dn_attr attrs[] = {
#define DN_ATTR(shorter, full, json, oid, type, most) { shorter, full, json, oid, DN_##type, most },
#include "dn.def"
#undef DN_ATTR
};
enum { ATTRS = sizeof attrs / sizeof attrs[0] };

static const struct { const char *name, *called; enum dn_type type; } types[] = {
	{ "utf8",      "UTF8String",      DN_UTF8 },
	{ "printable", "PrintableString", DN_PRINTABLE },
	{ "ia5",       "IA5String",       DN_IA5 },
	{ "numeric",   "NumericString",   DN_NUMERIC },
};
enum { TYPES = sizeof types / sizeof types[0] };

err dn_wrong(struct dn_fault *fault, unsigned at, const char *format, ...)
{
	va_list args;

	fault->line = at;
	va_start(args, format);
	vsnprintf(fault->why, sizeof fault->why, format, args);
	va_end(args);
	return FAIL(DATA_INVALID);
}

const char *dn_names(bool json)
{
	static char out[1024];
	struct buf b = { .p = (uint8_t *)out, .cap = sizeof out - 1 };

	for (size_t i = 0; i < ATTRS; i++) {
		const char *name = json ? attrs[i].json : attrs[i].shorter;

		if (name) {
			buf_str(&b, b.n ? ", " : "");
			buf_str(&b, name);
		}
	}
	out[b.n] = 0;
	return out;
}

/* The attribute of a name, in any case; NULL: none. */
static const struct dn_attr *attr_named(const char *name)
{
	for (size_t i = 0; i < ATTRS; i++)
		if (strcasecmp(name, attrs[i].shorter) == 0 || strcasecmp(name, attrs[i].full) == 0 ||
		    strcmp(name, attrs[i].oid) == 0 || (attrs[i].json && strcmp(name, attrs[i].json) == 0))
			return &attrs[i];
	return NULL;
}

/* An object identifier in numbers: first arc 0..2, second below 40 under 0 and 1 (X.660). */
static bool is_oid(const char *s)
{
	unsigned arcs = 0, first = 9;

	while (isdigit((unsigned char)*s)) {
		size_t n = strspn(s, "0123456789");
		unsigned v = 0;

		if (n > 9 || (n > 1 && *s == '0'))
			return false;
		for (size_t i = 0; i < n; i++)
			v = v * 10 + (unsigned)(s[i] - '0');
		if ((arcs == 0 && v > 2) || (arcs == 1 && first < 2 && v > 39))
			return false;
		first = arcs++ == 0 ? v : first;
		s += n;
		if (*s == 0)
			return arcs >= 2;
		if (*s++ != '.')
			return false;
	}
	return false;
}

/* May a character stand in a string of the type (X.680, 41)? */
static bool may_stand(enum dn_type type, uint32_t u)
{
	if (u < 0x20 || (u >= 0x7F && u < 0xA0))
		return false;			/* controls: in no name */
	if (type == DN_UTF8)
		return true;
	if (u > 0x7E)
		return false;
	if (type == DN_IA5)
		return true;
	if (type == DN_NUMERIC)
		return u == ' ' || isdigit((int)u);
	return isalnum((int)u) || strchr(" '()+,-./:=?", (int)u) != NULL;
}

static const char *type_called(enum dn_type type)
{
	size_t i = 0;

	while (types[i].type != type)
		i++;
	return types[i].called;
}

/* Characters of the value, each of which may stand in the type. */
static err check_characters(const struct dn_item *it, const char *name, struct span value,
			    struct dn_fault *fault, size_t *count)
{
	struct cur c = cur_of(value);

	for (*count = 0; cur_left(&c); (*count)++) {
		size_t at = value.n - cur_left(&c);
		uint32_t u = utf8_next(&c);

		if (u == UTF8_BAD)
			return dn_wrong(fault, it->line, _("the value of %s is not UTF-8 (byte "
					"%02X at its place %zu); save the file as UTF-8"),
					name, value.p[at], at + 1);
		if (text_harmful(u))
			return dn_wrong(fault, it->line, _("the value of %s holds a control "
					"character (U+%04X)"), name, u);
		if (!may_stand(it->type, u))
			return dn_wrong(fault, it->line, _("the value of %s holds '%s', which "
					"may not stand in a %s"), name,
					say_span((struct span){ value.p + at, value.n - cur_left(&c) - at }),
					type_called(it->type));
	}
	return OK;
}

static err check_value(const struct dn_item *it, const char *name, struct span value, bool relaxed,
		       struct dn_fault *fault)
{
	unsigned most = it->attr ? it->attr->most : 32768;
	size_t count;

	if (value.n == 0)
		return dn_wrong(fault, it->line, _("%s has no value; leave the line out where "
				"there is none"), name);
	TRY(check_characters(it, name, value, fault, &count));
	if (strcmp(it->oid, "2.5.4.6") == 0 &&
	    (value.n != 2 || !isalpha(value.p[0]) || !isalpha(value.p[1])))
		return dn_wrong(fault, it->line, _("%s must be a country code of two letters, "
				"as ID"), name);
	if (count > most && !relaxed)
		return dn_wrong(fault, it->line, _("the value of %s has %zu characters; at most "
				"%u are allowed (RFC 5280)"),
				name, count, most);
	return OK;
}

err dn_add(struct dn *dn, const char *name, enum dn_type *forced, struct span value, bool relaxed,
	   struct dn_item at, struct dn_fault *fault)
{
	struct dn_item it = at;

	it.attr = attr_named(name);
	if (!it.attr && (!is_oid(name) || strlen(name) >= sizeof it.oid))
		return dn_wrong(fault, at.line, _("there is no attribute '%s'; allowed are %s "
				"and OIDs in numbers"),
				say_clean(name), dn_names(false));
	if (dn->n == DN_ITEMS)
		return dn_wrong(fault, at.line, _("more than %d attributes"), DN_ITEMS);
	snprintf(it.oid, sizeof it.oid, "%s", it.attr ? it.attr->oid : name);
	it.type = forced ? *forced : it.attr ? it.attr->type : DN_UTF8;
	TRY(check_value(&it, say_clean(name), value, relaxed, fault));
	struct buf b = { .p = dn->text, .n = dn->used, .cap = sizeof dn->text };
	it.at = b.n;
	it.n = value.n;
	buf_put(&b, value);
	if (b.bad)
		return dn_wrong(fault, at.line, _("the subject's values have more than %d bytes: no token could hold a "
				"certificate with it"), DN_TEXT);
	dn->used = b.n;
	dn->item[dn->n++] = it;
	return OK;
}

/* --- the plain form ---------------------------------------------------------------------------- */
static struct span trim(struct span s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = (struct span){ s.p + 1, s.n - 1 };
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static struct span before(struct span s, uint8_t ch)
{
	const uint8_t *p = s.n ? memchr(s.p, ch, s.n) : NULL;

	return (struct span){ s.p, p ? (size_t)(p - s.p) : s.n };
}

/* What is behind the front that before() gave. */
static struct span behind(struct span s, struct span front)
{
	return front.n < s.n ? (struct span){ s.p + front.n + 1, s.n - front.n - 1 } : SPAN_NONE;
}

/* "attribute:type": the name as text, and the type where one is forced. */
static err read_name(struct span left, char *name, size_t size, const enum dn_type **forced,
		     unsigned at, struct dn_fault *fault)
{
	struct span front = before(left, ':'), kind = trim(behind(left, front));

	text_clean(trim(front), name, size);
	*forced = NULL;
	for (size_t i = 0; i < TYPES && front.n < left.n; i++)
		if (span_eq(kind, span_str(types[i].name)))
			*forced = &types[i].type;
	if (front.n < left.n && !*forced)
		return dn_wrong(fault, at, _("there is no string type '%s'; allowed are utf8, "
				"printable, ia5 and numeric"),
				say_span(kind));
	return OK;
}

static err read_line(struct dn *dn, struct span text, bool relaxed, unsigned at, struct dn_fault *fault)
{
	struct span s = trim(text);
	struct dn_item it = { .line = at };
	const enum dn_type *forced;
	enum dn_type type;
	char name[96];

	if (s.n == 0 || s.p[0] == '#')
		return OK;
	if (s.p[0] == '+') {
		it.joined = true;
		s = trim((struct span){ s.p + 1, s.n - 1 });
		if (dn->n == 0)
			return dn_wrong(fault, at, _("'+' continues the attribute above, and "
					"there is none"));
	}
	struct span left = before(s, '=');
	if (left.n == s.n)
		return dn_wrong(fault, at, _("'%s' is not of the form: attribute = "
				"value"), say_span(s));
	TRY(read_name(left, name, sizeof name, &forced, at, fault));
	if (forced)
		type = *forced;
	return dn_add(dn, name, forced ? &type : NULL, trim(behind(s, left)), relaxed, it, fault);
}

/* Files that are no UTF-8 from their first bytes on. */
static err check_file(struct span file, struct dn_fault *fault)
{
	if (file.n >= 2 && ((file.p[0] == 0xFF && file.p[1] == 0xFE) || (file.p[0] == 0xFE && file.p[1] == 0xFF)))
		return dn_wrong(fault, 1, _("the file is UTF-16; save it as UTF-8"));
	if (file.n && memchr(file.p, 0, file.n))
		return dn_wrong(fault, 0, _("the file holds zero bytes; it is no text"));
	return OK;
}

err dn_parse(struct span file, bool relaxed, struct dn *out, struct dn_fault *fault)
{
	static const uint8_t mark[] = { 0xEF, 0xBB, 0xBF };

	*out = (struct dn){ 0 };
	*fault = (struct dn_fault){ 0 };
	TRY(check_file(file, fault));
	if (file.n >= 3 && span_eq(span_first(file, 3), SPAN_OF(mark)))
		file = (struct span){ file.p + 3, file.n - 3 };
	size_t blank = 0;
	while (blank < file.n && isspace(file.p[blank]))
		blank++;
	if (blank < file.n && (file.p[blank] == '{' || file.p[blank] == '['))
		return dn_parse_json(file, relaxed, out, fault);
	unsigned at = 0;
	while (file.n) {
		struct span text = before(file, '\n');

		file = behind(file, text);
		if (text.n && text.p[text.n - 1] == '\r')
			text.n--;
		TRY(read_line(out, text, relaxed, ++at, fault));
	}
	return out->n ? OK : dn_wrong(fault, 0, _("the file names no attribute"));
}
