/* src/cli: the command line, the DN file, PIN rules, files with secrets, text from tokens. */
#include "config.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "cli/args.h"
#include "cli/ask.h"
#include "cli/csr.h"
#include "cli/pinrule.h"
#include "cli/say.h"
#include "cli/wrap.h"
#include "lib/tlv.h"

/* --- the command line ------------------------------------------------------------------------- */
static err parse(struct args *a, const char *line)
{
	static char room[512];
	char *argv[24] = { (char *)(uintptr_t)"bsre-token" }, *save = NULL;
	int argc = 1;

	snprintf(room, sizeof room, "%s", line);
	for (char *w = strtok_r(room, " ", &save); w && argc < 24; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	return args_parse(argc, argv, a);
}

static void command_lines(void **state)
{
	static const struct { const char *line, *words; int nrest; } good[] = {
		{ "list", "list", 0 }, { "--json list", "list", 0 }, { "list --json", "list", 0 },
		{ "--token 77 key generate --slot 9a --alg p256", "key generate", 0 },
		{ "key generate -s9a -l name", "key generate", 0 },
		{ "cert import x.pem", "cert import", 1 }, { "cert import -- --odd", "cert import", 1 },
		{ "help key generate", "help", 2 }, { "request --dn=a=b -o -", "request", 0 },
		{ "cert import --help", "cert import", 0 },
	};
	struct args a;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_true(ok(parse(&a, good[i].line)));
		assert_string_equal(a.cmd->words, good[i].words);
		assert_int_equal(a.nrest, good[i].nrest);
	}
	assert_true(ok(parse(&a, "request --dn=a=b")));
	assert_string_equal(a.opt[OPT_dn], "a=b");
	assert_true(ok(parse(&a, "")));
	assert_null(a.cmd);
}

static void bad_command_lines(void **state)
{
	static const char *const bad[] = {
		"lis", "key", "pin", "list extra", "list --slot 9a", "list --nothing", "list -z", "list --json=1",
		"key generate --slot 99", "key generate --alg rsa1024", "key generate --slot",
		"key generate --pin-policy sometimes", "cert import", "cert import a b", "--jso list",
		"a b c d e f g h i j", "list --token a --token b", "list -q --quiet",
	};
	struct args a;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(err_exit(parse(&a, bad[i])), 64);
}

static void tables(void **state)
{
	static const char *const advice[] = {
#define ADVICE(code, text) text,
#include "cli/advice.def"
#undef ADVICE
	};

	(void)state;
	assert_true(commands_count <= COMMANDS_MAX);
	assert_true(OPT_COUNT < 63);
	for (size_t i = 0; i < sizeof advice / sizeof advice[0]; i++) {
		const char *at = strchr(advice[i], '%');

		assert_true(!at || (at[1] == 's' && !strchr(at + 1, '%')));
	}
}

/* --- the DN file ------------------------------------------------------------------------------- */
static struct dn dn;
static struct dn_fault fault;

static err read_text(const char *text) { return dn_parse(span_str(text), false, &dn, &fault); }

/* The subject as OpenSSL prints it, joined RDNs with +, in the order given. */
static const char *subject(void)
{
	static char out[2048];
	X509_NAME *name = csr_subject(&dn);
	BIO *bio = BIO_new(BIO_s_mem());

	assert_non_null(name);
	X509_NAME_print_ex(bio, name, 0, (XN_FLAG_RFC2253 & ~(unsigned long)(XN_FLAG_DN_REV | ASN1_STRFLGS_ESC_MSB)));
	int n = BIO_read(bio, out, sizeof out - 1);
	out[n < 0 ? 0 : n] = 0;
	BIO_free(bio);
	X509_NAME_free(name);
	return out;
}

static void dn_as_given(void **state)
{
	(void)state;
	assert_true(ok(read_text("# of a CA\nemailAddress = budi@example.go.id\nCN=Budi  "
			"Santoso, S.Kom = x\n"
				 "OU = Dinas A\nOU = Bidang B\n\nO = Pemda "
				"\xC3\xA9\nL=Kota\nST= Aceh\n  C = ID\n"
				 "description = 17150219_Tanda Tangan Digital # 1\n")));
	assert_string_equal(subject(), "emailAddress=budi@example.go.id,CN=Budi  Santoso\\, S.Kom = x,"
			    "OU=Dinas A,OU=Bidang B,O=Pemda \xC3\xA9,L=Kota,ST=Aceh,C=ID,"
			    "description=17150219_Tanda Tangan Digital # 1");
	assert_int_equal(dn.item[8].line, 11);
}

