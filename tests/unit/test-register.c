/* src/cli: what `register` puts into other programs' files and takes out again, byte for byte. */
#include "config.h"
#include "unit.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "cli/edit.h"
#include "cli/policies.h"
#include "cli/say.h"
#include "cli/secmod.h"
#include "cli/whole.h"

#define NAME "bsre-token"
#define MODULE "/usr/lib/pkcs11/libbsre-pkcs11.so"
#define BOM "\xEF\xBB\xBF"

static void drop(struct span s) { free((void *)(uintptr_t)s.p); }

static void same(struct span a, struct span b)
{
	if (!span_eq(a, b))
		fprintf(stderr, "--- [%.*s]\n+++ [%.*s]\n", (int)a.n, a.p ? (const char *)a.p : "", (int)b.n,
			b.p ? (const char *)b.p : "");
	assert_true(span_eq(a, b));
}

/* --- policies.json ------------------------------------------------------------------------------ */
static const char *const policies[] = {
	"{}", "{ }", "{\n}", "{\n}\n", "{}\n", BOM "{}", BOM "{\r\n}\r\n", " \n {} \n ",
	"{\"policies\":{}}", "{\"policies\": {}}\n", "{\"policies\": {\"DisableTelemetry\": true}}",
	"{\"policies\":{\"DisableTelemetry\":true}}\n",
	"{\n  \"policies\": {\n    \"DisableTelemetry\": true\n  }\n}\n",
	"{\n\t\"policies\": {\n\t\t\"DisableTelemetry\": true\n\t}\n}",
	"{\r\n  \"policies\": {\r\n    \"DisableTelemetry\": true\r\n  }\r\n}\r\n",
	BOM "{\r\n\t\"policies\": {\r\n\t\t\"Homepage\": {\"URL\": \"https://a.example/{},[\\\"\"}\r\n\t}\r\n}",
	"{\n    \"policies\": {\n        \"SecurityDevices\": {}\n    }\n}\n",
	"{\n    \"policies\": {\n        \"SecurityDevices\": {\n        }\n    }\n}\n",
	"{\"policies\": {\"SecurityDevices\": {\"Add\": {}}}}",
	"{\"policies\": {\"SecurityDevices\": {\"Add\": {\"x\": \"/x.so\"}, \"Delete\": [\"y\"]}}, "
		"\"other\": [1, {}]}",
	"{\"policies\": {\"SecurityDevices\": {\"Delete\": [\"bsre\", \"}\"]}}}",
	"{\"policies\": {\"SecurityDevices\": {\"old form\": \"/old.so\"}}}",
	"{\n \"policies\": {\n  \"SecurityDevices\": {\n   \"Old\": \"/old.so\",\n   \"Older\": \"/older.so\"\n"
		"  }\n }\n}\n",
	"{\"a\":{\"policies\":1,\"b\":[{\"policies\":{}}]},\"\\u0070olicies\" : {\"x\\\\\\\"\":{}} }",
	"{\n  \"policies\"\n  :\n  {\n  \"a\" : null ,\n  \"b\":-1.5e3\n  ,\"c\":[\n]\n}\n}",
	"{\"policies\": {\"SecurityDevices\":{\"Add\":{\"a\":\"/a\"\n}}}}",
	"{\"comment\": \"// not one /* neither */ {\", \"policies\": {\"Certificates\": {\"Install\": [\"a.pem\"]}}}",
};

