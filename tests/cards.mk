# tokens of others: what plays them at a desk, and the promises about them
if HAVE_CACARD
noinst_PROGRAMS += tests/tools/caccard
tests_tools_caccard_SOURCES = tests/tools/caccard.c
tests_tools_caccard_CFLAGS = $(AM_CFLAGS) $(CACARD_CFLAGS)
tests_tools_caccard_LDADD = $(CACARD_LIBS)
endif
EXTRA_DIST += tests/tools/kinds.py tests/tools/fill-softhsm.sh tests/tools/fill-cac.sh

cards_stories = \
	tests/stories/a-hostile-module-costs-its-token-alone.sh \
	tests/stories/a-token-of-another-driver-is-managed.sh \
	tests/stories/a-token-of-another-driver-signs.sh
# once is enough, without sanitizers: what they show of our code the three above run through as well
cards_stories_once = \
	tests/stories/a-module-that-changed-is-refused.sh \
	tests/stories/a-module-that-hangs-or-runs-programs-is-ended.sh \
	tests/stories/a-module-that-is-none-is-named.sh \
	tests/stories/no-pin-is-left-in-a-modules-process.sh \
	tests/stories/nothing-stays-open-on-any-card.sh \
	tests/stories/tokens-of-others-work-without-us.sh \
	tests/stories/what-shares-an-id-stays.sh
TESTS += $(cards_stories)
if !SANITIZERS
TESTS += $(cards_stories_once)
endif
EXTRA_DIST += $(cards_stories) $(cards_stories_once) tests/stories/hostile.sh

# a PKCS#11 module that does one thing wrong, loaded by the service; installed nowhere
noinst_LTLIBRARIES += hostile-module.la
hostile_module_la_SOURCES = tests/modules/hostile-module.c tests/modules/hostile.def
hostile_module_la_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
hostile_module_la_LIBADD = $(CRYPTO_LIBS)
hostile_module_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