static void dn_types(void **state)
{
	(void)state;
	assert_true(ok(read_text(
			"C=ID\nO:printable=Pemda\n2.5.4.5=123\n1.2.3.4=x\nDC=id\nCN:utf8=Budi\n")));
	assert_int_equal(dn.item[0].type, DN_PRINTABLE);
	assert_int_equal(dn.item[1].type, DN_PRINTABLE);
	assert_int_equal(dn.item[2].type, DN_PRINTABLE);
	assert_int_equal(dn.item[3].type, DN_UTF8);
	assert_int_equal(dn.item[4].type, DN_IA5);
	assert_int_equal(dn.item[5].type, DN_UTF8);
}

static void dn_joined(void **state)
{
	X509_NAME *name;

	(void)state;
	assert_true(ok(read_text("C=ID\nCN=Budi\n+ serialNumber = 7\n+ title=Kepala\nOU=x\n")));
	name = csr_subject(&dn);
	assert_int_equal(X509_NAME_ENTRY_set(X509_NAME_get_entry(name, 1)),
			 X509_NAME_ENTRY_set(X509_NAME_get_entry(name, 3)));
	assert_int_not_equal(X509_NAME_ENTRY_set(X509_NAME_get_entry(name, 3)),
			     X509_NAME_ENTRY_set(X509_NAME_get_entry(name, 4)));
	X509_NAME_free(name);
}

/* Written down by hand from X.690 and RFC 5280: order, string types, the sorted SET of a joined RDN. */
static void dn_to_the_byte(void **state)
{
	static const uint8_t first[] = {
		0x31, 0x0B, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x06, 0x13, 0x02, 'I', 'D',
	};
	static const uint8_t second[] = {
		0x31, 0x17,
		0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x05, 0x13, 0x01, '7',
		0x30, 0x0B, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x04, 'J', 'o', 0xC3, 0xA9,
	};
	static const uint8_t third[] = {
		0x31, 0x12, 0x30, 0x10, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01,
		0x16, 0x03, 'a', '@', 'b',
	};
	static const uint8_t fourth[] = {
		0x31, 0x0C, 0x30, 0x0A, 0x06, 0x03, 0x55, 0x04, 0x0D, 0x0C, 0x03, '1', '_', 'T',
	};
	uint8_t room[256], whole[256];
	struct buf body = BUF(room), want = BUF(whole);
	unsigned char *der = NULL;

	(void)state;
	buf_put(&body, SPAN_OF(first));
	buf_put(&body, SPAN_OF(second));
	buf_put(&body, SPAN_OF(third));
	buf_put(&body, SPAN_OF(fourth));
	tlv_put(&want, 0x30, buf_span(&body));
	assert_true(ok(read_text("C = ID\nCN = Jo\xC3\xA9\n+ serialNumber = 7\nemailAddress = a@b\n"
				 "2.5.4.13 = 1_T\n")));
	X509_NAME *name = csr_subject(&dn);
	int n = i2d_X509_NAME(name, &der);
	assert_true(span_eq(buf_span(&want), (struct span){ der, (size_t)n }));
	OPENSSL_free(der);
	X509_NAME_free(name);
}

static void dn_ends_of_line(void **state)
{
	(void)state;
	assert_true(ok(read_text("\xEF\xBB\xBF" "C=ID\r\nCN = Budi\r\n")));
	assert_string_equal(subject(), "C=ID,CN=Budi");
	assert_true(ok(read_text("C=ID\nCN=Budi")));
	assert_string_equal(subject(), "C=ID,CN=Budi");
}