/* In, seen, a second time nothing; out by place, and out by what it says. */
static void policies_round(struct span file)
{
	struct edit e, again;
	enum look look;
	struct span back, cut;

	assert_true(ok(policies_look(file, "", NAME, MODULE, &look, &e)));
	assert_int_equal(look, LOOK_MISSING);
	struct span with = edit_make(file, &e);
	assert_true(policies_good(with));
	assert_true(ok(policies_look(with, "", NAME, MODULE, &look, &again)));
	assert_int_equal(look, LOOK_THERE);
	assert_null(again.text);
	assert_true(ok(policies_look(with, "", NAME, "/elsewhere.so", &look, &again)));
	assert_int_equal(look, LOOK_OTHER);
	assert_true(edit_take_back(with, &e, &back));
	same(back, file);

	/* as unregister does where a person changed the file: what jansson reads is as before */
	assert_true(ok(policies_cut(with, NAME, e.text, e.levels, &cut)));
	assert_non_null(cut.p);
	size_t skip = file.n > 3 && file.p[0] == 0xEF ? 3 : 0;
	json_t *a = json_loadb((const char *)file.p + skip, file.n - skip, 0, NULL);
	json_t *b = json_loadb((const char *)cut.p + skip, cut.n - skip, 0, NULL);
	assert_non_null(b);
	if (!json_equal(a, b))
		same(file, cut);
	assert_true(json_equal(a, b));
	json_decref(a);
	json_decref(b);
	drop(cut);
	assert_true(ok(policies_cut(file, NAME, e.text, e.levels, &cut)));
	assert_null(cut.p);
	drop(with);
	drop(back);
	edit_free(&e);
}

static void policies_are_merged(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++)
		policies_round(span_str(policies[i]));
}

static void policies_new(void **state)
{
	struct edit e;
	enum look look;

	(void)state;
	assert_true(ok(policies_look(SPAN_NONE, "", NAME, MODULE, &look, &e)));
	assert_int_equal(look, LOOK_MISSING);
	assert_string_equal(e.text, "{\n  \"policies\": {\n    \"SecurityDevices\": {\n      \"Add\": {\n        \""
			    NAME "\": \"" MODULE "\"\n      }\n    }\n  }\n}\n");
	edit_free(&e);
	static const char before[] = "{\n    \"policies\": {\n        \"A\": true\n    }\n}\n";
	assert_true(ok(policies_look(span_str(before), "", NAME, MODULE, &look, &e)));
	struct span with = edit_make(span_str(before), &e);
	same(with, span_str("{\n    \"policies\": {\n        \"A\": true,\n        \"SecurityDevices\": {\n"
			    "            \"Add\": {\n                \"" NAME "\": \"" MODULE "\"\n            }\n"
			    "        }\n    }\n}\n"));
	char *diff = edit_diff(span_str(before), with);
	assert_non_null(strstr(diff, "+        \"SecurityDevices\": {\n"));
	assert_non_null(strstr(diff, "-        \"A\": true\n+        \"A\": true,\n"));
	assert_null(strstr(diff, "policies"));
	free(diff);
	drop(with);
	edit_free(&e);
}

/* What a person may have written, of every kind that jansson makes. */
static json_t *any_json(unsigned *seed, unsigned deep)
{
	static const char *const keys[] = { "policies", "SecurityDevices", "Add", "Delete", "a\"}", "b{\\", "",
		"x," };
	unsigned kind = (unsigned)rand_r(seed) % (deep > 4 ? 3 : 6);
	json_t *j = kind == 5 ? json_array() : json_object();

	if (kind < 3) {
		json_decref(j);
		return kind == 0 ? json_string("]}\",\\") : kind == 1 ? json_real(1.5) : json_null();
	}
	for (int n = rand_r(seed) % 4; n > 0; n--) {
		if (kind == 5)
			json_array_append_new(j, any_json(seed, deep + 1));
		else
			json_object_set_new(j, keys[(unsigned)rand_r(seed) % 8], any_json(seed, deep + 1));
	}
	return j;
}

