#!/bin/sh
# Yubico's PKCS#11 module uses the virtual token through pkcs11-tool; OpenSSL verifies.
# shellcheck disable=SC2018,SC2019,SC2317  # functions are run by op
NEEDS="pkcs11-tool openssl"
DESK_OPTIONS='--reader "Yubico YubiKey CCID"'
# shellcheck source=tests/tools/judge.sh
. "$(dirname "$0")/../tools/judge.sh"
MODULE=$(find /usr/lib -name libykcs11.so.2 2>/dev/null | head -n 1)
[ -n "$MODULE" ] || { echo "no libykcs11"; exit 77; }
judge "pkcs11-tool with ykcs11"
p11() { limited pkcs11-tool --module "$MODULE" "$@"; }
user() { p11 --login --pin 123456 "$@"; }
so() { p11 --login --login-type so --so-pin "$MGM" "$@"; }
attestation() { p11 --read-object --type cert --id "$1" -o c.der && openssl x509 -inform DER -in c.der -pubkey -noout >"pub$1.pem"; }
public() { p11 --read-object --type pubkey --id "$1" -o k.der && openssl pkey -pubin -inform DER -in k.der -out k.pem && cmp k.pem "pub$1.pem"; }
cert_of() { p11 --read-object --type cert --id "$1" -o c.der && openssl x509 -inform DER -in c.der -out c.pem; }

op "list slots" p11 -L
op "list mechanisms" p11 -M
op "list objects" p11 -O
op "log in" user -O
denied "a wrong PIN" p11 --login --pin 999999 -O
for key in 1:rsa:2048 2:EC:prime256v1 3:EC:secp384r1 5:rsa:2048; do
	id=${key%%:*} type=${key#*:}
	op "generate $type, key $id" so --keypairgen --id "$id" --key-type "$type"
	op "its attestation" attestation "$id"
	case $id in
	3) cannot "its public key" "pkcs11-tool 0.23 cannot read one on P-384" public "$id" ;;
	*) op "its public key" public "$id" ;;
	esac
	certificate "pub$id.pem" "cert$id.pem"
	openssl x509 -in "cert$id.pem" -outform DER -out "cert$id.der"
	op "write its certificate" so --write-object "cert$id.der" --type cert --id "$id"
	op "read it back" cert_of "$id"
	op "it is the same" cmp c.pem "cert$id.pem"
done
rsa() { user --sign --id "$1" -m "$2" -i message -o sig; }
for id in 1 5; do
	op "RSA-PKCS, key $id" rsa $id RSA-PKCS
	op "verified" openssl pkeyutl -verify -pubin -inkey pub$id.pem -in message -sigfile sig
	op "SHA256-RSA-PKCS, key $id" rsa $id SHA256-RSA-PKCS
	op "verified" openssl dgst -sha256 -verify pub$id.pem -signature sig message
	op "SHA256-RSA-PKCS-PSS, key $id" rsa $id SHA256-RSA-PKCS-PSS
	op "verified" openssl dgst -sha256 -verify pub$id.pem -sigopt rsa_padding_mode:pss -signature sig message
done
openssl pkeyutl -encrypt -pubin -inkey pub1.pem -in message -out cipher
op "decrypt" user --decrypt --id 1 -m RSA-PKCS -i cipher -o plain
op "the same as before" cmp plain message
for id in 2 3; do
	op "ECDSA, key $id" user --sign --id $id -m ECDSA --signature-format openssl -i message -o sig
	op "verified" openssl pkeyutl -verify -pubin -inkey pub$id.pem -in message -sigfile sig
done
openssl ecparam -name prime256v1 -genkey -noout -out host.key
openssl pkey -in host.key -pubout -outform DER -out host.der
openssl pkeyutl -derive -inkey host.key -peerkey pub2.pem -out want
op "ECDH" user --derive --id 2 -m ECDH1-DERIVE -i host.der -o secret
op "the same as OpenSSL's" cmp secret want
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -outform DER -out in.key 2>/dev/null
why="refuses pkcs11-tool's template (CKR_ATTRIBUTE_TYPE_INVALID) before it has sent anything"
cannot "import an RSA key" "$why" so --write-object in.key --type privkey --id 6
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -outform DER -out in.key 2>/dev/null
cannot "import an EC key" "$why" so --write-object in.key --type privkey --id 7
attested() {
	p11 --read-object --type cert --id 19 -o ca.der && openssl x509 -inform DER -in ca.der -out f9.pem &&
		so --keypairgen --id 4 --key-type EC:prime256v1 &&
		p11 --read-object --type cert --label "X.509 Certificate for PIV Attestation 9e" -o att.der && openssl x509 -inform DER -in att.der -out att.pem &&
		openssl verify -CAfile f9.pem att.pem
}
op "attestation, chain verified by OpenSSL" attested
op "change the PIN" p11 --login --pin 123456 --change-pin --new-pin 654321
op "and back" p11 --login --pin 654321 --change-pin --new-pin 123456
cannot "unlock it with the PUK" "takes what it is given for the PIN" p11 --unlock-pin --puk 12345678 --new-pin 123456
op "delete a certificate" so --delete-object --type cert --id 5
op "initialise the token" p11 --init-token --so-pin $MGM --label again
verdict
