#!/bin/sh
# p11-kit: a .module file, the proxy module, server and client, a module run on demand.
. "$(dirname "$0")/lib.sh"
need p11-kit pkcs11-tool
setup
p11kit_conf "module: $P11_MODULE"
step list $P11KIT p11-kit list-modules
[ "$(grep -c '^[^ ]' "$WORK/list.log")" = 1 ] && grep -q '^p11test:' "$WORK/list.log" || { cat "$WORK/list.log"; fail "list-modules shows other modules too"; }
grep -qF "token: $P11_TOKEN" "$WORK/list.log" || { cat "$WORK/list.log"; fail "list-modules does not show the token"; }
LIB=$(dirname "$(find /usr/lib -name p11-kit-proxy.so | head -n 1)")
needfile "$LIB/p11-kit-proxy.so" "$LIB/pkcs11/p11-kit-client.so"
sg() { # name module
	step "sign-$1" $P11KIT pkcs11-tool --module "$2" --token-label "$P11_TOKEN" --login --pin "$P11_PIN" --sign --id "$P11_RSA_ID" -m SHA256-RSA-PKCS -i "$WORK/msg" -o "$WORK/$1.sig"
	openssl dgst -sha256 -verify "$WORK/rsa.pub" -signature "$WORK/$1.sig" "$WORK/msg" >"$WORK/v" 2>&1 || fail "$1: signature wrong"
}
sg proxy "$LIB/p11-kit-proxy.so"
# the module behind p11-kit's server: another process calls the client module over a socket
p11-kit server --foreground --name "$WORK/p11.sock" --provider "$P11_MODULE" "pkcs11:" >"$WORK/server.out" 2>"$WORK/server.err" &
soon test -S "$WORK/p11.sock" || { cat "$WORK/server.err"; fail "p11-kit server did not start"; }
P11_KIT_SERVER_ADDRESS="unix:path=$WORK/p11.sock"; export P11_KIT_SERVER_ADDRESS
sg remote "$LIB/pkcs11/p11-kit-client.so"
unset P11_KIT_SERVER_ADDRESS
# and with the "remote:" line of a .module file, as a program run on demand
p11kit_conf "remote: |p11-kit remote $P11_MODULE"
sg remoteline "$LIB/p11-kit-proxy.so"
ok "list-modules, p11-kit-proxy, p11-kit server/client, remote: line; signatures verified by openssl"
