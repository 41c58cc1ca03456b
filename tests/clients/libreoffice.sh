#!/bin/sh
# LibreOffice: a text document signed as xmlsec1 verifies it, a PDF exported signed as OpenSSL verifies it.
. "$(dirname "$0")/lib.sh"
need soffice certutil modutil xmlsec1
/usr/bin/python3 -c 'import uno' 2>/dev/null || skip "no python3-uno"
setup
unset DISPLAY WAYLAND_DISPLAY
export WORK
MOZILLA_CERTIFICATE_FOLDER=$WORK/nssdb
export MOZILLA_CERTIFICATE_FOLDER
nssdb_new "$WORK/nssdb"
# the log-in key, the one that wants its PIN each time, EC
step sign /usr/bin/python3 "$HERE/libreoffice-client.py" "Test User rsa" rsa "Test User sign" sign "Test User ec" ec
cat "$WORK/sign.log"
for k in rsa sign ec; do
	pdf_check "$WORK/$k.pdf" "$TEST_CA_DIR/$k.pem"
	odt_check "$WORK/$k.odt" "$TEST_CA_DIR/$k.pem"
done
ok "signatures of each key in a text document verified by xmlsec1, in a PDF by openssl"
