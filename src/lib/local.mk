# src/lib: leaves; libc alone
noinst_LTLIBRARIES += libbsre.la
libbsre_la_SOURCES = \
	src/lib/cryptoki.h \
	src/lib/der.c src/lib/der.h \
	src/lib/err.c src/lib/err.h src/lib/err.def src/lib/sw.def \
	src/lib/head.c src/lib/head.h \
	src/lib/log.c src/lib/log.h \
	src/lib/secret.c src/lib/secret.h \
	src/lib/span.h \
	src/lib/keyslot.c src/lib/keyslot.h \
	src/lib/text.c src/lib/text.h \
	src/lib/utf8.c src/lib/utf8.h \
	src/lib/tlv.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-lib
TESTS += tests/unit/test-lib
tests_unit_test_lib_SOURCES = tests/unit/test-lib.c tests/unit/unit.h
tests_unit_test_lib_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_lib_LDADD = libbsre.la $(CMOCKA_LIBS)
endif

# hostile bytes; libFuzzer's main with --enable-fuzzers, otherwise one that runs the corpus
check_PROGRAMS += tests/fuzz/fuzz-lib
tests_fuzz_fuzz_lib_SOURCES = tests/fuzz/fuzz-lib.c
tests_fuzz_fuzz_lib_LDADD = libbsre.la
if FUZZERS
tests_fuzz_fuzz_lib_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
tests_fuzz_fuzz_lib_SOURCES += tests/fuzz/standalone.c
TESTS += tests/fuzz/fuzz-lib
endif
EXTRA_DIST += tests/fuzz/corpus/fuzz-lib
