#!/bin/sh
# fill-token.sh LABEL SUFFIX NAME:SLOT:ALG:ID...: makes a blank token one that is in use. Each key gets
# a certificate of the test CA, TEST_CA_DIR/NAMESUFFIX.pem.
set -eu
label=$1 suffix=$2
shift 2
pin=$DESK_DIR/pin puk=$DESK_DIR/puk work=$DESK_DIR
bsre-token init --label "$label" --pin-file "$pin" --puk-file "$puk" --yes
for key; do
	IFS=: read -r name slot alg id <<-X
		$key
	X
	policy=once
	[ "$slot" != 9c ] || policy=always
	cat >"$work/dn" <<-X
		CN = Test User $name$suffix
		O = Test
		C = ID
		emailAddress = $name$suffix@example.test
	X
	bsre-token key generate --slot "$slot" --alg "$alg" --label "$name-user" --id "$id" \
		--pin-policy "$policy" --pin-file "$pin" --yes
	bsre-token request --key "$slot" --dn "$work/dn" --pin-file "$pin" -o "$work/csr" --yes
	openssl x509 -req -in "$work/csr" -CA "$TEST_CA_DIR/ca.pem" -CAkey "$TEST_CA_DIR/ca.key" \
		-CAcreateserial -days 730 -sha256 -extfile "$TEST_CA_DIR/user.ext" \
		-out "$TEST_CA_DIR/$name$suffix.pem"
	bsre-token cert import "$TEST_CA_DIR/$name$suffix.pem" --pin-file "$pin" --yes
done
