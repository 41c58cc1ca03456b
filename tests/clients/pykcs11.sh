#!/bin/sh
# PyKCS11, a binding for Python: signatures with each key, the one that wants its PIN each time too.
. "$(dirname "$0")/lib.sh"
/usr/bin/python3 -c 'import PyKCS11' 2>/dev/null || skip "no python3-pykcs11"
setup
step sign /usr/bin/python3 "$HERE/pykcs11-client.py" "$WORK"
verify() { # name, key, options...
	n=$1 k=$2; shift 2
	openssl dgst -sha256 "$@" -verify "$WORK/$k.pub" -signature "$WORK/$n.sig" "$WORK/msg" >"$WORK/v.log" 2>&1 ||
		{ cat "$WORK/v.log"; fail "the signature is wrong ($n)"; }
}
verify pkcs1 rsa
verify pss rsa -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
verify always1 sign
verify always2 sign
verify ec ec
ok "PKCS1, PSS, PIN each time (twice), ECDSA verified by openssl"
