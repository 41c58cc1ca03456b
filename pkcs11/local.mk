# pkcs11: the module that programs load; libc alone
pkcs11_LTLIBRARIES += libbsre-pkcs11.la
libbsre_pkcs11_la_SOURCES = \
	pkcs11/find.c \
	pkcs11/functions.def pkcs11/lists.c pkcs11/pkcs11-3.h \
	pkcs11/key.c \
	pkcs11/login.c \
	pkcs11/mechanism.c \
	pkcs11/module.c pkcs11/module.h \
	pkcs11/object.c \
	pkcs11/op.c pkcs11/op.h pkcs11/op-calls.c \
	pkcs11/params.c pkcs11/template.c pkcs11/template.h \
	pkcs11/session.c \
	pkcs11/size.c pkcs11/size.h \
	pkcs11/slot.c
libbsre_pkcs11_la_LIBADD = libbsrewire.la
# nodelete: programs unload it while their threads still are in it (p11-kit, Java)
libbsre_pkcs11_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-export-symbols-regex '^C_[A-Z][A-Za-z]*$$' \
	-Wl,-z,nodelete -Wl,--gc-sections -Wl,--as-needed $(module_whole)
# a sanitizer's own functions come from the program that loads the module
if !SANITIZERS
if !FUZZERS
module_whole = -Wl,-z,defs
endif
endif

# a sanitizer brings its own library
if !SANITIZERS
TESTS += tests/exports.sh
endif
EXTRA_DIST += tests/exports.sh tests/module/under-tsan.sh

module_test_host = tests/module/host.c tests/module/host.h tests/module/fake.c tests/module/fake.h
check_PROGRAMS += tests/module/matrix
TESTS += tests/module/matrix
tests_module_matrix_SOURCES = tests/module/matrix.c $(module_test_host)
tests_module_matrix_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_module_matrix_LDADD = libbsrewire.la

if HAVE_CMOCKA
module_client = tests/module/client.c tests/module/client.h tests/unit/unit.h $(module_test_host)
module_client_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir) -I$(top_srcdir)/tests/unit
module_clients = tests/module/test-processes tests/module/test-sessions tests/module/test-slots
check_PROGRAMS += $(module_clients)
TESTS += $(module_clients)
if !SANITIZERS
TESTS += tests/module/under-tsan.sh
endif
tests_module_test_processes_SOURCES = tests/module/test-processes.c $(module_client)
tests_module_test_processes_CPPFLAGS = $(module_client_cppflags)
tests_module_test_processes_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_module_test_processes_LDADD = libbsrewire.la $(CMOCKA_LIBS)
tests_module_test_sessions_SOURCES = tests/module/test-sessions.c $(module_client)
tests_module_test_sessions_CPPFLAGS = $(module_client_cppflags)
tests_module_test_sessions_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_module_test_sessions_LDADD = libbsrewire.la $(CMOCKA_LIBS)
tests_module_test_slots_SOURCES = tests/module/test-slots.c $(module_client)
tests_module_test_slots_CPPFLAGS = $(module_client_cppflags)
tests_module_test_slots_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_module_test_slots_LDADD = libbsrewire.la $(CMOCKA_LIBS)
endif

# Cryptoki's names in our headers against the same names in NSS's
if HAVE_NSS
noinst_LTLIBRARIES += libnssfacts.la
libnssfacts_la_SOURCES = tests/module/facts-nss.c tests/module/facts.def tests/module/facts.h
libnssfacts_la_CFLAGS = -std=gnu11 $(NSS_CFLAGS)
check_PROGRAMS += tests/module/test-cryptoki
TESTS += tests/module/test-cryptoki
tests_module_test_cryptoki_SOURCES = tests/module/test-cryptoki.c
tests_module_test_cryptoki_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_module_test_cryptoki_LDADD = libnssfacts.la
endif

# nobody links with it, so nobody needs libtool's note of how to
install-data-hook:
	rm -f '$(DESTDIR)$(pkcs11dir)/libbsre-pkcs11.la'
uninstall-hook:
	rm -f '$(DESTDIR)$(pkcs11dir)/libbsre-pkcs11.so'

# on the real service
TESTS += tests/stories/every-null-is-an-error.sh
EXTRA_DIST += tests/stories/every-null-is-an-error.sh

# a hostile broker; libFuzzer's main with --enable-fuzzers, otherwise one that runs the corpus
check_PROGRAMS += tests/fuzz/fuzz-module
tests_fuzz_fuzz_module_SOURCES = tests/fuzz/fuzz-module.c $(libbsre_pkcs11_la_SOURCES)
tests_fuzz_fuzz_module_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_fuzz_fuzz_module_LDADD = libbsrewire.la
tests_fuzz_fuzz_module_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=hello_connect -Wl,--wrap=conn_send
if FUZZERS
tests_fuzz_fuzz_module_LDFLAGS += -fsanitize=fuzzer
else
tests_fuzz_fuzz_module_SOURCES += tests/fuzz/standalone.c
TESTS += tests/fuzz/fuzz-module
endif
EXTRA_DIST += tests/fuzz/corpus/fuzz-module
