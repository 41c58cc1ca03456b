# src/cli: the utility. Everything but main() stands in a library, for the unit tests.
bin_PROGRAMS += bsre-token
noinst_LTLIBRARIES += libbsrecli.la
libbsrecli_la_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) $(SMARTCOLS_CFLAGS)
libbsrecli_la_SOURCES = \
	src/cli/advice.def src/cli/commands.def src/cli/dn.def src/cli/options.def src/cli/programs.def \
	src/cli/words.def \
	src/cli/args.c src/cli/args.h \
	src/cli/ask.c src/cli/ask.h \
	src/cli/certfile.c src/cli/certfile.h \
	src/cli/chain.c src/cli/chain.h \
	src/cli/cli.h \
	src/cli/cmd-cert-check.c \
	src/cli/cmd-cert-delete.c \
	src/cli/cmd-cert-export.c \
	src/cli/cmd-cert-import.c \
	src/cli/cmd-cert-list.c \
	src/cli/cmd-help.c \
	src/cli/cmd-history.c \
	src/cli/cmd-init.c \
	src/cli/cmd-key-attest.c \
	src/cli/cmd-key-destroy.c \
	src/cli/cmd-key-generate.c \
	src/cli/cmd-key-list.c \
	src/cli/cmd-key-test.c \
	src/cli/cmd-list.c \
	src/cli/cmd-pin-change.c \
	src/cli/cmd-pin-set-puk.c \
	src/cli/cmd-pin-unblock.c \
	src/cli/cmd-pin-verify.c \
	src/cli/cmd-register.c \
	src/cli/cmd-request.c \
	src/cli/cmd-sign.c \
	src/cli/cmd-status.c \
	src/cli/cmd-unregister.c \
	src/cli/cmd-verify.c \
	src/cli/cmd-version.c \
	src/cli/cms.c src/cli/cms.h \
	src/cli/completion.c src/cli/completion.h \
	src/cli/csr.c src/cli/csr.h \
	src/cli/describe.c src/cli/describe.h \
	src/cli/dn.c src/cli/dn-json.c src/cli/dn.h \
	src/cli/edit.c src/cli/edit.h \
	src/cli/entry.c src/cli/entry.h \
	src/cli/file.c src/cli/file.h \
	src/cli/help.c src/cli/help.h \
	src/cli/history.c src/cli/history.h \
	src/cli/keymake.c src/cli/keymake.h \
	src/cli/object.c src/cli/object.h \
	src/cli/overview.c src/cli/overview.h \
	src/cli/pinchange.c src/cli/pinchange.h \
	src/cli/pinrule.c src/cli/pinrule.h \
	src/cli/place.c src/cli/place.h \
	src/cli/policies.c src/cli/policies.h \
	src/cli/print.c src/cli/print.h \
	src/cli/profiles.c src/cli/profiles.h \
	src/cli/provenance.c src/cli/provenance.h \
	src/cli/register-chromium.c src/cli/register-firefox.c src/cli/register-java.c \
	src/cli/register-libreoffice.c src/cli/register-mozilla.c src/cli/register-openssl.c \
	src/cli/register-p11-kit.c src/cli/register-ssh.c src/cli/register-thunderbird.c \
	src/cli/register.c src/cli/register.h \
	src/cli/regrecord.c src/cli/regrecord.h \
	src/cli/running.c src/cli/running.h \
	src/cli/say.c src/cli/say.h \
	src/cli/secmod.c src/cli/secmod.h \
	src/cli/steady.c src/cli/steady.h \
	src/cli/service.c src/cli/service.h \
	src/cli/token.c src/cli/token.h \
	src/cli/tokensign.c src/cli/tokensign.h \
	src/cli/trail.c src/cli/trail.h \
	src/cli/tty.c src/cli/tty.h \
	src/cli/ways.c src/cli/ways.h \
	src/cli/whole.c src/cli/whole.h \
	src/cli/wrap.c src/cli/wrap.h \
	src/cli/xattrs.c src/cli/xattrs.h
libbsrecli_la_LIBADD = libbsrewire.la libbsre.la $(CRYPTO_LIBS) $(JANSSON_LIBS) $(SMARTCOLS_LIBS) $(LTLIBINTL)

bsre_token_SOURCES = src/cli/main.c
bsre_token_CFLAGS = $(libbsrecli_la_CFLAGS)
bsre_token_LDADD = libbsrecli.la

# completion, made by the program from its own tables
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
nodist_bashcompletion_DATA = data/completion/bsre-token
nodist_zshcompletion_DATA = data/completion/_bsre-token
nodist_fishcompletion_DATA = data/completion/bsre-token.fish
CLEANFILES += $(nodist_bashcompletion_DATA) $(nodist_zshcompletion_DATA) $(nodist_fishcompletion_DATA)
completion = $(AM_V_GEN)$(MKDIR_P) data/completion && \
	LC_ALL=C ./bsre-token$(EXEEXT) help --completion
data/completion/bsre-token: bsre-token$(EXEEXT)
	$(completion) bash > $@.tmp && mv $@.tmp $@
data/completion/_bsre-token: bsre-token$(EXEEXT)
	$(completion) zsh > $@.tmp && mv $@.tmp $@
data/completion/bsre-token.fish: bsre-token$(EXEEXT)
	$(completion) fish > $@.tmp && mv $@.tmp $@

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-cli
TESTS += tests/unit/test-cli
tests_unit_test_cli_SOURCES = tests/unit/test-cli.c tests/unit/unit.h
tests_unit_test_cli_CFLAGS = $(libbsrecli_la_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cli_LDADD = libbsrecli.la $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-register
TESTS += tests/unit/test-register
tests_unit_test_register_SOURCES = tests/unit/test-register.c tests/unit/unit.h
tests_unit_test_register_CFLAGS = $(libbsrecli_la_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_register_LDADD = libbsrecli.la $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-register-files
TESTS += tests/unit/test-register-files
tests_unit_test_register_files_SOURCES = tests/unit/test-register-files.c tests/unit/unit.h
tests_unit_test_register_files_CFLAGS = $(libbsrecli_la_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_register_files_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mkdir -Wl,--wrap=rmdir -Wl,--wrap=unlinkat \
	-Wl,--wrap=renameat
tests_unit_test_register_files_LDADD = libbsrecli.la $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-tty
TESTS += tests/unit/test-tty
tests_unit_test_tty_SOURCES = tests/unit/test-tty.c tests/unit/unit.h
tests_unit_test_tty_CFLAGS = $(libbsrecli_la_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_tty_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=write
tests_unit_test_tty_LDADD = libbsrecli.la $(CMOCKA_LIBS)
endif

# fuzz target: libFuzzer's main with --enable-fuzzers, otherwise one that runs the corpus
check_PROGRAMS += tests/fuzz/fuzz-dn
tests_fuzz_fuzz_dn_SOURCES = tests/fuzz/fuzz-dn.c
tests_fuzz_fuzz_dn_CFLAGS = $(libbsrecli_la_CFLAGS)
tests_fuzz_fuzz_dn_LDADD = libbsrecli.la
if FUZZERS
tests_fuzz_fuzz_dn_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
tests_fuzz_fuzz_dn_SOURCES += tests/fuzz/standalone.c
TESTS += tests/fuzz/fuzz-dn
endif
EXTRA_DIST += tests/fuzz/corpus/fuzz-dn
