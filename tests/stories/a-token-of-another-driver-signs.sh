#!/bin/sh
# A token that OpenSC or a vendor's module serves is one like any other: its certificates are the CA's, OpenSSL verifies what
# its keys sign, also with mechanisms that its module does not have; each program proves the PIN itself.
WAYS="piv-opensc piv-ykcs11 softhsm cac"
# shellcheck source=tests/stories/story.sh
. "$(dirname "$0")/story.sh"

p11() { pkcs11 "$@" >said 2>&1 || { cat said; fail "pkcs11-tool $*"; }; }
user() { p11 --login --pin "$P11_PIN" "$@"; }
# each key's certificate is the one that the CA gave, and no other with the same id
for name in rsa sign ec; do
	[ -e "$TEST_CA_DIR/$name.pem" ] || continue
	id=$(eval "echo \$P11_$(echo $name | tr a-z A-Z)_ID")
	p11 --read-object --type cert --id "$id" -o cert.der
	openssl x509 -inform DER -in cert.der | cmp - "$TEST_CA_DIR/$name.pem" || fail "another certificate of $name"
	bsre-token --token "$P11_TOKEN" key list | grep "Test User $name" || fail "key list shows another certificate of $name"
done

signs() { # ID NAME MECHANISM OPTION-OF-OPENSSL...
	id=$1 name=$2 mechanism=$3; shift 3
	user --sign --id "$id" -m "$mechanism" -i message -o "$name.sig"
	openssl dgst "$@" -verify "$name.pub" -signature "$name.sig" message
}
signs "$P11_RSA_ID" rsa SHA256-RSA-PKCS -sha256
signs "$P11_RSA_ID" rsa SHA512-RSA-PKCS -sha512
signs "$P11_RSA_ID" rsa SHA384-RSA-PKCS-PSS -sha384 -sigopt rsa_padding_mode:pss
signs "$P11_SIGN_ID" sign SHA256-RSA-PKCS -sha256
if [ -n "${P11_EC_ID:-}" ]; then
	user --sign --id "$P11_EC_ID" -m ECDSA --signature-format openssl -i message -o ec.sig
	verify_ec message ec.sig ec.pub
fi
openssl pkeyutl -encrypt -pubin -inkey rsa.pub -in message -out cipher
user --decrypt --id "$P11_RSA_ID" -m RSA-PKCS -i cipher -o plain
cmp plain message
openssl pkeyutl -encrypt -pubin -inkey rsa.pub -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 \
	-in message -out cipher
user --decrypt --id "$P11_RSA_ID" -m RSA-PKCS-OAEP --hash-algorithm SHA256 --mgf MGF1-SHA256 -i cipher -o plain
cmp plain message

bsre-token --token "$P11_TOKEN" sign message --key "$P11_RSA_ID" --pin-file "$DESK_DIR/pin" -o message.p7s --yes
openssl cms -verify -binary -inform DER -in message.p7s -content message -CAfile "$TEST_CA_DIR/ca.pem" \
	-purpose any -out checked
cmp checked message

# each program has its own login
program A
program B
for p in A B; do
	on $p init
	on $p "open - $(echo "$P11_TOKEN" | tr ' ' _)"
done
# a CAC card says no more of a wrong PIN than that it failed, and OpenSC that something did
wrong=CKR_PIN_INCORRECT
[ "$P11_CARD" != cac ] || wrong=CKR_DEVICE_ERROR
on A "login 000000" $wrong
on A "login $P11_PIN"
on A "sign rsa id:$P11_RSA_ID a.sig"
verify_rsa message a.sig rsa.pub
on B "sign rsa id:$P11_RSA_ID" not
on B "login 111111" $wrong
on A "sign rsa id:$P11_RSA_ID"
on B "login $P11_PIN"
on B "sign rsa id:$P11_RSA_ID b.sig"
verify_rsa message b.sig rsa.pub
on A logout
on A "sign rsa id:$P11_RSA_ID" not
on B "sign rsa id:$P11_RSA_ID"
