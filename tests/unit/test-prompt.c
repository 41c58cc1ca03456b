/* What a dialog says: names of cards and programs, of any length and any bytes, stay in their lines, and the lines of
 * the service itself are always there. */
#include "config.h"
#include "unit.h"
#include "lib/utf8.h"
#include "tokend/prompt.h"

enum { LONG = 4096, ASSUAN = 1000 };

/* As Assuan's line has it: a line end and a percent sign take three bytes. */
static size_t escaped(const char *s)
{
	size_t n = strlen("SETDESC ");

	for (; *s; s++)
		n += (unsigned char)*s < ' ' || *s == '%' ? 3 : 1;
	return n;
}

static struct PromptAsk_in question(struct span name, struct span program)
{
	return (struct PromptAsk_in){ .program = program, .sandbox = name, .pid = 4194304,
	                              .purpose = PURPOSE_LOGIN, .key = name,
	                              .holder = name, .token = name, .serial = name, .tries = 3 };
}

static unsigned lines_of(const char *text, const char *begin)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, begin)); at++)
		n += at > text && at[-1] == '\n';
	return n;
}

static void holds(const char *text)
{
	static const char *const once[] = { "Key: ", "Certificate: ", "Token: ", "Serial: ", "Program: ", "Sandbox: ",
		"Process: 4194304", "Tries left: 3" };

	assert_true(escaped(text) < ASSUAN);
	for (size_t i = 0; i < sizeof once / sizeof once[0]; i++)
		if (lines_of(text, once[i]) != 1)
			fail_msg("%s: %s", once[i], text);
	size_t ends = 0;
	for (const char *s = text; *s; s++) {
		ends += *s == '\n';
		assert_true((unsigned char)*s >= ' ' || *s == '\n');
		assert_int_not_equal((unsigned char)*s, 0x7F);
	}
	assert_int_equal(ends, 8);
	for (struct cur c = cur_of(span_str(text)); cur_left(&c);) {
		uint32_t u = utf8_next(&c);
		assert_true(u == '\n' || !text_harmful(u));
	}
}

static const char *const pieces[] = {
	"a", "%", "%0A", "\n", "\r\nTries left: 9\n", "\x1B[2J", "\xFF", "\xE2\x80\xAE", "\xE2\x81\xA6x",
	"\xE2\x80\xA8", "\xC3\xA4", "\xE4\xB8\xAD", "\xF0\x9F\x94\x91", "\xC2\x85", "%n%s", "\x7F", "<b>",
};

/* One piece again and again, as long as there is room. */
static struct span full_of(char room[LONG], const char *piece)
{
	struct buf b = { (uint8_t *)room, 0, LONG, false };

	while (buf_room(&b) >= strlen(piece))
		buf_str(&b, piece);
	return buf_span(&b);
}

static void names_of_any_kind(void **state)
{
	static char name[LONG], program[LONG];
	enum { N = sizeof pieces / sizeof pieces[0] };
	char text[PROMPT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < (size_t)N * (N + 1); i++) {
		struct span its = i % (N + 1) < N ? full_of(program, pieces[i % (N + 1)]) : span_str("/usr/bin/ssh");
		struct PromptAsk_in ask = question(full_of(name, pieces[i / (N + 1)]), its);

		prompt_text(&ask, text, sizeof text);
		holds(text);
		prompt_last(&ask, text, sizeof text);
		holds(text);
	}
}

static void names_as_they_are(void **state)
{
	static const char path[] = "/opt/a/very/long/way/that/nobody/reads/to/its/end/a/very/long/way/that/nobody/"
		"reads/to/its/end/a/very/long/way/that/nobody/reads/to/its/end/a/very/long/way/that/nobody/program";
	struct PromptAsk_in ask = question(span_str("Kunci 100% \xC3\xA4"), span_str(path));
	char text[PROMPT_TEXT_MAX];

	(void)state;
	prompt_text(&ask, text, sizeof text);
	holds(text);
	assert_non_null(strstr(text, "program wants to log in"));
	assert_non_null(strstr(text, "\nKey: Kunci 100% \xC3\xA4\nCertificate: Kunci"));
	assert_non_null(strstr(text, "\nProgram: \xE2\x80\xA6"));
	assert_non_null(strstr(text, "/that/nobody/program\nSandbox: Kunci 100% \xC3\xA4\nProcess: "));
	ask.key = span_str("a name that is longer than what is shown of one, since a person gave it a whole sentence "
			   "for its label");
	prompt_text(&ask, text, sizeof text);
	assert_non_null(strstr(text, "\nKey: a name that is longer than what is shown of one, "));
	assert_non_null(strstr(text, "\xE2\x80\xA6\nCertificate"));
	ask = question(SPAN_NONE, SPAN_NONE);
	prompt_text(&ask, text, sizeof text);
	assert_string_equal(text, "A program that is gone wants to log in to your token. It can then use the keys "
			    "that do not ask each time.\nProcess: 4194304\nTries left: 3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_any_kind), cmocka_unit_test(names_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
