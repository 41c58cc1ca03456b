#!/bin/sh
# fill-cac.sh DIR LABEL SUFFIX: an NSS database in DIR that libcacard makes a CAC card of: two RSA keys and
# their certificates. PIN: its password, which is the card's PIN. A CAC card has no label of its own.
set -eu
database=$1 suffix=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v pk12util >/dev/null || { echo "no pk12util; scripts/deps installs it"; exit 1; }
echo "$PIN" >"$work/pin"
certutil -N -d "sql:$database" -f "$work/pin"
for name in rsa sign; do
	openssl req -new -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/csr" \
		-subj "/C=ID/O=Test/CN=Test User $name$suffix/emailAddress=$name$suffix@example.test"
	openssl x509 -req -in "$work/csr" -CA "$TEST_CA_DIR/ca.pem" -CAkey "$TEST_CA_DIR/ca.key" \
		-CAcreateserial -days 730 -sha256 -extfile "$TEST_CA_DIR/user.ext" -out "$TEST_CA_DIR/$name$suffix.pem"
	openssl pkcs12 -export -in "$TEST_CA_DIR/$name$suffix.pem" -inkey "$work/key" -name "$name" \
		-passout pass:x -out "$work/p12"
	pk12util -i "$work/p12" -d "sql:$database" -k "$work/pin" -W x
done
