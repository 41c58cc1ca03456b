#!/bin/sh
# What a PKCS#11 module kept of a PIN goes with its process when the last program has logged out: no process of the
# service holds a copy. And a PUK is never given to a module that would take it for the PIN.
WAYS="piv-opensc piv-ykcs11"
[ "$(id -u)" = 0 ] || { echo "only root can read the service's memory"; exit 77; }
. "$(dirname "$0")/story.sh"
! nm -D "$P11_MODULE" | grep -q __asan || skip "a sanitizer's shadow has no end, and it keeps what was freed"

copies() { # SECRET PID
	printf %s "$1" | "$TOP_BUILDDIR/tests/stories/pinscan" "$2" | cut -d ' ' -f 2
}
[ "$(copies "$P11_PIN" $$)" -gt 0 ] || fail "the scanner finds nothing"
worker() { service_child worker | head -n 1; }
clean() { # SECRET WHEN
	for pid in $(service_pid) $(service_child worker) $(service_child monitor); do
		[ "$(copies "$1" "$pid")" = 0 ] || fail "process $pid of the service holds $1: $2"
	done
}
renewed() { [ -n "$(worker)" ] && [ "$(worker)" != "$before" ] && bsre-token --json list | grep -q serial; }

before=$(worker)
program A
on A init
on A open
on A "login $P11_PIN"
on A "sign rsa id:$P11_RSA_ID"
on A logout
until_so renewed
clean "$P11_PIN" "after the last logout"
on A "login $P11_PIN"
on A "sign rsa id:$P11_RSA_ID a.sig"
verify_rsa message a.sig rsa.pub
before=$(worker)
on A logout
until_so renewed

printf 830174 >new
chmod 600 new
before=$(worker)
bsre-token pin change --pin-file "$DESK_DIR/pin" --new-pin-file new
until_so renewed
clean "$P11_PIN" "after a change, the old one"
clean 830174 "after a change, the new one"
bsre-token pin change --pin-file new --new-pin-file "$DESK_DIR/pin"

raw_tries() { opensc-tool -s 00A404000BA000000308000010000100 -s 00200080 2>/dev/null | sed -n 's/.*SW1=0x63, SW2=0xC\(.\).*/\1/p'; }
[ "$P11_CARD" = piv-ykcs11 ] || exit 0
sleep 0.7
left=$(raw_tries)
refused 6 'does not unblock' bsre-token pin unblock --puk-file "$DESK_DIR/puk" --new-pin-file new
refused 6 'does not change the PUK' bsre-token pin set-puk --puk-file "$DESK_DIR/puk" --new-puk-file new
refused 6 'does not initialise' bsre-token init --label x --pin-file "$DESK_DIR/pin" --puk-file "$DESK_DIR/puk" --yes
grep -q yubico-piv-tool err || fail "it does not say what initialises it"
sleep 0.7
[ "$(raw_tries)" = "$left" ] || fail "that cost a try: $(raw_tries), not $left"
