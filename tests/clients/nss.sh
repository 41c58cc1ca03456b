#!/bin/sh
# NSS's tools: modutil and certutil list, cmsutil signs, tstclnt logs in by TLS 1.3 and 1.2.
. "$(dirname "$0")/lib.sh"
need modutil certutil cmsutil tstclnt
setup
DB=$WORK/nssdb
nssdb_new "$DB"
D="sql:$DB"
step modlist modutil -dbdir "$D" -list
grep -qF "token: $P11_TOKEN" "$WORK/modlist.log" || fail "modutil -list does not show the token"
step certlist certutil -L -d "$D" -h "$P11_TOKEN" -f "$WORK/pinfile"
for l in "$P11_RSA_LABEL" "$P11_SIGN_LABEL" "$P11_EC_LABEL"; do
	grep -F "$P11_TOKEN:$l" "$WORK/certlist.log" | grep -q 'u,u,u' ||
		{ cat "$WORK/certlist.log"; fail "certutil -L: no $l with u,u,u (its private key was not found)"; }
done
step keylist certutil -K -d "$D" -h "$P11_TOKEN" -f "$WORK/pinfile"
[ "$(grep -c '^<[ 0-9]*> ' "$WORK/keylist.log")" = 3 ] || fail "certutil -K does not list three keys"

sign_check() { # label, name
	step "cms-$2" cmsutil -S -d "$D" -f "$WORK/pinfile" -N "$P11_TOKEN:$1" -Y NONE -G -H SHA256 -i "$WORK/msg" -o "$WORK/$2.cms"
	openssl cms -verify -inform DER -in "$WORK/$2.cms" -CAfile "$CA" -purpose any -signer "$WORK/$2.signer" \
		-out "$WORK/$2.out" >"$WORK/$2.vfy" 2>&1 || { cat "$WORK/$2.vfy"; fail "openssl does not verify cmsutil's signature ($2)"; }
	cmp -s "$WORK/msg" "$WORK/$2.out" || fail "content differs ($2)"
	[ "$(fpr "$WORK/$2.signer")" = "$(fpr "$TEST_CA_DIR/$2.pem")" ] || fail "another certificate signed ($2)"
}
sign_check "$P11_RSA_LABEL" rsa
sign_check "$P11_SIGN_LABEL" sign
sign_check "$P11_EC_LABEL" ec

tls() { # label, fingerprint, tstclnt's version, ours
	printf 'GET / HTTP/1.0\r\n\r\n' >"$WORK/req"
	step "tls-$3-$2" tstclnt -d "$D" -h localhost -p "$PORT" -n "$P11_TOKEN:$1" -w "$P11_PIN" -V "$3:$3" -A "$WORK/req" -4
	server_saw "$2" "$4" || { server_dump; fail "no $4 handshake with $1"; }
}
server_start
for v in 1.3 1.2; do
	tls "$P11_RSA_LABEL" "$RSA_FPR" "tls$v" "TLSv$v"
	tls "$P11_EC_LABEL" "$EC_FPR" "tls$v" "TLSv$v"
done
ok "certutil -L and -K, cmsutil's signatures verified by openssl, TLS 1.3 and 1.2 seen by the server"
