# src/vtoken: the virtual token; libvtoken is the card without its sockets, for the tests
noinst_LTLIBRARIES += libvtoken.la
libvtoken_la_SOURCES = \
	src/vtoken/algs.def src/vtoken/ciphers.def src/vtoken/slots.def \
	src/vtoken/ins.def src/vtoken/protected.def src/vtoken/timings.def \
	src/vtoken/atr.c src/vtoken/atr.h \
	src/vtoken/attest.c src/vtoken/attest.h \
	src/vtoken/card.c src/vtoken/card.h \
	src/vtoken/faults.c src/vtoken/faults.def src/vtoken/faults.h \
	src/vtoken/keys.c src/vtoken/keys-import.c src/vtoken/keys.h \
	src/vtoken/piv.h \
	src/vtoken/piv-auth.c \
	src/vtoken/piv-data.c \
	src/vtoken/piv-key.c \
	src/vtoken/piv-pin.c \
	src/vtoken/piv-select.c \
	src/vtoken/piv-yubico.c \
	src/vtoken/record.c src/vtoken/record.h src/vtoken/replay.c \
	src/vtoken/state.c src/vtoken/state-code.c src/vtoken/state-file.c src/vtoken/state.h \
	src/vtoken/timing.c src/vtoken/timing.h \
	src/vtoken/trace.c src/vtoken/trace.h
libvtoken_la_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
libvtoken_la_LIBADD = libbsre.la $(CRYPTO_LIBS) -lm

bin_PROGRAMS += bsre-vtoken
bsre_vtoken_SOURCES = \
	src/vtoken/control.c \
	src/vtoken/ctl.c \
	src/vtoken/listen.c \
	src/vtoken/main.c \
	src/vtoken/orders.def \
	src/vtoken/port.c \
	src/vtoken/token.c src/vtoken/token.h \
	src/vtoken/vpcd.c
bsre_vtoken_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
bsre_vtoken_LDADD = libvtoken.la

if HAVE_CMOCKA
check_LTLIBRARIES += libvtokendesk.la
libvtokendesk_la_SOURCES = tests/unit/vtoken.c tests/unit/vtoken.h
libvtokendesk_la_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(CRYPTO_CFLAGS)
libvtokendesk_la_LIBADD = libvtoken.la $(CMOCKA_LIBS)

vtoken_unit_tests = \
	tests/unit/test-vtoken \
	tests/unit/test-vtoken-keys \
	tests/unit/test-vtoken-parts \
	tests/unit/test-vtoken-state
check_PROGRAMS += $(vtoken_unit_tests)
TESTS += $(vtoken_unit_tests)
tests_unit_test_vtoken_SOURCES = tests/unit/test-vtoken.c
tests_unit_test_vtoken_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_vtoken_LDADD = libvtokendesk.la
tests_unit_test_vtoken_keys_SOURCES = tests/unit/test-vtoken-keys.c
tests_unit_test_vtoken_keys_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_vtoken_keys_LDADD = libvtokendesk.la
tests_unit_test_vtoken_parts_SOURCES = tests/unit/test-vtoken-parts.c
tests_unit_test_vtoken_parts_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_vtoken_parts_LDADD = libvtokendesk.la
tests_unit_test_vtoken_state_SOURCES = tests/unit/test-vtoken-state.c
tests_unit_test_vtoken_state_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_vtoken_state_LDADD = libvtokendesk.la
endif

# fuzz targets: libFuzzer's main with --enable-fuzzers, otherwise one that runs the corpus
vtoken_fuzz_targets = \
	tests/fuzz/fuzz-vtoken-apdu \
	tests/fuzz/fuzz-vtoken-state
check_PROGRAMS += $(vtoken_fuzz_targets)
tests_fuzz_fuzz_vtoken_apdu_SOURCES = tests/fuzz/fuzz-vtoken-apdu.c
tests_fuzz_fuzz_vtoken_apdu_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
tests_fuzz_fuzz_vtoken_apdu_LDADD = libvtoken.la
tests_fuzz_fuzz_vtoken_state_SOURCES = tests/fuzz/fuzz-vtoken-state.c
tests_fuzz_fuzz_vtoken_state_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
tests_fuzz_fuzz_vtoken_state_LDADD = libvtoken.la
vtoken_fuzz_wrap = -Wl,--wrap=EVP_PKEY_Q_keygen
if FUZZERS
tests_fuzz_fuzz_vtoken_apdu_LDFLAGS = $(AM_LDFLAGS) $(vtoken_fuzz_wrap) -fsanitize=fuzzer
tests_fuzz_fuzz_vtoken_state_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
tests_fuzz_fuzz_vtoken_apdu_LDFLAGS = $(AM_LDFLAGS) $(vtoken_fuzz_wrap)
tests_fuzz_fuzz_vtoken_apdu_SOURCES += tests/fuzz/standalone.c
tests_fuzz_fuzz_vtoken_state_SOURCES += tests/fuzz/standalone.c
TESTS += $(vtoken_fuzz_targets)
endif
EXTRA_DIST += \
	tests/fuzz/corpus/fuzz-vtoken-apdu \
	tests/fuzz/corpus/fuzz-vtoken-state

# programs of others judge the virtual token; scripts/judges makes doc/judges.md of it
vtoken_judges = \
	tests/stories/judges-opensc.sh \
	tests/stories/judges-plain.sh \
	tests/stories/judges-ykcs11.sh \
	tests/stories/judges-ykman.sh \
	tests/stories/judges-yubico-piv-tool.sh
TESTS += $(vtoken_judges)
dist_man_MANS += man/bsre-vtoken.1
EXTRA_DIST += doc/transcripts.md
EXTRA_DIST += $(vtoken_judges) tests/tools/card-desk tests/tools/judge.sh scripts/fuzz scripts/judges doc/judges.md

vtoken_stories = \
	tests/stories/a-transcript-plays-as-the-card-did.sh \
	tests/stories/each-fault-looks-like-hardware.sh \
	tests/stories/six-tokens-side-by-side.sh \
	tests/stories/the-virtual-token-bears-rough-ways.sh \
	tests/stories/the-virtual-token-says-what-is-wrong.sh
TESTS += $(vtoken_stories)
EXTRA_DIST += $(vtoken_stories) tests/tools/faults.py tests/tools/rough.py tests/tools/readers.py

# tests/tools/card-desk build/tests/bench/bench-vtoken says how many APDUs a second there are
check_PROGRAMS += tests/bench/bench-vtoken
tests_bench_bench_vtoken_SOURCES = tests/bench/bench-vtoken.c
tests_bench_bench_vtoken_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(PCSC_CFLAGS)
tests_bench_bench_vtoken_LDADD = libvtoken.la $(PCSC_LIBS)