static void policies_of_every_shape(void **state)
{
	unsigned seed = 20261123, merged = 0;

	(void)state;
	for (int i = 0; i < 4000; i++) {
		json_t *j = any_json(&seed, 0);
		size_t how = JSON_ENCODE_ANY | JSON_INDENT((unsigned)i % 4) | (i % 3 ? 0 : JSON_COMPACT);
		char *text = json_dumps(j, how);
		struct edit e = { 0 };
		enum look look;

		if (ok(policies_look(span_str(text), "", NAME, MODULE, &look, &e))) {
			edit_free(&e);
			policies_round(span_str(text));
			merged++;
		} else {
			assert_non_null(say_forget());
			assert_null(e.text);
		}
		free(text);
		json_decref(j);
	}
	assert_true(merged > 500);
}

static void policies_refused(void **state)
{
	static const struct { const char *file, *said; } bad[] = {
		{ "", "line 1" }, { "\n\n  nonsense", "line 3, column 10" }, { "{\n\"policies\": {\n}", "line 3" },
		{ "// comment\n{}", "line 1" }, { "{\"policies\": {} /* none */}", "line 1" },
		{ "{\"policies\": {},}", "line 1" }, { "{'policies': {}}", "line 1" }, { "{} {}", "line 1" },
		{ "{\"a\": 1,\n \"a\": 2}", "line 2" }, { "[]", "no object" }, { "7", "line 1" },
		{ "{\"policies\": []}", "\"policies\"" },
		{ "{\"policies\": {\"SecurityDevices\": 1}}", "SecurityDevices" },
		{ "{\"policies\": {\"SecurityDevices\": {\"Add\": [\"x\"]}}}", "\"Add\"" },
		{ "\xFF\xFE{}", "line 1" }, { "{\"policies\": \"\xC0\"}", "line 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct edit e;
		enum look look;

		assert_false(ok(policies_look(span_str(bad[i].file), "", NAME, MODULE, &look, &e)));
		assert_null(e.text);
		const char *said = say_forget();
		assert_non_null(said);
		if (!strstr(said, bad[i].said))
			fail_msg("%s: %s", bad[i].file, said);
		struct span cut;
		assert_true(ok(policies_cut(span_str(bad[i].file), NAME, MODULE, 3, &cut)));
		assert_null(cut.p);
	}
}

/* A person went on writing in the file: only our part goes. */
static void policies_changed_between(void **state)
{
	static const char between[] = "{\"policies\": {\"SecurityDevices\": {\"Add\": {\"" NAME "\": \"" MODULE
		"\", \"mine\": \"/m.so\"}}}}";
	static const char sole[] = "{\"policies\": {\"SecurityDevices\": {\"Add\": {\"" NAME "\": \"" MODULE
		"\"}}, \"B\": 2}}";
	struct edit e;
	enum look look;
	struct span cut;

	(void)state;
	assert_true(ok(policies_look(span_str("{}"), "", NAME, MODULE, &look, &e)));
	assert_int_equal(e.levels, 3);
	assert_false(ok(policies_cut(span_str("{\n\"" NAME "\": }"), NAME, MODULE, e.levels, &cut)));
	assert_non_null(strstr(say_forget(), "line 2"));
	assert_null(cut.p);
	assert_false(edit_take_back(span_str(between), &e, &cut));
	assert_true(ok(policies_cut(span_str(between), NAME, e.text, e.levels, &cut)));
	same(cut, span_str("{\"policies\": {\"SecurityDevices\": {\"Add\": { \"mine\": \"/m.so\"}}}}"));
	drop(cut);
	assert_true(ok(policies_cut(span_str(sole), NAME, e.text, e.levels, &cut)));
	same(cut, span_str("{\"policies\": { \"B\": 2}}"));
	drop(cut);
	assert_true(ok(policies_cut(span_str(sole), NAME, "/opt/libbsre-pkcs11.so", 0, &cut)));
	same(cut, span_str("{\"policies\": {\"SecurityDevices\": {\"Add\": {}}, \"B\": 2}}"));
	drop(cut);
	edit_free(&e);
}

/* An entry of our name for another module is somebody else's, in either form. */
static void policies_of_others(void **state)
{
	static const char *const others[] = {
		"{\"policies\": {\"SecurityDevices\": {\"Add\": {\"" NAME "\": \"/opt/agency/other.so\"}}}}",
		"{\"policies\": {\"SecurityDevices\": {\"" NAME "\": \"/opt/agency/libbsre-pkcs11.so.1\"}}}",
		"{\"policies\": {\"SecurityDevices\": {\"" NAME "\": 1}}}",
	};
	struct edit e;
	enum look look;
	struct span cut;

	(void)state;
	assert_true(ok(policies_look(span_str("{}"), "", NAME, MODULE, &look, &e)));
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		assert_true(ok(policies_cut(span_str(others[i]), NAME, MODULE, 0, &cut)));
		assert_null(cut.p);
		assert_true(ok(policies_cut(span_str(others[i]), NAME, e.text, e.levels, &cut)));
		assert_null(cut.p);
	}
	edit_free(&e);
}

