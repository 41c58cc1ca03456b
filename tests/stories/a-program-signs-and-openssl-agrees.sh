#!/bin/sh
# pkcs11-tool logs in and signs with every key; OpenSSL alone verifies. On pcscd and directly.
. "$(dirname "$0")/story.sh"

pkcs11 -O >objects
for label in "$P11_RSA_LABEL" "$P11_SIGN_LABEL" "$P11_EC_LABEL"; do
	[ "$(grep -c "label: *$label\$" objects)" -ge 2 ] || { cat objects; fail "$label is not listed before login"; }
done

pkcs11 --login --pin "$P11_PIN" --sign --id "$P11_RSA_ID" -m SHA256-RSA-PKCS -i message -o rsa.sig
verify_rsa message rsa.sig rsa.pub

pkcs11 --login --pin "$P11_PIN" --sign --id "$P11_EC_ID" -m ECDSA --signature-format openssl -i message -o ec.sig
verify_ec message ec.sig ec.pub

# the key that asks for its PIN each time: pkcs11-tool logs in twice
pkcs11 --login --pin "$P11_PIN" --sign --id "$P11_SIGN_ID" -m SHA256-RSA-PKCS -i message -o sign.sig
verify_rsa message sign.sig sign.pub
