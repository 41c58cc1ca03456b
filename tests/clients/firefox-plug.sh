#!/bin/sh
# Firefox while the token comes and goes: it is there when it is plugged in, an error at once and no freeze
# when it is pulled during a signature, and there again after one PIN.
. "$(dirname "$0")/lib.sh"
FIREFOX=$(command -v firefox-esr || command -v firefox) || skip "no firefox-esr"
need certutil modutil
setup
export FIREFOX WORK
P=$WORK/profile
nssdb_new "$P"
firefox_prefs "$P"
bsre-vtoken ctl "$BSRE_VTOKEN_CONTROL" unplug >/dev/null
server_start
step story /usr/bin/python3 "$HERE/firefox-plug.py" "$P" "$WORK/firefox.log" "https://localhost:$PORT/" "Test User rsa"
cat "$WORK/story.log"
server_saw "$RSA_FPR" TLSv1.3 "GET /again" || { server_dump; fail "the server saw no handshake after it was plugged in again"; }
ok "plugged in while it runs, pulled while it signs, plugged in again"
