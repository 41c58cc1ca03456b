#!/bin/sh
# certutil lists the keys, openssl signs through the engine, p11tool lists everything.
. "$(dirname "$0")/story.sh"

mkdir nss
certutil -N -d sql:nss --empty-password
modutil -dbdir sql:nss -add bsre -libfile "$P11_MODULE" -force >/dev/null
printf '%s:%s\n' "$P11_TOKEN" "$P11_PIN" >pinfile
timeout 60 certutil -K -d sql:nss -h "$P11_TOKEN" -f pinfile >keys
cat keys
[ "$(grep -c '^< *[0-9]*> ' keys)" = 3 ] || fail "certutil -K does not list three keys"

engine=$(openssl version -e | sed 's/.*"\(.*\)"/\1/')/pkcs11.so
[ -f "$engine" ] || fail "no $engine (libengine-pkcs11-openssl)"
cat >openssl.cnf <<-X
	openssl_conf = init
	[init]
	engines = engines
	[engines]
	pkcs11 = pkcs11
	[pkcs11]
	engine_id = pkcs11
	dynamic_path = $engine
	MODULE_PATH = $P11_MODULE
	init = 0
X
token_uri="pkcs11:token=$(printf %s "$P11_TOKEN" | sed 's/ /%20/g')"
OPENSSL_CONF=$WORK/openssl.cnf timeout 60 openssl dgst -engine pkcs11 -keyform engine -sha256 -out engine.sig \
	-sign "$token_uri;id=%$P11_RSA_ID;type=private;pin-value=$P11_PIN" message
verify_rsa message engine.sig rsa.pub

GNUTLS_PIN=$P11_PIN timeout 60 p11tool --provider="$P11_MODULE" --list-all --login "$token_uri" >all
cat all
[ "$(grep -c 'type=private' all)" = 3 ] || fail "p11tool does not list three private keys"
[ "$(grep -c 'type=cert' all)" = 3 ] || fail "p11tool does not list three certificates"
