# tests of what the broker promises: logins and PINs, hot-plug, hostile programs, secrets, the ledger
noinst_PROGRAMS += tests/stories/pcscclient
tests_stories_pcscclient_SOURCES = tests/stories/pcscclient.c
tests_stories_pcscclient_CFLAGS = $(AM_CFLAGS) $(PCSC_CFLAGS)
tests_stories_pcscclient_LDADD = $(PCSC_LIBS)

policy_stories = \
	tests/stories/a-foreign-program-gets-in-under-load.sh \
	tests/stories/a-kept-pin-that-fails-is-forgotten.sh \
	tests/stories/a-key-that-always-asks-is-asked-for.sh \
	tests/stories/a-login-survives-what-others-do-to-the-card.sh \
	tests/stories/a-try-lost-elsewhere-asks-again.sh \
	tests/stories/a-wrong-pin-is-not-sent-twice.sh \
	tests/stories/an-open-card-is-closed-soon.sh \
	tests/stories/the-last-try-is-not-a-programs-to-spend.sh
TESTS += $(policy_stories)
EXTRA_DIST += $(policy_stories)
