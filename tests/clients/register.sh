#!/bin/sh
# bsre-token register: programs use the module from where it told them of it. Firefox by a profile and by
# policies.json, LibreOffice by Firefox's profile, p11-kit by its list; then all of it is taken back.
. "$(dirname "$0")/lib.sh"
need certutil
setup
export WORK
XDG_STATE_HOME=$WORK/state
export XDG_STATE_HOME
unset MOZILLA_CERTIFICATE_FOLDER DISPLAY WAYLAND_DISPLAY
FIREFOX=$(command -v firefox-esr || command -v firefox) && export FIREFOX
office() { command -v soffice >/dev/null && /usr/bin/python3 -c 'import uno' 2>/dev/null; }
[ -n "$FIREFOX" ] || office || skip "neither Firefox nor LibreOffice"
shown=
visit() { # step, profile, page
	step "$1" /usr/bin/python3 "$HERE/firefox-visits.py" "$2" "$WORK/$1.firefox" "visit=https://localhost:$PORT/$3,Test User rsa"
	server_saw "$RSA_FPR" TLSv1.3 "GET /$3" || { server_dump; fail "the server saw no handshake: $3"; }
}

# a person's profile, in which nothing of ours stands but the CA
P=$HOME/.mozilla/firefox/person.default
mkdir -p "$P"
printf '[Profile0]\nName=default\nIsRelative=1\nPath=person.default\nDefault=1\n' >"$HOME/.mozilla/firefox/profiles.ini"
certutil -N -d "sql:$P" --empty-password && certutil -A -d "sql:$P" -n "p11test CA" -t CT,C, -i "$CA" || fail "certutil"
cp "$P/pkcs11.txt" "$WORK/before"
bsre-token register --user --app firefox,libreoffice --module "$P11_MODULE" || fail "register"

if office; then
	step sign /usr/bin/python3 "$HERE/libreoffice-client.py" "Test User rsa" rsa
	pdf_check "$WORK/rsa.pdf" "$TEST_CA_DIR/rsa.pem"
	shown="$shown LibreOffice,"
fi
server_start
if [ -n "$FIREFOX" ]; then
	firefox_prefs "$P"
	visit profile "$P" profile
	shown="$shown Firefox by its profile,"
fi
bsre-token unregister --user || fail "unregister"
cmp "$WORK/before" "$P/pkcs11.txt" || fail "the profile's list is not as it was"

# the system, in a folder that then stands in place of /etc
R=$WORK/root
mkdir -p "$R/usr/lib/firefox" "$R$(dirname "$P11_MODULE")" "$R/etc/firefox/policies"
touch "$R$P11_MODULE"
printf '{"policies": {"Certificates": {"Install": ["%s"]}}}\n' "$(readlink -f "$CA")" >"$R/etc/firefox/policies/policies.json"
bsre-token register --system --root "$R" --app firefox,p11-kit --module "$P11_MODULE" || fail "register --system"
if [ -n "$FIREFOX" ] && etc_own firefox/policies/policies.json <"$R/etc/firefox/policies/policies.json"; then
	mkdir "$WORK/policy"
	firefox_prefs "$WORK/policy"
	FIREFOX_WRAP=$ETC visit policy "$WORK/policy" policy
	# Firefox keeps what the policy named
	printf '[Profile0]\nName=default\nIsRelative=0\nPath=%s\n' "$WORK/policy" >"$HOME/.mozilla/firefox/profiles.ini"
	grep -q '^name=bsre-token' "$WORK/policy/pkcs11.txt" || fail "Firefox did not copy the policy's module"
	bsre-token unregister --user --module "$P11_MODULE" || fail "unregister"
	! grep -q '^name=bsre-token' "$WORK/policy/pkcs11.txt" || fail "the copy was left"
	shown="$shown Firefox by policies.json,"
fi
if command -v p11-kit >/dev/null && etc_own pkcs11/modules/bsre-token.module <"$R/etc/pkcs11/modules/bsre-token.module"; then
	# shellcheck disable=SC2086  # a program and its arguments
	step list $ETC p11-kit list-modules
	grep -q "^bsre-token: $P11_MODULE" "$WORK/list.log" || { cat "$WORK/list.log"; fail "p11-kit does not list it"; }
	grep -qF "token: $P11_TOKEN" "$WORK/list.log" || { cat "$WORK/list.log"; fail "p11-kit does not see the token"; }
	shown="$shown p11-kit"
fi
bsre-token unregister --system --root "$R" || fail "unregister --system"
[ ! -e "$R/etc/pkcs11" ] || fail "a folder was left"
ok "the module from where register put it:$shown"