static void dn_faults(void **state)
{
	static char longer[80];
	static const struct { const char *text; unsigned line; const char *says; } bad[] = {
		{ "C=ID\nXX=1\n", 2, "allowed are CN, " }, { "C=ID\nCN=\n", 2, "no value" },
		{ "\n\nCN=B\xE9la\n", 3, "not UTF-8" }, { "CN=\xC0\x80", 1, "not UTF-8" },
		{ "CN=\xED\xA0\x80", 1, "not UTF-8" }, { "C=IDN", 1, "two letters" }, { "C=1D", 1, "two letters" },
		{ "C=\xC3\xA9", 1, "PrintableString" }, { "emailAddress=\xC3\xA9@x", 1, "IA5String" },
		{ "serialNumber=a_b", 1, "'_'" }, { "CN=a\tb", 1, "control" }, { "CN=a\rb", 1, "control" },
		{ "CN Budi", 1, "attribute = value" }, { "+ CN = x", 1, "none" }, { "CN:latin=x", 1, "string type" },
		{ "", 0, "no attribute" }, { "# only this\n", 0, "no attribute" }, { "\xFF\xFE" "C", 1, "UTF-16" },
		{ longer, 1, "64" }, { "1.2.3.=x", 1, "no attribute" }, { "3.1=x", 1, "no attribute" },
		{ "1.40.1=x", 1, "no attribute" }, { "1=x", 1, "no attribute" }, { "2.5.04.3=x", 1, "no attribute" },
	};

	(void)state;
	snprintf(longer, sizeof longer, "CN=%065d", 1);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(read_text(bad[i].text).code, E_DATA_INVALID);
		assert_int_equal(fault.line, bad[i].line);
		assert_non_null(strstr(fault.why, bad[i].says));
	}
	assert_true(ok(dn_parse(span_str(longer), true, &dn, &fault)));
	assert_int_equal(dn_parse((struct span){ (const uint8_t *)"C=I\0D", 5 }, false, &dn, &fault).code,
			 E_DATA_INVALID);
}

static void dn_json(void **state)
{
	(void)state;
	assert_true(ok(read_text("{\"data\": {\"organization\": \"Sekretariat\", "
			"\"description\": \"74_Tanda Tangan Digital\","
				 "\"key_length\": [\"2048\"], \"subject_alt_name\": "
				"\"disable\", \"state\": \"aceh\","
				 "\"common_name\": \"Sekda\", \"organization_unit\": [\"A\", \"B\"],"
				 "\"email_address\": \"x@example.go.id\", \"country\": \"ID\"}, "
				"\"success\": true}")));
	assert_string_equal(subject(), "O=Sekretariat,description=74_Tanda Tangan "
			"Digital,ST=aceh,CN=Sekda,"
			    "OU=A,OU=B,emailAddress=x@example.go.id,C=ID");
	assert_int_equal(dn.key_bits_n, 1);
	assert_int_equal(dn.key_bits[0], 2048);
	assert_true(ok(read_text(" [ {\"C\":\"ID\"}, {\"O\":\"x\"} ]")));
	assert_string_equal(subject(), "C=ID,O=x");
}

static void dn_json_faults(void **state)
{
	static const char *const bad[] = {
		"{", "{}", "[]", "{\"data\":1}", "{\"country\":\"IDN\"}", "{\"country\":1}", "{\"nik\":\"1\"}",
		"{\"country\":\"\"}", "{\"C\":\"ID\",\"C\":\"ID\"}", "[1]",
				"{\"C\":\"ID\",\"key_length\":\"x\"}",
		"{\"C\":\"ID\",\"subject_alt_name\":\"a@b\"}", "{\"CN\":\"a\\u0000b\"}", "{\"CN\":[[\"a\"]]}",
		"{\"C\":\"ID\"} x", "{\"C\":\"ID\",\"key_length\":\"2048x\"}",
		"{\"C\":\"ID\",\"key_length\":[]}", "{\"C\":\"ID\",\"OU\":[]}",
		"{\"data\":{\"C\":\"ID\"},\"success\":false}", "{\"C\":\"ID\",\"success\":false}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(read_text(bad[i]).code, E_DATA_INVALID);
}

/* --- PINs -------------------------------------------------------------------------------------- */
static enum pin_fault fault_of(const char *text)
{
	struct secret s;

	assert_true(secret_set(&s, span_str(text)));
	return pin_fault(&s, PIN_LEAST, PIN_MOST);
}

static void pin_rules(void **state)
{
	(void)state;
	assert_int_equal(fault_of("482913"), PIN_GOOD);
	assert_int_equal(fault_of("48291375"), PIN_GOOD);
	assert_int_equal(fault_of("a8!zQ2"), PIN_GOOD);
	assert_int_equal(fault_of(""), PIN_SHORT);
	assert_int_equal(fault_of("48291"), PIN_SHORT);
	assert_int_equal(fault_of("482913750"), PIN_LONG);
	assert_int_equal(fault_of("111111"), PIN_SAME);
	assert_int_equal(fault_of("121212"), PIN_SAME);
	assert_int_equal(fault_of("123456"), PIN_SEQUENCE);
	assert_int_equal(fault_of("98765432"), PIN_SEQUENCE);
	assert_int_equal(fault_of("abcdef"), PIN_SEQUENCE);
	assert_int_equal(fault_of("48 2913"), PIN_CHARACTERS);
	assert_int_equal(fault_of("4829\xC3\xA9"), PIN_CHARACTERS);
}

static err from_file(struct span text, struct secret *out)
{
	char name[] = "/tmp/test-cli.XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0 && write(fd, text.p ? (const char *)text.p : "", text.n) == (ssize_t)text.n);
	close(fd);
	err e = ask_from_file(name, out);
	unlink(name);
	return e;
}

static void secret_files(void **state)
{
	static const char *const good[] = { "482913", "482913\n", "482913\r\n" };
	uint8_t big[200];
	struct secret s;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_true(ok(from_file(span_str(good[i]), &s)));
		assert_true(span_eq(secret_span(&s), span_str("482913")));
	}
	assert_int_equal(from_file(span_str("482913\n\n"), &s).code, E_PIN_INVALID);
	assert_int_equal(from_file(span_str("482913\n1"), &s).code, E_PIN_INVALID);
	assert_int_equal(from_file(span_str("\n"), &s).code, E_PIN_INVALID);
	assert_int_equal(from_file(SPAN_NONE, &s).code, E_PIN_INVALID);
	assert_int_equal(from_file(span_str("482913 "), &s).code, E_PIN_INVALID);
	assert_int_equal(from_file(span_str("482913\t\n"), &s).code, E_PIN_INVALID);
	assert_int_equal(from_file(span_str("\xEF\xBB\xBF" "482913\n"), &s).code, E_PIN_INVALID);
	assert_int_equal(ask_from_file(".", &s).code, E_FILE);
	memset(big, '7', sizeof big);
	assert_int_equal(from_file((struct span){ big, 65 }, &s).code, E_PIN_LENGTH);
	assert_false(ok(from_file((struct span){ big, sizeof big }, &s)));
	assert_int_equal(ask_from_file("/nonexistent", &s).code, E_FILE);
	assert_int_equal(ask_from_file("fd:x", &s).code, E_USAGE);
}

