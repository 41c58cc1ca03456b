#!/bin/sh
# Chromium on a screen of its own: pages that want a certificate, chosen in its dialog, and by an
# administrator's AutoSelectCertificateForUrls; the PIN is typed into its own dialog.
. "$(dirname "$0")/lib.sh"
CHROMIUM=$(command -v chromium || command -v chromium-browser) || skip "no chromium"
need Xvfb xdotool certutil modutil
setup
[ -z "${KEEP:-}" ] || need import
mkdir -p "$HOME/.pki"
nssdb_new "$HOME/.pki/nssdb"
screen_start
# --no-sandbox: where we are root it has none
set -- --no-first-run --no-default-browser-check --disable-gpu --disable-dev-shm-usage --password-store=basic --lang=en \
	--disable-background-networking --disable-component-update --disable-sync --disable-extensions --no-proxy-server
[ "$(id -u)" != 0 ] || set -- "$@" --no-sandbox

window() { xdotool search --onlyvisible --name "$1" 2>/dev/null | tail -n 1; }
gone() { ! kill -0 "$BROWSER" 2>/dev/null; }
came() { grep -q "^HANDSHAKE .*sha256=$FOUND .*GET /$PAGE " "$WORK/server.log"; }
# what the server says of a handshake that will never be one: a signature that is wrong
wrong() { grep -qi '^REFUSED .*signature' "$WORK/server.log"; }
# Looks every tenth of a second, for a minute and a half, and does what a person does: types the PIN where it is
# asked for, at most three times; takes the first certificate where the page still waits. There is no telling
# that the certificates are shown, since they have no window of their own: Return is pressed every second, and
# where nothing is shown it is without effect.
attend() {
	PINS=0 look=0
	until came || gone || wrong || [ $((look += 1)) -gt 900 ]; do
		sleep 0.1
		w=$(window '^Unlock Security Device')
		if [ -n "$w" ]; then
			[ "$PINS" -lt 3 ] || return
			PINS=$((PINS + 1))
			shot "$PAGE-pin$PINS"
			type_pin "$w"
		elif [ "$PICK" = yes ] && [ $((look % 10)) = 0 ]; then
			w=$(window 'Chromium$')
			[ -z "$w" ] || { shot "$PAGE-pick"; xdotool windowfocus "$w" key Return 2>/dev/null; }
		fi
	done
}
# a dialog that takes the PIN goes away; one that does not is there again soon, with another number
type_pin() {
	soon xdotool windowfocus --sync "$1" 2>/dev/null || return
	xdotool type --delay 20 -- "$P11_PIN"
	shot "$PAGE-typed$PINS"
	xdotool key Return
	soon closed "$1"
}
closed() { [ "$(window '^Unlock Security Device')" != "$1" ]; }
# visit PAGE FINGERPRINT PICK COMMAND...: PICK yes where a certificate is to be chosen
visit() {
	PAGE=$1 FOUND=$2 PICK=$3
	shift 3
	"$@" --user-data-dir="$WORK/chromium-$PAGE" "https://localhost:$PORT/$PAGE" >"$WORK/$PAGE.log" 2>&1 &
	BROWSER=$!
	attend
	shot "$PAGE-end"
	kill "$BROWSER" 2>/dev/null
	wait "$BROWSER" 2>/dev/null
	came || { tail -n 8 "$WORK/$PAGE.log"; server_dump; fail "$PAGE: no page with that certificate (PIN typed $PINS times)"; }
	echo "$PAGE: PIN typed $PINS times"
}
# by_policy PAGE CN FINGERPRINT OPTION...: without a dialog
by_policy() {
	p=$1 name=$2 f=$3
	shift 3
	etc_own chromium/policies/managed/p11test.json <<-J || return
		{"AutoSelectCertificateForUrls": ["{\"pattern\":\"https://localhost\",\"filter\":{\"SUBJECT\":{\"CN\":\"$name\"}}}"]}
	J
	# shellcheck disable=SC2086  # a program and its arguments
	visit "$p" "$f" no $ETC "$CHROMIUM" "$@"
	policies="and by AutoSelectCertificateForUrls"
}
policies="policies not tried (no unshare -m)"
server_start
visit dialog "\($RSA_FPR\|$SIGN_FPR\|$EC_FPR\)" yes "$CHROMIUM" "$@"
by_policy login "Test User rsa" "$RSA_FPR" "$@"
by_policy sign "Test User sign" "$SIGN_FPR" "$@"
by_policy ec "Test User ec" "$EC_FPR" "$@"
ok "pages with a certificate chosen in its dialog, $policies"