/* --- pkcs11.txt ----------------------------------------------------------------------------------- */
#define INTERNAL "library=\nname=NSS Internal PKCS #11 Module\nparameters=configdir='sql:/p' flags= \n" \
	"NSS=Flags=internal,critical slotParams=(1={slotFlags=[ECC] askpw=any timeout=30})\n"
#define OURS "library=" MODULE "\nname=" NAME "\n\n"

static void secmod_lists(void **state)
{
	static const struct { const char *file, *added; } lists[] = {
		{ INTERNAL "\n", OURS }, { INTERNAL "\n\n", OURS }, { INTERNAL, "\n" OURS },
		{ "", OURS }, { "\n", "\n" OURS }, { "library=/x.so\nname=x", "\n\n" OURS },
		{ "library=/x.so\r\nname=x\r\n\r\n", OURS }, { "library=/x.so\r\nname=x\r\n", "\n" OURS },
		{ BOM "name=x\nlibrary=/x.so\n\n", OURS },
		{ "# comment\n\nlibrary=/x.so\n\tname=" NAME "\n\n", OURS },
		{ "library=" MODULE ".old\nname=" NAME "2\n\n", OURS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		struct span file = span_str(lists[i].file), back, cut;
		struct edit e, again;
		enum look look;

		assert_true(ok(secmod_look(file, "/p", NAME, MODULE, &look, &e)));
		assert_int_equal(look, LOOK_MISSING);
		assert_string_equal(e.text, lists[i].added);
		struct span with = edit_make(file, &e);
		assert_true(ok(secmod_look(with, "/p", NAME, MODULE, &look, &again)));
		assert_int_equal(look, LOOK_THERE);
		assert_true(ok(secmod_look(with, "/p", NAME, "/other.so", &look, &again)));
		assert_int_equal(look, LOOK_OTHER);
		assert_true(secmod_take_back(with, &e, &back));
		same(back, file);
		assert_true(ok(secmod_cut(with, NAME, MODULE, &cut)));
		assert_true(cut.n >= file.n && memcmp(cut.p, file.p, file.n) == 0);
		drop(cut);
		assert_true(ok(secmod_cut(with, NAME, "/another/place/libother.so", &cut)));
		assert_null(cut.p);
		assert_true(ok(secmod_cut(with, NAME, e.text, &cut)));
		assert_true(cut.n >= file.n && memcmp(cut.p, file.p, file.n) == 0);
		drop(cut);
		assert_true(ok(secmod_cut(with, NAME, "/another/place/libbsre-pkcs11.so", &cut)));
		assert_non_null(cut.p);
		drop(cut);
		drop(with);
		drop(back);
		edit_free(&e);
	}
}

/* The line before ours had no end: it must not run into what somebody wrote behind. */
static void secmod_written_behind(void **state)
{
	struct edit e;
	enum look look;
	struct span out;

	(void)state;
	assert_true(ok(secmod_look(span_str("library=/x.so\nname=x"), "/p", NAME, MODULE, &look, &e)));
	static const char behind[] = "library=/x.so\nname=x\n\n" OURS "library=/y.so\nname=y\n\n";
	assert_true(secmod_take_back(span_str(behind), &e, &out));
	same(out, span_str("library=/x.so\nname=x\n\nlibrary=/y.so\nname=y\n\n"));
	drop(out);
	edit_free(&e);
}

static void secmod_by_another_name(void **state)
{
	struct edit e;
	enum look look;
	struct span cut;

	(void)state;
	static const char mine[] = INTERNAL "\nname=BSrE\nlibrary=" MODULE "\n";
	assert_true(ok(secmod_look(span_str(mine), "/p", NAME, MODULE, &look, &e)));
	assert_int_equal(look, LOOK_THERE);
	/* as Firefox writes it from a policy, between others' */
	static const char file[] = INTERNAL "\nlibrary=" MODULE "\nname=" NAME "\nNSS=trustOrder=100 \n\n"
		"library=/x.so\nname=x\n\n";
	assert_true(ok(secmod_cut(span_str(file), NAME, MODULE, &cut)));
	same(cut, span_str(INTERNAL "\nlibrary=/x.so\nname=x\n\n"));
	drop(cut);
	assert_false(ok(secmod_look((struct span){ (const uint8_t *)"a\0b", 3 }, "/p", NAME, MODULE, &look, &e)));
	assert_non_null(say_forget());
	/* a new one begins as NSS begins it */
	assert_true(ok(secmod_look(SPAN_NONE, "/h/b/.pki/nssdb", NAME, MODULE, &look, &e)));
	static const char begin[] = "library=\nname=NSS Internal PKCS #11 Module\n"
		"parameters=configdir='sql:/h/b/.pki/nssdb' certPrefix=''";
	assert_true(strncmp(e.text, begin, sizeof begin - 1) == 0);
	assert_non_null(strstr(e.text, "timeout=30})\n\n" OURS));
	edit_free(&e);
}

/* A block of our name for another module is somebody else's, whatever was put in here before. */
static void secmod_of_others(void **state)
{
	static const char *const others[] = {
		"library=/opt/agency/other.so\nname=" NAME "\n\n", "name=" NAME "\nlibrary=\n\n", "name=" NAME "\n",
		"library=/opt/agency/libbsre-pkcs11.so.1\nname=" NAME "\n",
	};
	struct edit e;
	enum look look;
	struct span cut;

	(void)state;
	assert_true(ok(secmod_look(SPAN_NONE, "/p", NAME, MODULE, &look, &e)));
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		assert_true(ok(secmod_cut(span_str(others[i]), NAME, MODULE, &cut)));
		assert_null(cut.p);
		assert_true(ok(secmod_cut(span_str(others[i]), NAME, e.text, &cut)));
		assert_null(cut.p);
	}
	edit_free(&e);
}

