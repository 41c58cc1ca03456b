#!/bin/sh
# A key that is destroyed leaves its certificate, and that is said; a new key in the slot deletes it only after a yes.
# What came with a certificate is named, and a key that cannot sign is told why.
WAYS=direct
. "$(dirname "$0")/story.sh"
pin=$DESK_DIR/pin

# the CAs that came along: named, those of the chain alone, and also where the certificate is there already
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj '/CN=Other CA' -days 9 -out other.pem
cat "$TEST_CA_DIR/rsa.pem" other.pem "$TEST_CA_DIR/ca.pem" >bundle.pem
bsre-token cert import bundle.pem --pin-file "$pin" --yes 2>said
cat said
grep 'on the token already' said
grep 'CA certificate of .*CN = Test CA' said || fail "it does not name the CA"
grep -i "fingerprint $(openssl x509 -in "$TEST_CA_DIR/ca.pem" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g')" said
grep 'holds 1 certificate of a CA.* not written' said || fail "it counts what is not of the chain"
! grep 'Other CA' said || fail "it offers a CA that has nothing to do with the certificate"

destroy() { bsre-token key destroy --reason uji --pin-file "$pin" "$@"; }
refused 1 "its certificate, of 'Test User rsa', stays" setsid bsre-token key destroy --key 9a --reason uji --pin-file "$pin"
destroy --key 9a --yes 2>said
cat said
grep "Its certificate, of 'Test User rsa', stays.*cert delete 9a" said || fail "it does not say that the certificate stays"
bsre-token cert export 9a | cmp - "$TEST_CA_DIR/rsa.pem"

renew() { bsre-token key generate --slot 9a --alg p256 --label baru --pin-file "$pin" "$@"; }
refused 1 "9a .*'Test User rsa', whose key is gone" setsid bsre-token key generate --slot 9a --alg p256 --pin-file "$pin"
bsre-token cert export 9a | cmp - "$TEST_CA_DIR/rsa.pem"
renew --yes 2>said
cat said
grep 'whose key is gone' said || fail "it does not say which certificate it deletes"
refused 4 "no certificate '9a'" bsre-token cert export 9a

printf 'surat\n' >letter
refused 4 "the key 'baru' has no certificate" bsre-token sign --key 9a letter --pin-file "$pin"
destroy --key 9a --yes --json >out.json 2>said
grep '"certificate_stays": false' out.json
renew </dev/null

# a key whose certificate has expired, or is to come
echo 'CN = Budi' >dn
bsre-token request --key 9a --dn dn --pin-file "$pin" -o baru.csr
openssl req -in baru.csr -pubkey -noout >baru.pub
openssl x509 -new -force_pubkey baru.pub -subj /CN=Budi -CA "$TEST_CA_DIR/ca.pem" -CAkey "$TEST_CA_DIR/ca.key" \
	-set_serial 79 -days 0 -out ended.pem
sleep 1
bsre-token cert import ended.pem --force --pin-file "$pin" --yes
refused 1 "certificate of the key 'baru' has expired" bsre-token sign --key 9a letter --pin-file "$pin"
