#!/bin/sh
# LibreOffice while the token comes and goes: it is there when it is plugged in, an error at once and no freeze
# when it is pulled during a signature, and there again after one PIN.
. "$(dirname "$0")/lib.sh"
need soffice certutil modutil xmlsec1
/usr/bin/python3 -c 'import uno' 2>/dev/null || skip "no python3-uno"
setup
unset DISPLAY WAYLAND_DISPLAY
MOZILLA_CERTIFICATE_FOLDER=$WORK/nssdb
export WORK MOZILLA_CERTIFICATE_FOLDER
nssdb_new "$WORK/nssdb"
bsre-vtoken ctl "$BSRE_VTOKEN_CONTROL" unplug >/dev/null
step story /usr/bin/python3 "$HERE/libreoffice-plug.py" "Test User rsa"
cat "$WORK/story.log"
for name in first again last; do
	odt_check "$WORK/$name.odt" "$TEST_CA_DIR/rsa.pem"
	pdf_check "$WORK/$name.pdf" "$TEST_CA_DIR/rsa.pem"
done
ok "plugged in while it runs, pulled while it signs, plugged in again"
