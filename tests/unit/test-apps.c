/* Login modes: which rule counts for which program, what a rule must look like, and how sandboxes are known. */
#include "config.h"
#include "unit.h"
#include "tokend/apps.h"

static struct apps rules(const char *const *lines)
{
	struct apps a = { 0 };
	const char *what;

	for (; *lines; lines++)
		assert_true(ok(apps_add(&a, *lines, &what)));
	return a;
}

static void the_table_counts_where_no_rule_does(void **state)
{
	struct apps none = { 0 };

	(void)state;
	assert_int_equal(apps_find(&none, "/usr/lib/jvm/java-17-openjdk-amd64/bin/java", "").mode, MODE_ON_USE);
	assert_int_equal(apps_find(&none, "/usr/lib/openssh/ssh-pkcs11-helper", "").mode, MODE_ON_USE);
	assert_int_equal(apps_find(&none, "/usr/lib/firefox-esr/firefox-esr", "").mode, MODE_APP_PIN);
	assert_int_equal(apps_find(&none, "/opt/agency/sign", "").mode, MODE_APP_PIN);
	assert_int_equal(apps_find(&none, "/opt/agency/sign", "").keys, KEYS_ALL);
	assert_int_equal(apps_find(&none, "", "").mode, MODE_APP_PIN);
	/* a name that only ends like one of the table's is another program */
	assert_int_equal(apps_find(&none, "/usr/bin/notopenssl", "").mode, MODE_APP_PIN);
}

static void the_first_rule_of_the_file_counts(void **state)
{
	const char *const lines[] = { "/opt/*/sign pap login", "*/sign on-use", "*/java app-pin sign",
	                              "flatpak:org.mozilla.* pap", "snap:firefox on-use", NULL };
	struct apps a = rules(lines);

	(void)state;
	assert_int_equal(apps_find(&a, "/opt/a/b/sign", "").mode, MODE_PAP);
	assert_int_equal(apps_find(&a, "/opt/a/b/sign", "").keys, KEYS_LOGIN);
	assert_int_equal(apps_find(&a, "/usr/bin/sign", "").mode, MODE_ON_USE);
	assert_int_equal(apps_find(&a, "/usr/bin/java", "").mode, MODE_APP_PIN);
	assert_int_equal(apps_find(&a, "/usr/bin/java", "").keys, KEYS_SIGN);
	assert_int_equal(apps_find(&a, "/app/bin/firefox", "flatpak:org.mozilla.firefox").mode, MODE_PAP);
	assert_int_equal(apps_find(&a, "/app/bin/firefox", "flatpak:org.example").mode, MODE_APP_PIN);
	assert_int_equal(apps_find(&a, "/snap/firefox/1/firefox", "snap:firefox").mode, MODE_ON_USE);
}

static void a_sandbox_counts_before_its_program(void **state)
{
	const char *const lines[] = { "*/signer app-pin sign", "/usr/bin/trusted pap sign", "*/* app-pin login",
	                              "flatpak:org.* on-use login", "snap:* pap login", NULL };
	struct apps a = rules(lines), none = { 0 };

	(void)state;
	assert_int_equal(apps_find(&a, "/usr/bin/signer", "").keys, KEYS_SIGN);
	assert_int_equal(apps_find(&a, "/app/bin/signer", "flatpak:org.example").mode, MODE_ON_USE);
	assert_int_equal(apps_find(&a, "/app/bin/signer", "flatpak:org.example").keys, KEYS_LOGIN);
	assert_int_equal(apps_find(&a, "/snap/signer/1/signer", "snap:signer").mode, MODE_PAP);
	/* without a rule for it: a name counts, wherever it is; a path of the system's own is none of a sandbox */
	assert_int_equal(apps_find(&a, "/app/bin/signer", "flatpak:id.example").keys, KEYS_SIGN);
	assert_int_equal(apps_find(&a, "/usr/bin/trusted", "").keys, KEYS_SIGN);
	assert_int_equal(apps_find(&a, "/usr/bin/trusted", "flatpak:id.example").keys, KEYS_LOGIN);
	assert_int_equal(apps_find(&none, "/app/jre/bin/java", "flatpak:id.example").mode, MODE_ON_USE);
}

static void the_utility_is_meant_by_its_name_alone(void **state)
{
	const char *const broad[] = { "*/* on-use login", "*/bsre-* pap login", NULL };
	const char *const named[] = { "*/* on-use login", "*/bsre-token pap login", NULL };
	const char *const path[] = { BINDIR "/bsre-token on-use sign", NULL };
	struct apps a = rules(broad), b = rules(named), c = rules(path);

	(void)state;
	assert_int_equal(apps_find(&a, BINDIR "/bsre-token", "").mode, MODE_APP_PIN);
	assert_int_equal(apps_find(&a, BINDIR "/bsre-token", "").keys, KEYS_ALL);
	assert_int_equal(apps_find(&b, BINDIR "/bsre-token", "").mode, MODE_PAP);
	assert_int_equal(apps_find(&c, BINDIR "/bsre-token", "").keys, KEYS_SIGN);
	/* another of that name, and one in a sandbox, are not ours */
	assert_int_equal(apps_find(&a, "/opt/bsre-token", "").mode, MODE_ON_USE);
	assert_int_equal(apps_find(&a, BINDIR "/bsre-token", "flatpak:org.example").mode, MODE_ON_USE);
}

static void what_is_no_rule_is_refused(void **state)
{
	static const char *const wrong[] = { "", "java on-use", "*/java", "*/java often", "*/java pap some",
	                                     "*/java pap all x", "flatpak pap" };
	struct apps a = { 0 };
	const char *what;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_int_equal(apps_add(&a, wrong[i], &what).code, E_ARGUMENTS);
		assert_non_null(what);
	}
	for (int i = 0; i < APP_RULES_MAX; i++)
		assert_true(ok(apps_add(&a, "*/x pap", &what)));
	assert_int_equal(apps_add(&a, "*/x pap", &what).code, E_ARGUMENTS);
	assert_int_equal(a.n, APP_RULES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_counts_where_no_rule_does),
		cmocka_unit_test(the_first_rule_of_the_file_counts),
		cmocka_unit_test(a_sandbox_counts_before_its_program),
		cmocka_unit_test(the_utility_is_meant_by_its_name_alone),
		cmocka_unit_test(what_is_no_rule_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