/* --- a text in and out ------------------------------------------------------------------------------ */
static void edits(void **state)
{
	struct edit e = { .at = 2, .text = (char *)(uintptr_t)"b\nc\n" };
	struct span out;

	(void)state;
	/* somebody wrote in front, behind, within; twice the same is not guessed at */
	assert_true(edit_take_back(span_str("new\na\nb\nc\nd\n"), &e, &out));
	same(out, span_str("new\na\nd\n"));
	drop(out);
	assert_false(edit_take_back(span_str("b\nc\n b\nc\n"), &e, &out));
	assert_false(edit_take_back(span_str("b\nx\nc\n"), &e, &out));
	assert_false(edit_take_back(span_str(""), &e, &out));
	out = edit_take_lines(span_str("a\nb\nx\nc\nc\nd"), &e);
	same(out, span_str("a\nx\nc\nd"));
	drop(out);
	out = edit_take_lines(span_str("a\nx\nc\nd\n"), &e);
	same(out, span_str("a\nx\nd\n"));
	drop(out);
	assert_null(edit_make(span_str("a"), &e).p);
	char *diff = edit_diff(span_str("a\nb\nc"), span_str("a\nx\ny\nc"));
	assert_string_equal(diff, "-b\n+x\n+y\n");
	free(diff);
	diff = edit_diff(SPAN_NONE, span_str("a\r\nb"));
	assert_string_equal(diff, "+a\n+b\n");
	free(diff);
	diff = edit_diff(span_str("a\n"), span_str("a\n"));
	assert_string_equal(diff, "");
	free(diff);
	diff = edit_diff(span_str("a\na\n"), span_str("a\na\na\n"));
	assert_string_equal(diff, "+a\n");
	free(diff);
}

