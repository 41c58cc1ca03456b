#!/bin/sh
# poppler's pdfsig (Okular uses the same library): a new signature, and one in a field.
. "$(dirname "$0")/lib.sh"
need pdfsig certutil modutil
setup
DB=$WORK/nssdb
nssdb_new "$DB"
for kind in make field; do
	python3 "$TOP_SRCDIR/tests/tools/pdf.py" $kind "$WORK/$kind.pdf" || fail "pdf.py $kind"
done
step nicks pdfsig -nssdir "$DB" -nss-pwd "$P11_PIN" -list-nicks
grep -qF "$P11_TOKEN:$P11_RSA_LABEL" "$WORK/nicks.log" || { cat "$WORK/nicks.log"; fail "-list-nicks does not show the certificate"; }
sign() { # label, certificate, output, input, options...
	l=$1 k=$2 n=$3 in=$4; shift 4
	step "sign-$n" pdfsig -nssdir "$DB" -nss-pwd "$P11_PIN" -kpw "$P11_PIN" "$@" -nick "$P11_TOKEN:$l" "$WORK/$in.pdf" "$WORK/$n.pdf"
	pdf_check "$WORK/$n.pdf" "$TEST_CA_DIR/$k.pem"
	step "verify-$n" pdfsig -nssdir "$DB" -nss-pwd "$P11_PIN" -no-ocsp "$WORK/$n.pdf"
	grep -q 'Signature is Valid' "$WORK/verify-$n.log" || { cat "$WORK/verify-$n.log"; fail "pdfsig does not call it valid"; }
}
sign "$P11_RSA_LABEL" rsa rsa make -add-signature
sign "$P11_RSA_LABEL" rsa etsi field -sign sig1 -etsi
# the key that asks for its PIN each time
sign "$P11_SIGN_LABEL" sign always make -add-signature
# EC is reported, not required: poppler 22.12 writes a wrong digest whenever the DER length of its second
# signature differs from the first, with any module
if (sign "$P11_EC_LABEL" ec ec make -add-signature) >"$WORK/ec.res" 2>&1; then ec="EC too"; else ec="EC refused"; fi
ok "signatures of pdfsig (new, in a field, PIN each time; $ec) verified by openssl"
