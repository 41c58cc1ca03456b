# tokens of others: what plays them at a desk, and the promises about them
if HAVE_CACARD
noinst_PROGRAMS += tests/tools/caccard
tests_tools_caccard_SOURCES = tests/tools/caccard.c
tests_tools_caccard_CFLAGS = $(AM_CFLAGS) $(CACARD_CFLAGS)
tests_tools_caccard_LDADD = $(CACARD_LIBS)
endif
EXTRA_DIST += tests/tools/kinds.py tests/tools/fill-softhsm.sh tests/tools/fill-cac.sh

cards_stories = \
	tests/stories/tokens-of-others-work-without-us.sh
TESTS += $(cards_stories)
EXTRA_DIST += $(cards_stories)
