# tests of what the broker promises: logins and PINs, hot-plug, hostile programs, secrets, the ledger
noinst_PROGRAMS += tests/stories/pcscclient
tests_stories_pcscclient_SOURCES = tests/stories/pcscclient.c
tests_stories_pcscclient_CFLAGS = $(AM_CFLAGS) $(PCSC_CFLAGS)
tests_stories_pcscclient_LDADD = $(PCSC_LIBS)

noinst_PROGRAMS += tests/stories/hostile
tests_stories_hostile_SOURCES = tests/stories/hostile.c
tests_stories_hostile_LDADD = libbsrewire.la libbsre.la

policy_stories = \
	tests/stories/a-broken-configuration-changes-nothing.sh \
	tests/stories/a-card-that-talks-nonsense-harms-nobody.sh \
	tests/stories/a-changed-history-is-told.sh \
	tests/stories/a-changed-pin-counts-for-who-changed-it.sh \
	tests/stories/a-dialog-ends-whatever-its-pinentry-does.sh \
	tests/stories/a-dialog-opens-on-the-desktop.sh \
	tests/stories/a-dialog-waits-for-its-turn.sh \
	tests/stories/a-foreign-program-gets-in-under-load.sh \
	tests/stories/a-dead-pcscd-is-said-plainly.sh \
	tests/stories/a-full-disk-is-told-in-the-history.sh \
	tests/stories/a-kept-pin-that-fails-is-forgotten.sh \
	tests/stories/a-kept-pin-buys-nobody-guesses.sh \
	tests/stories/a-login-serves-the-operation-that-waits.sh \
	tests/stories/a-key-that-always-asks-is-asked-for.sh \
	tests/stories/a-locked-screen-forgets-the-pin.sh \
	tests/stories/a-login-survives-what-others-do-to-the-card.sh \
	tests/stories/a-puks-last-try-is-not-a-programs-to-spend.sh \
	tests/stories/a-sandboxed-program-needs-the-socket-alone.sh \
	tests/stories/a-stale-socket-is-taken-over.sh \
	tests/stories/a-program-sees-the-keys-it-may.sh \
	tests/stories/a-terminal-is-asked-on-it.sh \
	tests/stories/a-token-held-by-another-program-is-said-so.sh \
	tests/stories/a-token-pulled-at-any-command-is-an-error.sh \
	tests/stories/a-token-that-hangs-is-set-aside.sh \
	tests/stories/a-typo-does-not-end-anothers-login.sh \
	tests/stories/a-try-lost-after-a-refill-asks-again.sh \
	tests/stories/a-try-lost-elsewhere-asks-again.sh \
	tests/stories/a-key-is-what-its-template-says.sh \
	tests/stories/session-objects-keep-their-word.sh \
	tests/stories/a-worker-that-dies-costs-its-token-alone.sh \
	tests/stories/a-wrong-pin-is-not-sent-twice.sh \
	tests/stories/an-idle-login-ends.sh \
	tests/stories/an-open-card-is-closed-soon.sh \
	tests/stories/another-token-in-its-place-is-another-token.sh \
	tests/stories/another-user-is-not-heard.sh \
	tests/stories/any-program-can-initialise-a-token.sh \
	tests/stories/hostile-names-stay-in-their-line.sh \
	tests/stories/hostile-programs-harm-nobody.sh \
	tests/stories/out-of-descriptors-programs-are-refused.sh \
	tests/stories/pcscd-may-restart.sh \
	tests/stories/the-history-shows-no-tricks.sh \
	tests/stories/the-last-try-is-not-a-programs-to-spend.sh \
	tests/stories/the-service-asks-for-the-pin.sh \
	tests/stories/the-security-officer-gives-a-new-pin.sh \
	tests/stories/two-tokens-have-two-logins.sh \
	tests/stories/without-kept-pins-the-card-is-held.sh
TESTS += $(policy_stories)
EXTRA_DIST += $(policy_stories) tests/tools/pcscd-again.py tests/tools/pinentry.py
