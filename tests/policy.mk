# tests of what the broker promises: logins and PINs, hot-plug, hostile programs, secrets, the ledger
noinst_PROGRAMS += tests/stories/pcscclient
tests_stories_pcscclient_SOURCES = tests/stories/pcscclient.c
tests_stories_pcscclient_CFLAGS = $(AM_CFLAGS) $(PCSC_CFLAGS)
tests_stories_pcscclient_LDADD = $(PCSC_LIBS)

