# src/tokend: the daemon; one program, exec'd as broker, monitor and worker. Everything but main() stands in
# libraries, for the fuzz targets.
tokendlibexec_PROGRAMS += bsre-tokend
noinst_LTLIBRARIES += libbsrebroker.la
libbsrebroker_la_SOURCES = \
	src/tokend/apps.c src/tokend/apps.h src/tokend/apps.def \
	src/tokend/attr.c src/tokend/attr.def \
	src/tokend/broker.c src/tokend/broker.h \
	src/tokend/cache.c src/tokend/cache.h \
	src/tokend/child.c src/tokend/child.h \
	src/tokend/children.h \
	src/tokend/cipher.c src/tokend/cipher.h \
	src/tokend/conf.c src/tokend/conf.h src/tokend/conf.def \
	src/tokend/data.c src/tokend/data.h \
	src/tokend/dialog.c src/tokend/dialog.h \
	src/tokend/door.c src/tokend/door.h \
	src/tokend/encode.c \
	src/tokend/fill.c src/tokend/fill.h \
	src/tokend/guard.c src/tokend/guard.h \
	src/tokend/job.c src/tokend/job.h \
	src/tokend/ledger.c src/tokend/ledger.h \
	src/tokend/language.c src/tokend/language.h \
	src/tokend/load.c src/tokend/load.h \
	src/tokend/login.h \
	src/tokend/mech.c src/tokend/mech.h src/tokend/mech.def \
	src/tokend/modules.c src/tokend/modules.h \
	src/tokend/object.c src/tokend/object.h \
	src/tokend/peer.c src/tokend/peer.h \
	src/tokend/pin.c src/tokend/pin.h \
	src/tokend/prompt.c src/tokend/prompt.h src/tokend/prompt-text.c \
	src/tokend/quirks.c src/tokend/quirks.h src/tokend/quirks.def \
	src/tokend/request.c src/tokend/request.h \
	src/tokend/serve-derive.c \
	src/tokend/serve-init.c \
	src/tokend/serve-key.c \
	src/tokend/serve-login.c \
	src/tokend/serve-object.c \
	src/tokend/serve-op.c \
	src/tokend/serve-pin.c \
	src/tokend/serve-session.c \
	src/tokend/serve-slot.c \
	src/tokend/session.c src/tokend/session.h \
	src/tokend/template.c src/tokend/template.h \
	src/tokend/token.c src/tokend/token.h \
	src/tokend/touch.c src/tokend/touch.h \
	src/tokend/use.c src/tokend/use.h \
	src/tokend/write.c src/tokend/write.h
libbsrebroker_la_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS) $(ASSUAN_CFLAGS)
libbsrebroker_la_LIBADD = libbsrewire.la libbsre.la $(CRYPTO_LIBS) $(SYSTEMD_LIBS) $(JANSSON_LIBS) \
	$(ASSUAN_LIBS) $(LTLIBINTL)

bsre_tokend_SOURCES = src/tokend/tokend.c
bsre_tokend_CFLAGS = $(libbsrebroker_la_CFLAGS)
bsre_tokend_LDADD = libbsrebroker.la libbsrecard.la

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-apps
TESTS += tests/unit/test-apps
tests_unit_test_apps_SOURCES = tests/unit/test-apps.c tests/unit/unit.h
tests_unit_test_apps_CFLAGS = $(libbsrebroker_la_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_apps_LDADD = libbsrebroker.la $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-prompt
TESTS += tests/unit/test-prompt
tests_unit_test_prompt_SOURCES = tests/unit/test-prompt.c tests/unit/unit.h
tests_unit_test_prompt_CFLAGS = $(libbsrebroker_la_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_prompt_LDADD = libbsrebroker.la $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-pin
TESTS += tests/unit/test-pin
tests_unit_test_pin_SOURCES = tests/unit/test-pin.c tests/unit/unit.h
tests_unit_test_pin_CFLAGS = $(libbsrebroker_la_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_pin_LDADD = libbsrebroker.la $(CMOCKA_LIBS)
tests_unit_test_pin_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=broker_now
endif

# fuzz targets: libFuzzer's main with --enable-fuzzers, otherwise one that runs the corpus
broker_fuzz_targets = \
	tests/fuzz/fuzz-broker \
	tests/fuzz/fuzz-conf \
	tests/fuzz/fuzz-ledger
check_PROGRAMS += $(broker_fuzz_targets)
tests_fuzz_fuzz_broker_SOURCES = tests/fuzz/fuzz-broker.c tests/fuzz/broker-desk.c tests/fuzz/broker-desk.h \
	tests/fuzz/records.c
tests_fuzz_fuzz_broker_CFLAGS = $(libbsrebroker_la_CFLAGS)
tests_fuzz_fuzz_broker_LDADD = libbsrebroker.la
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz-conf.c
tests_fuzz_fuzz_conf_CFLAGS = $(libbsrebroker_la_CFLAGS)
tests_fuzz_fuzz_conf_LDADD = libbsrebroker.la
tests_fuzz_fuzz_ledger_SOURCES = tests/fuzz/fuzz-ledger.c
tests_fuzz_fuzz_ledger_CFLAGS = $(libbsrebroker_la_CFLAGS)
tests_fuzz_fuzz_ledger_LDADD = libbsrebroker.la libbsrecli.la
broker_fuzz_wrap = -Wl,--wrap=socketpair,--wrap=posix_spawn,--wrap=kill,--wrap=sd_event_add_child \
	-Wl,--wrap=broker_now,--wrap=broker_after,--wrap=broker_cancel,--wrap=log_line \
	-Wl,--wrap=secret_keep,--wrap=secret_drop
ledger_fuzz_wrap = -Wl,--wrap=clock_gettime,--wrap=fdatasync,--wrap=fsync
if FUZZERS
tests_fuzz_fuzz_broker_LDFLAGS = $(AM_LDFLAGS) $(broker_fuzz_wrap) -fsanitize=fuzzer
tests_fuzz_fuzz_conf_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_ledger_LDFLAGS = $(AM_LDFLAGS) $(ledger_fuzz_wrap) -fsanitize=fuzzer
else
tests_fuzz_fuzz_broker_LDFLAGS = $(AM_LDFLAGS) $(broker_fuzz_wrap)
tests_fuzz_fuzz_broker_SOURCES += tests/fuzz/standalone.c
tests_fuzz_fuzz_conf_SOURCES += tests/fuzz/standalone.c
tests_fuzz_fuzz_ledger_LDFLAGS = $(AM_LDFLAGS) $(ledger_fuzz_wrap)
tests_fuzz_fuzz_ledger_SOURCES += tests/fuzz/standalone.c
TESTS += $(broker_fuzz_targets)
endif
EXTRA_DIST += tests/fuzz/corpus/fuzz-broker tests/fuzz/corpus/fuzz-conf tests/fuzz/corpus/fuzz-ledger \
	tests/fuzz/seeds-broker.py
