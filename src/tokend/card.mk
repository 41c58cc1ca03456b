# src/tokend: the child processes that reach the readers (worker, monitor) and the drivers
noinst_LTLIBRARIES += libbsrecard.la
libbsrecard_la_SOURCES = \
	src/tokend/card.c src/tokend/card.h \
	src/tokend/children.h \
	src/tokend/confine.c src/tokend/confine.h src/tokend/confine.def \
	src/tokend/hold.c src/tokend/hold.h \
	src/tokend/module.c src/tokend/module.h \
	src/tokend/monitor.c src/tokend/monitor.h \
	src/tokend/monitor-vtoken.c \
	src/tokend/reader.c src/tokend/reader.h \
	src/tokend/reader-pcsc.c src/tokend/reader-pcsc-watch.c \
	src/tokend/reader-vtoken.c src/tokend/reader-vtoken.h \
	src/tokend/serve-card.c \
	src/tokend/worker.c src/tokend/worker.h \
	src/tokend/token/driver.h src/tokend/token/drivers.def \
	src/tokend/token/cryptoki.c src/tokend/token/cryptoki.h \
	src/tokend/token/cryptoki-errors.def \
	src/tokend/token/cryptoki-key.c src/tokend/token/cryptoki-load.c \
	src/tokend/token/cryptoki-object.c src/tokend/token/cryptoki-slot.c \
	src/tokend/token/piv.c src/tokend/token/piv.h \
	src/tokend/token/piv-algs.def src/tokend/token/piv-ciphers.def \
	src/tokend/token/piv-slots.def \
	src/tokend/token/piv-data.c src/tokend/token/piv-init.c \
	src/tokend/token/piv-key.c src/tokend/token/piv-list.c \
	src/tokend/token/piv-manage.c \
	src/tokend/token/piv-own.c src/tokend/token/piv-own.h \
	src/tokend/token/piv-pin.c
libbsrecard_la_CPPFLAGS = $(AM_CPPFLAGS) $(PCSC_CFLAGS) $(CRYPTO_CFLAGS) $(ZLIB_CFLAGS) \
	$(SECCOMP_CFLAGS)
libbsrecard_la_LIBADD = libbsrewire.la libbsre.la $(PCSC_LIBS) $(CRYPTO_LIBS) $(ZLIB_LIBS) \
	$(SECCOMP_LIBS)

if HAVE_CMOCKA
card_tests = tests/unit/test-card tests/unit/test-confine tests/unit/test-piv
check_PROGRAMS += $(card_tests)
TESTS += $(card_tests)
paper_sources = tests/unit/paper.c tests/unit/paper.h tests/unit/unit.h \
	src/tokend/reader-replay.c src/tokend/reader-replay.h
tests_unit_test_card_SOURCES = tests/unit/test-card.c $(paper_sources)
tests_unit_test_card_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_card_LDADD = libbsrecard.la $(CMOCKA_LIBS)
tests_unit_test_confine_SOURCES = tests/unit/test-confine.c tests/unit/unit.h
tests_unit_test_confine_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_confine_LDADD = libbsrecard.la $(CMOCKA_LIBS)
tests_unit_test_piv_SOURCES = tests/unit/test-piv.c $(paper_sources)
tests_unit_test_piv_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_piv_LDADD = libbsrecard.la $(CMOCKA_LIBS)
endif

# a hostile card: libFuzzer's main with --enable-fuzzers, otherwise one that runs the corpus
check_PROGRAMS += tests/fuzz/fuzz-piv
tests_fuzz_fuzz_piv_SOURCES = tests/fuzz/fuzz-piv.c
tests_fuzz_fuzz_piv_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
tests_fuzz_fuzz_piv_LDADD = libbsrecard.la
if FUZZERS
tests_fuzz_fuzz_piv_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
tests_fuzz_fuzz_piv_SOURCES += tests/fuzz/standalone.c
TESTS += tests/fuzz/fuzz-piv
endif
EXTRA_DIST += tests/fuzz/corpus/fuzz-piv
