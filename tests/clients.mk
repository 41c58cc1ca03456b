# programs of others on top of the module; once is enough, without sanitizers
clients = \
	tests/clients/control-broken.sh \
	tests/clients/control-wrong-pin.sh \
	tests/clients/chromium.sh \
	tests/clients/firefox.sh \
	tests/clients/firefox-plug.sh \
	tests/clients/java.sh \
	tests/clients/libreoffice.sh \
	tests/clients/libreoffice-plug.sh \
	tests/clients/modes.sh \
	tests/clients/nss.sh \
	tests/clients/openssh.sh \
	tests/clients/openssl-engine.sh \
	tests/clients/p11-kit.sh \
	tests/clients/p11tool.sh \
	tests/clients/pdfsig.sh \
	tests/clients/pkcs11-tool.sh \
	tests/clients/pykcs11.sh \
	tests/clients/register.sh
if !SANITIZERS
TESTS += $(clients)
endif
EXTRA_DIST += $(clients) tests/clients/run-all tests/clients/lib.sh tests/clients/tls-server.py tests/clients/slot-of.py \
	tests/clients/P11Client.java tests/clients/pykcs11-client.py tests/clients/marionette.py \
	tests/clients/firefox-visits.py tests/clients/libreoffice-client.py \
	tests/clients/firefox-plug.py tests/clients/libreoffice-plug.py tests/clients/office.py tests/clients/plug.py \
	tests/clients/README.md

# loaded by programs, installed nowhere (-rpath is how libtool is told to make something to load)
noinst_LTLIBRARIES += wrong-signer.la
wrong_signer_la_SOURCES = tests/clients/wrong-signer.c
wrong_signer_la_LIBADD = -ldl
wrong_signer_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
