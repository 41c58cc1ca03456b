# src/wire: the contract between the processes; libc alone
noinst_LTLIBRARIES += libbsrewire.la
libbsrewire_la_SOURCES = \
	src/wire/calls.def src/wire/calls.h \
	src/wire/events.def src/wire/events.h \
	src/wire/frame.c src/wire/frame.h \
	src/wire/jobs.def src/wire/jobs.h \
	src/wire/conn.c src/wire/conn.h \
	src/wire/link.c src/wire/link.h src/wire/hello.c src/wire/hello.h \
	src/wire/prompts.def src/wire/prompts.h \
	src/wire/records.def src/wire/records.h \
	src/wire/PROTOCOL \
	src/wire/schema.h src/wire/schema-rows.h src/wire/types.h
libbsrewire_la_LIBADD = libbsre.la

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-wire
TESTS += tests/unit/test-wire
tests_unit_test_wire_SOURCES = tests/unit/test-wire.c tests/unit/unit.h
tests_unit_test_wire_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_wire_LDADD = libbsrewire.la libbsre.la $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-link
TESTS += tests/unit/test-link
tests_unit_test_link_SOURCES = tests/unit/test-link.c tests/unit/unit.h
tests_unit_test_link_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_link_LDADD = libbsrewire.la libbsre.la $(CMOCKA_LIBS)
endif

# hostile frames; libFuzzer's main with --enable-fuzzers, otherwise one that runs the corpus
check_PROGRAMS += tests/fuzz/fuzz-wire
tests_fuzz_fuzz_wire_SOURCES = tests/fuzz/fuzz-wire.c
tests_fuzz_fuzz_wire_LDADD = libbsrewire.la
if FUZZERS
tests_fuzz_fuzz_wire_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
tests_fuzz_fuzz_wire_SOURCES += tests/fuzz/standalone.c
TESTS += tests/fuzz/fuzz-wire
endif
EXTRA_DIST += tests/fuzz/corpus/fuzz-wire
