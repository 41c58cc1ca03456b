#!/bin/sh
# OpenSSL 3 and curl with libp11's engine: signatures, a request, CMS, TLS 1.3 and 1.2.
. "$(dirname "$0")/lib.sh"
need openssl curl
E=$(openssl version -e | sed 's/.*"\(.*\)"/\1/')/pkcs11.so
needfile "$E"
setup
cat >"$WORK/openssl.cnf" <<C
openssl_conf = init
[init]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
dynamic_path = $E
MODULE_PATH = $P11_MODULE
init = 0
[req]
distinguished_name = dn
[dn]
C
printf 'openssl_conf = none\n[none]\n[req]\ndistinguished_name=dn\n[dn]\n' >"$WORK/plain.cnf"
OPENSSL_CONF=$WORK/openssl.cnf; export OPENSSL_CONF
plain() { OPENSSL_CONF=$WORK/plain.cnf openssl "$@"; }
T="pkcs11:token=$(uri "$P11_TOKEN")"
SECRET="pin-value=$(uri "$P11_PIN")"

one() { # label id fingerprint kind
	K="$T;id=$(idhex "$2");type=private;$SECRET"
	step "dgst-$4" openssl dgst -engine pkcs11 -keyform engine -sign "$K" -sha256 -out "$WORK/$4.sig" "$WORK/msg"
	plain dgst -sha256 -verify "$WORK/$4.pub" -signature "$WORK/$4.sig" "$WORK/msg" >"$WORK/v" 2>&1 || fail "dgst signature wrong ($4)"
	if [ "$4" = rsa ]; then
		step pss openssl dgst -engine pkcs11 -keyform engine -sign "$K" -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -out "$WORK/pss.sig" "$WORK/msg"
		plain dgst -sha256 -verify "$WORK/rsa.pub" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -signature "$WORK/pss.sig" "$WORK/msg" >"$WORK/v" 2>&1 || fail "PSS signature wrong"
	fi
	step "req-$4" openssl req -new -engine pkcs11 -keyform engine -key "$K" -subj "/CN=Request" -out "$WORK/$4.csr"
	plain req -verify -noout -in "$WORK/$4.csr" 2>&1 | grep -q 'verify OK' || fail "CSR wrong ($4)"
	step "cms-$4" openssl cms -sign -engine pkcs11 -keyform engine -inkey "$K" -signer "$TEST_CA_DIR/$4.pem" -in "$WORK/msg" -binary -md sha256 -outform DER -out "$WORK/$4.cms" -nodetach
	plain cms -verify -inform DER -in "$WORK/$4.cms" -CAfile "$CA" -purpose any -binary -out "$WORK/$4.out" >"$WORK/v" 2>&1 || fail "CMS wrong ($4)"
	for v in 1.3 1.2; do
		curl -sS --max-time 30 --engine pkcs11 --key-type ENG --key "$K" --cert "$TEST_CA_DIR/$4.pem" --cacert "$CA" \
			--tlsv$v --tls-max $v "https://localhost:$PORT/" >"$WORK/curl-$4-$v.log" 2>&1
		server_saw "$3" "TLSv$v" || { cat "$WORK/curl-$4-$v.log"; server_dump; fail "curl: no TLS $v handshake ($4)"; }
	done
	# certificate too read from the token
	curl -sS --max-time 30 --engine pkcs11 --key-type ENG --key "$K" --cert-type ENG --cert "$T;id=$(idhex "$2");type=cert" --cacert "$CA" \
		"https://localhost:$PORT/eng" >"$WORK/curl-eng-$4.log" 2>&1
	server_saw "$3" "[^ ]*" "GET /eng" || { cat "$WORK/curl-eng-$4.log"; server_dump; fail "curl with the certificate from the token ($4)"; }
}
server_start
one "$P11_RSA_LABEL" "$P11_RSA_ID" "$RSA_FPR" rsa
one "$P11_EC_LABEL" "$P11_EC_ID" "$EC_FPR" ec
# the key that asks each time: libp11 cannot, so the service does, whatever PIN is given
if [ "${CLIENTS_MODE:-}" = on-use ]; then
	K="$T;object=$(uri "$P11_SIGN_LABEL");type=private;pin-value=000000"
	step dgst-sign openssl dgst -engine pkcs11 -keyform engine -sign "$K" -sha256 -out "$WORK/sign.sig" "$WORK/msg"
	plain dgst -sha256 -verify "$WORK/sign.pub" -signature "$WORK/sign.sig" "$WORK/msg" >"$WORK/v" 2>&1 ||
		fail "dgst signature wrong (the key that asks each time)"
fi
ok "dgst (PKCS1, PSS, ECDSA), req, cms verified by plain openssl; curl mTLS 1.3 and 1.2 seen by the server"
