#!/bin/sh
# Two certificates, or two private keys, with one CKA_ID: what is deleted is what was named, and nothing else; a key
# that nobody could name for certain is not destroyed.
WAYS=softhsm
. "$(dirname "$0")/story.sh"
soft() { pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label "$P11_TOKEN" --login --pin "$P11_PIN" "$@"; }
SOFTHSM2_CONF=$DESK_DIR/softhsm.conf
[ -f "$SOFTHSM2_CONF" ] || SOFTHSM2_CONF=$(sed -n 's/^env *= *SOFTHSM2_CONF=//p' "$DESK_DIR/tokend.conf" | head -n 1)
export SOFTHSM2_CONF
[ -f "$SOFTHSM2_CONF" ] || fail "where is SoftHSM's configuration?"

openssl x509 -in "$TEST_CA_DIR/ca.pem" -outform DER -out second.der
soft --write-object second.der --type cert --id "$P11_RSA_ID" --label second
soft -O >before 2>/dev/null
grep -q second before
kill "$(service_pid)"
until_so gone "$(service_pid)"
service_start
pkcs11-tool --module "$P11_MODULE" --token-label "$P11_TOKEN" --login --pin "$P11_PIN" \
	--delete-object --type cert --label second
soft -O >after 2>/dev/null
! grep -q second after || fail "it was not deleted"
grep -q "label: *$P11_RSA_LABEL" after || fail "the user's certificate went with it"
[ "$(grep -c '^Certificate' after)" = $(($(grep -c '^Certificate' before) - 1)) ] || fail "more than one is gone"

soft --keypairgen --key-type EC:prime256v1 --id "$P11_RSA_ID" --label twin >/dev/null 2>&1
soft -O >before 2>/dev/null
refused 1 'not allowed' bsre-token --token "$P11_TOKEN" key destroy --key "$P11_RSA_ID" --reason test --yes --pin-file "$DESK_DIR/pin"
soft -O >after 2>/dev/null
diff before after || fail "a key was destroyed that nobody named"