/* --- what tokens say ---------------------------------------------------------------------------- */
static void cleaned(void **state)
{
	static const struct { const char *from, *to; } rows[] = {
		{ "plain \xC3\xA9 \xE2\x82\xAC", "plain \xC3\xA9 \xE2\x82\xAC" },
		{ "a\033[31mb", "a\xEF\xBF\xBD[31mb" }, { "a\nb\r", "a\xEF\xBF\xBD" "b\xEF\xBF\xBD" },
		{ "a\xE2\x80\xAE" "b", "a\xEF\xBF\xBD" "b" }, { "\xC2\x9B", "\xEF\xBF\xBD" },
		{ "\xFF\xFE", "\xEF\xBF\xBD\xEF\xBF\xBD" }, { "\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD" }, { "", "" },
	};
	char small[4];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_string_equal(say_clean(rows[i].from), rows[i].to);
	text_clean(span_str("ab\xE2\x82\xAC"), small, sizeof small);
	assert_string_equal(small, "ab");
}

/* --- sentences on a terminal --------------------------------------------------------------------- */
static void wrapped(void **state)
{
	static const struct { size_t width; const char *text, *shown; } cases[] = {
		{ 0, "as it is, however long", "as it is, however long" },
		{ 10, "one two three four", "one two\nthree four" },
		{ 10, "exactly 10", "exactly 10" },
		{ 10, "a verylongworditis b", "a\nverylongworditis\nb" },
		{ 10, "its own\nbreaks stay", "its own\nbreaks\nstay" },
		{ 6, "\u00e9t\u00e9 \u00e9t\u00e9 x", "\u00e9t\u00e9\n\u00e9t\u00e9 x" },
		{ 4, "  in  two ", "  in\ntwo " },
		{ 5, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *shown = NULL;
		size_t n;
		FILE *f = open_memstream(&shown, &n);

		wrap(f, cases[i].text, cases[i].width);
		fclose(f);
		assert_string_equal(shown, cases[i].shown);
		free(shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_lines),
		cmocka_unit_test(wrapped), cmocka_unit_test(bad_command_lines), cmocka_unit_test(tables),
		cmocka_unit_test(dn_as_given), cmocka_unit_test(dn_types), cmocka_unit_test(dn_joined),
		cmocka_unit_test(dn_to_the_byte),
		cmocka_unit_test(dn_ends_of_line), cmocka_unit_test(dn_faults), cmocka_unit_test(dn_json),
		cmocka_unit_test(dn_json_faults), cmocka_unit_test(pin_rules), cmocka_unit_test(secret_files),
		cmocka_unit_test(cleaned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
