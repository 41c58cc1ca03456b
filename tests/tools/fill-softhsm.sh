#!/bin/sh
# fill-softhsm.sh DIR LABEL SUFFIX: a token of SoftHSM in DIR with the keys and certificates that the
# virtual PIV token has, made by SoftHSM's tool and OpenSC's pkcs11-tool. PIN, PUK: its PIN and SO PIN.
set -eu
tokens=$1 label=$2 suffix=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$tokens" >"$work/conf"
export SOFTHSM2_CONF="$work/conf"
module=$(find /usr/lib/softhsm /usr/lib/*/softhsm -name libsofthsm2.so 2>/dev/null | head -n 1)
[ -n "$module" ] || { echo "no libsofthsm2.so; scripts/deps installs it"; exit 1; }
softhsm2-util --init-token --free --label "$label" --pin "$PIN" --so-pin "$PUK"
p11() { pkcs11-tool --module "$module" --token-label "$label" --login --pin "$PIN" "$@"; }
openssl req -new -newkey rsa:2048 -nodes -keyout "$work/any.key" -subj /CN=any -out "$work/any.csr"
while read -r name id type always; do
	# shellcheck disable=SC2086  # an option or none
	p11 --keypairgen --key-type "$type" --label "$name-user" --id "$id" --usage-sign $always
	p11 --read-object --type pubkey --id "$id" -o "$work/pub.der"
	openssl pkey -pubin -inform DER -in "$work/pub.der" -out "$work/pub.pem"
	openssl x509 -req -in "$work/any.csr" -force_pubkey "$work/pub.pem" -CA "$TEST_CA_DIR/ca.pem" \
		-CAkey "$TEST_CA_DIR/ca.key" -CAcreateserial -days 730 -sha256 -extfile "$TEST_CA_DIR/user.ext" \
		-subj "/CN=Test User $name$suffix/O=Test/C=ID/emailAddress=$name$suffix@example.test" \
		-out "$TEST_CA_DIR/$name$suffix.pem"
	openssl x509 -in "$TEST_CA_DIR/$name$suffix.pem" -outform DER -out "$work/cert.der"
	p11 --write-object "$work/cert.der" --type cert --label "$name-user" --id "$id"
done <<'X'
rsa 01 rsa:2048 --usage-decrypt
sign 02 rsa:2048 --always-auth
ec 03 EC:prime256v1 --usage-derive
X
