#!/bin/sh
# The tokens of others that desks can have are what they are taken for: each works with the module that
# serves it without us. What it cannot do is seen as well, since stories leave that out.
set -eu
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
export TOP_SRCDIR TOP_BUILDDIR
fail() { echo "$*" >&2; exit 1; }

if [ -z "${DESK_DIR:-}" ]; then
	for tool in pkcs11-tool softhsm2-util pk12util opensc-tool; do
		command -v $tool >/dev/null || { echo "no $tool (scripts/deps installs it)"; exit 77; }
	done
	[ -x "$TOP_BUILDDIR/tests/tools/caccard" ] || { echo "no libcacard-dev when this was configured"; exit 77; }
	for card in softhsm cac; do
		echo "=== $card"
		"$TOP_SRCDIR/tests/tools/card-desk" --card $card sh "$0"
	done
	exit 0
fi

cd "$DESK_DIR"
head -c 100 /dev/urandom >message
printf 'abcdefghijklmnopqrstuvwxyz012345' >hash
p11() { timeout 60 pkcs11-tool --module "$P11_MODULE" --token-label "$P11_TOKEN" "$@" 2>&1; }
user() { p11 --login --pin "$P11_PIN" "$@"; }
# says PATTERN COMMAND...: succeeds, and its output has this
says() { pattern=$1; shift; "$@" >out || { cat out; fail "fails: $*"; }; grep -q -e "$pattern" out || { cat out; fail "no $pattern: $*"; }; }
cannot() { if "$@" >out; then cat out; fail "it can: $*"; fi; }
signs() { # ID NAME MECHANISM OPENSSL...
	id=$1 name=$2 mechanism=$3; shift 3
	rm -f sig
	user --sign --id "$id" -m "$mechanism" -i message -o sig >out || { cat out; fail "$mechanism"; }
	openssl dgst "$@" -verify "$name.pub" -signature sig message
}

for name in rsa sign ec; do
	[ -e "$TEST_CA_DIR/$name.pem" ] || continue
	openssl verify -CAfile "$TEST_CA_DIR/ca.pem" "$TEST_CA_DIR/$name.pem"
	openssl x509 -in "$TEST_CA_DIR/$name.pem" -pubkey -noout >$name.pub
done
says "$P11_TOKEN" p11 -L
says "$P11_RSA_LABEL" p11 -O
says "$P11_SIGN_LABEL" user -O
user --read-object --type cert --id "$P11_RSA_ID" -o cert.der >out
openssl x509 -inform DER -in cert.der | cmp - "$TEST_CA_DIR/rsa.pem"
cannot p11 --login --pin 111111 -O
signs "$P11_RSA_ID" rsa SHA256-RSA-PKCS -sha256
signs "$P11_RSA_ID" rsa SHA512-RSA-PKCS -sha512
signs "$P11_RSA_ID" rsa SHA256-RSA-PKCS-PSS -sha256 -sigopt rsa_padding_mode:pss
signs "$P11_SIGN_ID" sign SHA256-RSA-PKCS -sha256
openssl pkeyutl -encrypt -pubin -inkey rsa.pub -in hash -out cipher
decrypts() { user --decrypt --id "$P11_RSA_ID" -m RSA-PKCS -i cipher -o plain && cmp plain hash; }

case $P11_CARD in
softhsm)
	says 'always authenticate' user -O --type privkey --id "$P11_SIGN_ID"
	decrypts
	user --sign --id "$P11_EC_ID" -m ECDSA --signature-format openssl -i hash -o sig
	openssl pkeyutl -verify -pubin -inkey ec.pub -in hash -sigfile sig
	user --change-pin --new-pin 777777
	p11 --login --login-type so --so-pin "$P11_PUK" --init-pin --new-pin "$P11_PIN"
	says "$P11_RSA_LABEL" user -O --type privkey
	;;
cac)
	says 'Common Access Card' opensc-tool -n
	says 'CAC ID Certificate' pkcs15-tool -D
	# its certificates say that they are for signing, and by these OpenSC knows what a key may do
	cannot decrypts
	cannot user --change-pin --new-pin 777777
	# no wrong PIN is counted: such a card is never locked
	for pin in 1111 2222 3333 4444; do cannot p11 --login --pin $pin -O; done
	says "$P11_RSA_LABEL" user -O --type privkey
	kill -USR1 "$(cat caccard1.pid)"
	i=0
	while p11 -O >out; do
		i=$((i + 1))
		[ $i -lt 100 ] || fail "a card that was pulled is still seen"
		sleep 0.1
	done
	kill -USR2 "$(cat caccard1.pid)"
	python3 "$TOP_SRCDIR/tests/tools/cards.py" 1 10
	says "$P11_RSA_LABEL" user -O --type privkey
	;;
esac
