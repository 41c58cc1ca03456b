# src/tokend: the child processes that reach the readers (worker, monitor) and the drivers
noinst_LTLIBRARIES += libbsrecard.la
libbsrecard_la_SOURCES = \
	src/tokend/card.c src/tokend/card.h \
	src/tokend/children.h \
	src/tokend/hold.c src/tokend/hold.h \
	src/tokend/monitor.c src/tokend/monitor.h \
	src/tokend/monitor-vtoken.c \
	src/tokend/reader.c src/tokend/reader.h \
	src/tokend/reader-pcsc.c src/tokend/reader-pcsc-watch.c \
	src/tokend/reader-vtoken.c src/tokend/reader-vtoken.h \
	src/tokend/serve-card.c \
	src/tokend/worker.c src/tokend/worker.h \
	src/tokend/token/driver.h src/tokend/token/drivers.def \
	src/tokend/token/piv.c src/tokend/token/piv.h \
	src/tokend/token/piv-algs.def src/tokend/token/piv-ciphers.def \
	src/tokend/token/piv-slots.def \
	src/tokend/token/piv-data.c src/tokend/token/piv-init.c \
	src/tokend/token/piv-key.c src/tokend/token/piv-list.c \
	src/tokend/token/piv-manage.c \
	src/tokend/token/piv-own.c src/tokend/token/piv-own.h \
	src/tokend/token/piv-pin.c
libbsrecard_la_CPPFLAGS = $(AM_CPPFLAGS) $(PCSC_CFLAGS) $(CRYPTO_CFLAGS) $(ZLIB_CFLAGS)
libbsrecard_la_LIBADD = libbsrewire.la libbsre.la $(PCSC_LIBS) $(CRYPTO_LIBS) $(ZLIB_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-card tests/unit/test-piv
TESTS += tests/unit/test-card tests/unit/test-piv
paper_sources = tests/unit/paper.c tests/unit/paper.h tests/unit/unit.h \
	src/tokend/reader-replay.c src/tokend/reader-replay.h
tests_unit_test_card_SOURCES = tests/unit/test-card.c $(paper_sources)
tests_unit_test_card_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_card_LDADD = libbsrecard.la $(CMOCKA_LIBS)
tests_unit_test_piv_SOURCES = tests/unit/test-piv.c $(paper_sources)
tests_unit_test_piv_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_piv_LDADD = libbsrecard.la $(CMOCKA_LIBS)
endif
