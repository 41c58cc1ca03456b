# tests: each is bounded in time, whatever hangs
LOG_COMPILER = timeout -k 5 120
SH_LOG_COMPILER = $(quick) timeout -k 20 400 sh
if QUICK_TESTS
quick = sh $(srcdir)/tests/tools/quick.sh
endif
EXTRA_DIST += tests/tools/quick.sh

# stories: a promise each, shown end to end on a virtual token
stories = \
	tests/stories/a-broad-rule-leaves-the-utility-alone.sh \
	tests/stories/a-certificate-goes-only-after-a-yes.sh \
	tests/stories/a-dead-service-is-an-error-not-a-hang.sh \
	tests/stories/a-dialog-speaks-the-programs-language.sh \
	tests/stories/a-key-that-wants-a-touch-says-so.sh \
	tests/stories/a-lone-program-wakes-the-service.sh \
	tests/stories/a-name-file-with-a-mistake-is-refused.sh \
	tests/stories/a-narrow-terminal-cuts-no-serial.sh \
	tests/stories/a-person-at-the-terminal.sh \
	tests/stories/a-power-cut-anywhere-is-mended.sh \
	tests/stories/a-program-signs-and-openssl-agrees.sh \
	tests/stories/a-pulled-token-is-an-error-not-a-hang.sh \
	tests/stories/a-revoked-signer-is-told.sh \
	tests/stories/a-stuck-service-is-an-error-not-a-hang.sh \
	tests/stories/a-token-of-the-factory-makes-no-key.sh \
	tests/stories/a-token-is-tried-before-it-is-handed-out.sh \
	tests/stories/a-token-pulled-while-it-is-recognised-hangs-nobody.sh \
	tests/stories/a-weak-signature-is-refused.sh \
	tests/stories/a-wrong-pin-is-counted-and-said.sh \
	tests/stories/an-interrupt-does-not-stop-the-token.sh \
	tests/stories/an-interrupted-init-is-told.sh \
	tests/stories/an-output-is-whole-or-not-there.sh \
	tests/stories/an-unknown-card-is-said-plainly.sh \
	tests/stories/data-objects-live-on-the-token.sh \
	tests/stories/each-exit-status-of-the-utility.sh \
	tests/stories/each-program-has-its-own-login.sh \
	tests/stories/every-command-answers-in-json.sh \
	tests/stories/every-command-in-both-languages.sh \
	tests/stories/every-mechanism-agrees-with-openssl.sh \
	tests/stories/no-pin-is-left-behind.sh \
	tests/stories/no-token-is-said-plainly.sh \
	tests/stories/nothing-stays-open-after-the-last-logout.sh \
	tests/stories/nss-openssl-and-gnutls-find-the-keys.sh \
	tests/stories/programs-are-told-of-the-module.sh \
	tests/stories/register-minds-links-and-neighbours.sh \
	tests/stories/the-demo-runs.sh \
	tests/stories/the-readme-is-true.sh \
	tests/stories/two-tokens-and-none-is-named.sh \
	tests/stories/two-utilities-start-one-service.sh
TESTS += $(stories)
EXTRA_DIST += $(stories) tests/stories/story.sh tests/stories/told.sh

# a program that stories order about; not a check_PROGRAM, since stories are run by hand as well
noinst_PROGRAMS += tests/stories/p11client
tests_stories_p11client_SOURCES = tests/stories/p11client.c tests/stories/client.h tests/stories/objects.c \
	tests/stories/template.c tests/stories/template.h
tests_stories_p11client_LDADD = -ldl -lpthread
noinst_PROGRAMS += tests/stories/pinscan
tests_stories_pinscan_SOURCES = tests/stories/pinscan.c

# what reads the source, or packs it: once is enough, without sanitizers
once = tests/house.sh tests/docs.sh tests/lint.sh tests/desk.sh tests/install.sh tests/words.sh \
	tests/deb.sh tests/completion.sh
if !SANITIZERS
TESTS += $(once)
endif
EXTRA_DIST += $(once) tests/install.list

# the desk that with-token makes
EXTRA_DIST += tests/README.md tests/tools/desk.py tests/tools/prepare.py tests/tools/cards.py tests/tools/pdf.py \
	tests/tools/typist.exp tests/tools/ca.sh tests/tools/fill-token.sh tests/tools/shapes.py \
	scripts/build scripts/check scripts/demo scripts/deps scripts/packages scripts/valgrind scripts/with-token \
	.ci/run

# the benches' clients; their orders come from scripts/bench. Counts of commands are exact: a test.
TESTS += tests/bench/apdus.sh
EXTRA_DIST += scripts/bench tests/bench/README.md tests/bench/apdus.sh tests/bench/apdus.py \
	tests/bench/calls.py tests/bench/common.py tests/bench/pcsc.py tests/bench/swarm.py
bench_client = tests/bench/program.c tests/bench/program.h
noinst_PROGRAMS += tests/bench/calls tests/bench/signer
tests_bench_calls_SOURCES = tests/bench/calls.c $(bench_client)
tests_bench_calls_LDADD = -ldl
tests_bench_signer_SOURCES = tests/bench/signer.c $(bench_client)
tests_bench_signer_LDADD = -ldl
