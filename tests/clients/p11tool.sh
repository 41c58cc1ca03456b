#!/bin/sh
# GnuTLS: p11tool lists and signs, certtool makes a request, gnutls-cli logs in by TLS 1.3 and 1.2.
. "$(dirname "$0")/lib.sh"
need p11tool certtool gnutls-cli
setup
PROV="--provider=$P11_MODULE"
T="pkcs11:token=$(uri "$P11_TOKEN")"
GNUTLS_PIN=$P11_PIN; export GNUTLS_PIN
step list p11tool --list-all "$T" "$PROV"
step listlogin p11tool --list-all --login "$T" "$PROV"
grep -q 'type=private' "$WORK/listlogin.log" || fail "no private key listed after login"
one() { # label id fingerprint known-cert extra
	K="$T;object=$(uri "$1");id=$(idhex "$2");type=private"
	C="$T;object=$(uri "$1");id=$(idhex "$2");type=cert"
	step "testsign-$1" p11tool --login --test-sign "$K" "$PROV"
	step "csr-$1" certtool --generate-request --template "$WORK/tmpl" --load-privkey "$K" --load-pubkey "$WORK/$5.pub" \
		--provider="$P11_MODULE" --outfile "$WORK/$1.csr"
	openssl req -verify -noout -in "$WORK/$1.csr" -pubkey 2>/dev/null >"$WORK/$1.csrpub" || fail "openssl refuses the CSR ($1)"
	openssl req -verify -noout -in "$WORK/$1.csr" 2>&1 | grep -q 'verify OK' || fail "CSR signature wrong ($1)"
	cmp -s "$WORK/$1.csrpub" "$WORK/$5.pub" || fail "CSR has another key ($1)"
	for v in 1.3 1.2; do
		printf 'GET / HTTP/1.0\r\n\r\n' | timeout --foreground 30 gnutls-cli --provider="$P11_MODULE" --x509cafile "$CA" --x509certfile "$C" \
			--x509keyfile "$K" --priority "NORMAL:-VERS-ALL:+VERS-TLS$v" -p "$PORT" localhost >"$WORK/cli-$1-$v.log" 2>&1
		server_saw "$3" "TLSv$v" || { tail -n 8 "$WORK/cli-$1-$v.log" ; server_dump; fail "no TLS $v handshake ($1)"; }
	done
}
printf 'cn = "Request"\n' >"$WORK/tmpl"
# GnuTLS says CKA_SIGN false of a key that is marked to decrypt
case ${P11_CARD:-} in
piv-*) echo "p11tool: no key is generated: the module of a card of kind $P11_CARD makes none" ;;
*) step mark p11tool --login --generate-privkey=rsa --bits 2048 --mark-decrypt --label decrypts --outfile "$WORK/mark.pub" "$T" "$PROV" ;;
esac
server_start
one "$P11_RSA_LABEL" "$P11_RSA_ID" "$RSA_FPR" "$TEST_CA_DIR/rsa.pem" rsa
one "$P11_EC_LABEL" "$P11_EC_ID" "$EC_FPR" "$TEST_CA_DIR/ec.pem" ec
ok "p11tool list and test-sign, certtool CSR verified by openssl, gnutls-cli mTLS 1.3 and 1.2 seen by the server"
