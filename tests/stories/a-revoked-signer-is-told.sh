#!/bin/sh
# verify says that nobody looked whether the signer's certificate was revoked, or with --crl what the CA's list
# says: revoked by any of the lists is refused, and so is a list of another CA, one that has ended or is yet to come,
# a damaged one among good ones, and one that is none.
WAYS=direct
. "$(dirname "$0")/story.sh"
printf '[ca]\ndefault_ca = x\n[x]\ndatabase = index\ndefault_md = sha256\ndefault_crl_days = 9\n' >ca.conf
: >index
list() { # FILE OPTION...
	out=$1; shift
	openssl ca -config ca.conf -gencrl -keyfile "$TEST_CA_DIR/ca.key" -cert "$TEST_CA_DIR/ca.pem" -out "$out" "$@"
}
printf 'surat\n' >letter
bsre-token sign -k 9a letter --pin-file "$DESK_DIR/pin"
judged() { bsre-token verify letter --chain "$TEST_CA_DIR/ca.pem" "$@"; }

list good.crl
list later.crl -crl_lastupdate 20910101000000Z -crl_nextupdate 20920101000000Z
list ended.crl -crl_lastupdate 20240101000000Z -crl_nextupdate 20240102000000Z
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj /CN=Other -days 9 -out other.pem
openssl ca -config ca.conf -gencrl -keyfile other.key -cert other.pem -out other.crl
openssl ca -config ca.conf -revoke "$TEST_CA_DIR/rsa.pem" -keyfile "$TEST_CA_DIR/ca.key" -cert "$TEST_CA_DIR/ca.pem"
list revoked.crl
openssl crl -in revoked.crl -outform DER -out revoked.der
# as if the CA had signed it
sed '/-----END/d' good.crl | tr -d '\n' | sed 's/-----BEGIN X509 CRL-----//' | base64 -d >whole.der
{ head -c -9 whole.der; printf '\377'; tail -c 8 whole.der; } >forged.der
cmp -s whole.der forged.der && fail "the forged list is the whole one"

judged 2>said
grep 'revoked was not looked up (--crl' said || fail "it does not say that nobody looked"
judged --crl good.crl 2>said
grep '  not revoked, by the' said || fail "it does not say that it is not revoked"
cat good.crl other.crl >both.crl
judged --crl both.crl
for crl in revoked.crl revoked.der; do
	refused 1 "the certificate of 'Test User rsa' is revoked" judged --crl $crl
done
cat good.crl revoked.crl >any.crl
refused 1 'is revoked' judged --crl any.crl
cat revoked.crl good.crl other.crl >any.crl
refused 1 'is revoked' judged --crl any.crl
for lines in 1d 2d '$d' '4s/.$//' '3s/./!/'; do
	sed "$lines" revoked.crl | cat good.crl - >any.crl
	refused 1 'in any.crl is damaged or cut short' judged --crl any.crl
	sed "$lines" revoked.crl | cat - good.crl >any.crl
	refused 1 'in any.crl is damaged or cut short' judged --crl any.crl
done
openssl crl -in good.crl -outform DER -out good.der
judged --crl good.der
cat good.der revoked.der >two.der
refused 1 'two.der holds something behind its' judged --crl two.der
refused 1 'made in the future' judged --crl later.crl
refused 64 'crl is given twice' judged --crl revoked.crl --crl good.crl
refused 1 'list has ended' judged --crl ended.crl
refused 1 'cannot be told by that list' judged --crl other.crl
refused 1 'cannot be told by that list' judged --crl forged.der
refused 1 'holds no revocation list' judged --crl letter
refused 1 'cannot be read' judged --crl nowhere
word() { judged --json --crl "$1" 2>/dev/null | sed -n 's/.*"revocation": "\(.*\)".*/\1/p'; }
[ "$(word good.crl) $(word revoked.crl) $(word other.crl)" = "not-revoked revoked unknown" ] || fail "JSON has other words"
judged --json --crl revoked.crl 2>/dev/null | grep '"valid": false'
