#!/bin/sh
# Java's SunPKCS11: keytool, jarsigner, signatures of each kind, four threads, TLS 1.3 and 1.2.
. "$(dirname "$0")/lib.sh"
need java keytool jarsigner jar
setup
SLOT=$(python3 "$HERE/slot-of.py" "$P11_MODULE" "$P11_TOKEN") || fail "no slot with that token"
printf 'name = P11Test\nlibrary = %s\nslot = %s\n' "$P11_MODULE" "$SLOT" >"$WORK/p11.cfg"
KT="-keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11 -providerArg $WORK/p11.cfg"
step keytool keytool -list $KT -storepass "$P11_PIN"
grep -q "$P11_RSA_LABEL, PrivateKeyEntry" "$WORK/keytool.log" || { cat "$WORK/keytool.log"; fail "keytool lists no PrivateKeyEntry $P11_RSA_LABEL"; }
# jarsigner, checked by openssl: the .SF file is what the PKCS#7 covers
cp "$WORK/msg" "$WORK/hello.txt"
step jar jar --create --file "$WORK/t.jar" -C "$WORK" hello.txt
step jarsigner jarsigner $KT -storepass "$P11_PIN" -sigalg SHA256withRSA -digestalg SHA-256 -sigfile TEST "$WORK/t.jar" "$P11_RSA_LABEL"
mkdir "$WORK/x"; (cd "$WORK/x" && jar --extract --file "$WORK/t.jar")
openssl cms -verify -inform DER -in "$WORK/x/META-INF/TEST.RSA" -content "$WORK/x/META-INF/TEST.SF" -binary -CAfile "$CA" -purpose any \
	-signer "$WORK/js.pem" -out /dev/null >"$WORK/v.log" 2>&1 || { cat "$WORK/v.log"; fail "openssl does not verify the signed jar"; }
[ "$(fpr "$WORK/js.pem")" = "$RSA_FPR" ] || fail "jar signed by another certificate"
# the key that asks each time: SunPKCS11 cannot, so the service does, whatever PIN is given
if [ "${CLIENTS_MODE:-}" = on-use ]; then
	step signer jarsigner $KT -storepass 000000 -sigalg SHA256withRSA -digestalg SHA-256 -sigfile SIGN "$WORK/t.jar" "$P11_SIGN_LABEL"
	(cd "$WORK/x" && jar --extract --file "$WORK/t.jar")
	openssl cms -verify -inform DER -in "$WORK/x/META-INF/SIGN.RSA" -content "$WORK/x/META-INF/SIGN.SF" -binary -CAfile "$CA" \
		-purpose any -signer "$WORK/js.pem" -out /dev/null >"$WORK/v.log" 2>&1 || { cat "$WORK/v.log"; fail "the key that asks each time"; }
	[ "$(fpr "$WORK/js.pem")" = "$SIGN_FPR" ] || fail "jar signed by another certificate than the key's that asks each time"
fi
server_start
step program java "$HERE/P11Client.java" "$WORK/p11.cfg" "$P11_PIN" "$CA" "$PORT" "$WORK" "$P11_RSA_LABEL" "$P11_EC_LABEL"
v() { openssl dgst "$@" "$WORK/msg" >"$WORK/v.log" 2>&1 || fail "openssl does not verify: $*"; }
R=$WORK/$P11_RSA_LABEL
v -sha256 -verify "$WORK/rsa.pub" -signature "$R.SHA256withRSA.sig"
v -sha512 -verify "$WORK/rsa.pub" -signature "$R.SHA512withRSA.sig"
v -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -verify "$WORK/rsa.pub" -signature "$R.RSASSA-PSS.sig"
server_saw "$RSA_FPR" TLSv1.3 && server_saw "$RSA_FPR" TLSv1.2 || { server_dump; fail "no handshake with the RSA key"; }
v -sha256 -verify "$WORK/ec.pub" -signature "$WORK/$P11_EC_LABEL.SHA256withECDSA.sig"
v -sha384 -verify "$WORK/ec.pub" -signature "$WORK/$P11_EC_LABEL.SHA384withECDSA.sig"
server_saw "$EC_FPR" TLSv1.3 && server_saw "$EC_FPR" TLSv1.2 || { server_dump; fail "no handshake with the EC key"; }
ok "keytool, jarsigner, PKCS1/PSS/ECDSA verified by openssl, 4 threads, mTLS 1.3 and 1.2 seen by the server"
