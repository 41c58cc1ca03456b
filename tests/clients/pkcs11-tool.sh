#!/bin/sh
# OpenSC's pkcs11-tool: lists, its own --test, signatures of each kind.
. "$(dirname "$0")/lib.sh"
need pkcs11-tool
setup
tool() { s=$1; shift; step "$s" pkcs11-tool --module "$P11_MODULE" --token-label "$P11_TOKEN" "$@"; }
step slots pkcs11-tool --module "$P11_MODULE" -L
tool objects -O
tool test --login --pin "$P11_PIN" --test
grep -q 'No errors' "$WORK/test.log" || { tail -n 20 "$WORK/test.log"; fail "--test reports errors"; }
sign() { # name, id, mechanism, input, options...
	n=$1 i=$2 m=$3 in=$4; shift 4
	tool "sign-$n" --login --pin "$P11_PIN" --sign --id "$i" -m "$m" -i "$in" -o "$WORK/$n.sig" "$@"
}
verify() { # name, key, options...
	n=$1 k=$2; shift 2
	openssl dgst -sha256 "$@" -verify "$WORK/$k.pub" -signature "$WORK/$n.sig" "$WORK/msg" || fail "$n is wrong"
}
openssl dgst -sha256 -binary "$WORK/msg" >"$WORK/hash"
# CKM_RSA_PKCS wants the DigestInfo of SHA-256
{ printf '\060\061\060\015\006\011\140\206\110\001\145\003\004\002\001\005\000\004\040'; cat "$WORK/hash"; } >"$WORK/di"
sign sha256 "$P11_RSA_ID" SHA256-RSA-PKCS "$WORK/msg" && verify sha256 rsa
sign raw "$P11_RSA_ID" RSA-PKCS "$WORK/di" && verify raw rsa
sign pss "$P11_RSA_ID" SHA256-RSA-PKCS-PSS "$WORK/msg" --salt-len 32
verify pss rsa -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
sign always "$P11_SIGN_ID" SHA256-RSA-PKCS "$WORK/msg" && verify always sign
sign ec "$P11_EC_ID" ECDSA "$WORK/hash" --signature-format openssl && verify ec ec
ok "-L, -O, --test, signatures (RSA-PKCS, SHA256-RSA-PKCS, PSS, PIN each time, ECDSA) verified by openssl"
