#!/bin/sh
# Firefox: pages that want a certificate, its dialog and its own choice, the PIN in its real prompt; the
# module from the profile, added while it runs, and from an administrator's policies.json.
. "$(dirname "$0")/lib.sh"
FIREFOX=$(command -v firefox-esr || command -v firefox) || skip "no firefox-esr"
need certutil modutil
setup
export FIREFOX WORK
screen_if_kept
visits() { # step, profile, order...
	s=$1 p=$2; shift 2
	step "$s" /usr/bin/python3 "$HERE/firefox-visits.py" "$p" "$WORK/$s.firefox" "$@"
	sed "s/^/$s: /" "$WORK/$s.log"
}
saw() { server_saw "$@" || { server_dump; fail "the server saw no such handshake: $*"; }; }
cn() { echo "Test User $1"; }

# the module in the profile, TLS 1.3: Firefox chooses; the log-in key, the one that wants its PIN each time
# (twice), the EC key
P=$WORK/profile
nssdb_new "$P"
firefox_prefs "$P"
server_start
U=https://localhost:$PORT
visits profile "$P" "visit=$U/auto" "visit=$U/login,$(cn rsa)" "visit=$U/sign,$(cn sign)" \
	"visit=$U/again,$(cn sign)" "visit=$U/ec,$(cn ec)"
saw "\($RSA_FPR\|$SIGN_FPR\|$EC_FPR\)" TLSv1.3 "GET /auto"
saw "$RSA_FPR" TLSv1.3 "GET /login"
saw "$SIGN_FPR" TLSv1.3 "GET /sign"
saw "$SIGN_FPR" TLSv1.3 "GET /again"
saw "$EC_FPR" TLSv1.3 "GET /ec"

# added while it runs, TLS 1.2, the first page is for the key that wants its PIN each time
server_start --tls12
U=https://localhost:$PORT
P=$WORK/added
mkdir "$P"
firefox_prefs "$P"
certutil -N -d "sql:$P" --empty-password && certutil -A -d "sql:$P" -n "p11test CA" -t CT,C, -i "$CA" || fail "certutil"
visits added "$P" "add=$P11_MODULE" "visit=$U/added,$(cn sign)"
saw "$SIGN_FPR" TLSv1.2 "GET /added"

# an administrator's policies.json, in a view of /etc of its own
policy="policies.json not tried (no unshare -m)"
if etc_own "firefox/policies/policies.json" <<-J
	{"policies": {"SecurityDevices": {"Add": {"p11test": "$P11_MODULE"}}, "Certificates": {"Install": ["$(readlink -f "$CA")"]}}}
	J
then
	P=$WORK/policy
	mkdir "$P"
	firefox_prefs "$P"
	FIREFOX_WRAP=$ETC visits policy "$P" "visit=$U/policy,$(cn rsa)"
	saw "$RSA_FPR" TLSv1.2 "GET /policy"
	policy="module from policies.json"
fi
ok "pages by TLS 1.3 with each key, chosen by itself and in its dialog; module added while it runs, TLS 1.2; $policy"
