/* The JSON form of a DN file, as an enrolment service hands it out: one object, or one inside "data",
 * or an array of objects where the order must be safe from programs that sort. */
#include "config.h"
#include <ctype.h>
#include <jansson.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include "cli.h"
#include "dn.h"
#include "say.h"

/* "key_length": the sizes that the CA takes, numbers or strings, alone or in an array. */
static err key_length(struct dn *dn, const json_t *v, struct dn_fault *fault)
{
	size_t n = json_is_array(v) ? json_array_size(v) : 1;

	if (n == 0)
		return dn_wrong(fault, 0, _("\"key_length\" is no list of key sizes in bits"));
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_is_array(v) ? json_array_get(v, i) : v;
		char *end = NULL;
		long bits = json_is_string(one) ? strtol(json_string_value(one), &end, 10) :
			    (long)json_integer_value(one);

		if ((end && *end) || bits < 1 || bits > 16384 || dn->key_bits_n == 8)
			return dn_wrong(fault, 0, _("\"key_length\" is no list of key sizes in bits"));
		dn->key_bits[dn->key_bits_n++] = (unsigned)bits;
	}
	return OK;
}

/* A member that is no attribute; *taken: it was one that is known. */
static err other_member(struct dn *dn, const char *key, const json_t *v, bool *taken, struct dn_fault *fault)
{
	*taken = true;
	if (strcmp(key, "key_length") == 0)
		return key_length(dn, v, fault);
	if (strcmp(key, "subject_alt_name") == 0) {
		if (json_is_null(v) || json_is_false(v) ||
		    (json_is_string(v) && (strcasecmp(json_string_value(v), "disable") == 0 ||
					   json_string_length(v) == 0)))
			return OK;
		return dn_wrong(fault, 0, _("\"subject_alt_name\" can only be \"disable\" here"));
	}
	*taken = strcmp(key, "success") == 0 || strcmp(key, "message") == 0;
	return OK;
}

static err member(struct dn *dn, const char *key, const json_t *v, bool relaxed, struct dn_fault *fault)
{
	size_t n = json_is_array(v) ? json_array_size(v) : 1;
	struct dn_item it = { 0 };
	bool taken;

	TRY(other_member(dn, key, v, &taken, fault));
	if (taken)
		return OK;
	if (n == 0)
		return dn_wrong(fault, 0, _("\"%s\" has no value"), say_clean(key));
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_is_array(v) ? json_array_get(v, i) : v;

		if (!json_is_string(one))
			return dn_wrong(fault, 0, _("the value of \"%s\" is no text"), say_clean(key));
		struct span value = { (const uint8_t *)json_string_value(one), json_string_length(one) };
		TRY(dn_add(dn, key, NULL, value, relaxed, it, fault));
	}
	return OK;
}

static err object(struct dn *dn, json_t *o, bool relaxed, struct dn_fault *fault)
{
	const char *key;
	json_t *v;

	if (!json_is_object(o))
		return dn_wrong(fault, 0, _("the JSON must be an object, or an array of objects"));
	json_object_foreach(o, key, v)
		TRY(member(dn, key, v, relaxed, fault));
	return OK;
}

static err document(struct dn *dn, json_t *doc, bool relaxed, struct dn_fault *fault)
{
	json_t *data = json_object_get(doc, "data");

	if (json_is_false(json_object_get(doc, "success")))
		return dn_wrong(fault, 0, _("this is the answer to an enrolment that did not succeed"));
	if (data)
		doc = data;
	for (size_t i = 0; i < json_array_size(doc); i++)
		TRY(object(dn, json_array_get(doc, i), relaxed, fault));
	if (!json_is_array(doc))
		TRY(object(dn, doc, relaxed, fault));
	return dn->n ? OK : dn_wrong(fault, 0, _("the file names no attribute"));
}

err dn_parse_json(struct span file, bool relaxed, struct dn *out, struct dn_fault *fault)
{
	json_error_t bad;
	json_t *doc = json_loadb((const char *)file.p, file.n, JSON_REJECT_DUPLICATES, &bad);

	if (!doc)
		return dn_wrong(fault, bad.line > 0 ? (unsigned)bad.line : 0, _("this is no valid JSON: %s"),
				say_clean(bad.text));
	err e = document(out, doc, relaxed, fault);
	json_decref(doc);
	return e;
}