/* --- our own files ------------------------------------------------------------------------------ */
#define TEXT "# made by bsre-token register\n# slot = 1\nlibrary = \"" MODULE "\"\n"

static void whole_files(void **state)
{
	static const struct { const char *file, *before; enum look look; const char *moved; } files[] = {
		{ TEXT, NULL, LOOK_THERE, NULL },
		{ "library = \"" MODULE "\"", NULL, LOOK_OTHER, NULL },		/* does not say whose it is */
		{ "library = \"" MODULE "\"", TEXT, LOOK_THERE, NULL },
		{ "#made by bsre-token register\r\nlibrary = \"" MODULE "\"\r\nslot = 7\r\n", NULL, LOOK_THERE,
		  NULL },
		{ "# made by bsre-token register\n# library = \"" MODULE "\"\n", NULL, LOOK_OTHER, NULL },
		{ "library = \"/opt/libbsre-pkcs11.so\"\nslot = 7", TEXT, LOOK_MISSING,
		  "library = \"" MODULE "\"\nslot = 7" },
		{ "library = \"/opt/other.so\"\n", TEXT, LOOK_OTHER, NULL },
		{ "library = \"/opt/other.so\"\n", "library = \"/opt/other.so\"\n", LOOK_MISSING,
		  "library = \"" MODULE "\"\n" },
		{ "library = \"" MODULE "\"\nlibrary = \"/opt/other.so\"\n", TEXT, LOOK_OTHER, NULL },
		{ "library = \"\"", TEXT, LOOK_OTHER, NULL }, { "library = \"", TEXT, LOOK_OTHER, NULL },
		{ "", TEXT, LOOK_OTHER, NULL }, { "\n\n", TEXT, LOOK_OTHER, NULL },
	};
	static const struct { const char *file, *left; } taken[] = {
		{ TEXT, "" }, { "slot = 4\n" TEXT "mine = 1", "mine = 1" },
		{ "#library = \"" MODULE "\"\nx\n", "x\n" },
		{ "# slot = 2\n# mine\nlibrary = \"/opt/other.so\"",
		  "# slot = 2\n# mine\nlibrary = \"/opt/other.so\"" },
		{ "", "" },
	};
	struct edit e = { .text = (char *)(uintptr_t)TEXT };
	struct span out;
	enum look look;

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		assert_true(ok(whole_look(span_str(files[i].file), TEXT, MODULE, files[i].before, &look, &out)));
		assert_int_equal(look, files[i].look);
		same(out, files[i].moved ? span_str(files[i].moved) : SPAN_NONE);
		drop(out);
	}
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		out = whole_take(span_str(taken[i].file), &e);
		same(out, span_str(taken[i].left));
		drop(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_are_merged), cmocka_unit_test(policies_new),
		cmocka_unit_test(policies_of_every_shape), cmocka_unit_test(policies_refused),
		cmocka_unit_test(policies_changed_between), cmocka_unit_test(policies_of_others),
		cmocka_unit_test(secmod_lists), cmocka_unit_test(secmod_of_others),
		cmocka_unit_test(secmod_by_another_name), cmocka_unit_test(secmod_written_behind),
		cmocka_unit_test(edits), cmocka_unit_test(whole_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
