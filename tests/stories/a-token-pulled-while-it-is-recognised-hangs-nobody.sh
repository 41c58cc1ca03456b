#!/bin/sh
# A token that comes back is remembered, and its certificates are proven to be the same when they are
# first read. Pulled in the middle of that, and put in again: reading works.
WAYS=direct
. "$(dirname "$0")/story.sh"

listed() { bsre-token list | grep -q "$P11_TOKEN"; }
absent() { ! listed; }
read_certificate() { pkcs11 --read-object --type cert --id "$P11_RSA_ID" -o rsa.der 2>err; }
read_certificate
for when in before after; do
	token unplug
	until_so absent
	token plug
	until_so listed
	token cut-at 1 $when
	! read_certificate || fail "the token was not pulled"
	token plug
	until_so listed
	rm -f rsa.der
	read_certificate || { cat err; fail "pulled $when the proof: the certificate cannot be read any more"; }
	openssl x509 -inform DER -in rsa.der | cmp - "$TEST_CA_DIR/rsa.pem"
done
