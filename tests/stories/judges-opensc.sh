#!/bin/sh
# OpenSC's tools and its PKCS#11 module use the virtual token; OpenSSL verifies what they made.
# shellcheck disable=SC2018,SC2019,SC2317  # functions are run by op
NEEDS="opensc-tool piv-tool pkcs15-tool pkcs11-tool yubico-piv-tool openssl"
DESK_OPTIONS='--reader "Yubico YubiKey CCID"'
# shellcheck source=tests/tools/judge.sh
. "$(dirname "$0")/../tools/judge.sh"
says() { pattern=$1; shift; "$@" 2>&1 | tee said | grep -q -e "$pattern"; }

judge opensc-tool
op "name of the card" says 'Personal Identity Verification' opensc-tool -n
op "ATR" says '3b:fd:13' opensc-tool -a
op "an APDU" says '90, SW2=0x00' opensc-tool -s 00:FD:00:00:03
op "resets the card" opensc-tool --reset

judge piv-tool
echo "01:02:03:04:05:06:07:08:01:02:03:04:05:06:07:08:01:02:03:04:05:06:07:08" >mgm
PIV_EXT_AUTH_KEY=$WORK/mgm
export PIV_EXT_AUTH_KEY
op "proves the management key" piv-tool -A M:9B:03
cannot "proves it, the other way round" "fails with -1400 (issue 2658 of OpenSC, mended there since by 2659)" piv-tool -A A:9B:03
why="says that it failed although the key was made"
cannot "generate RSA-2048 in 9D" "$why" piv-tool -A M:9B:03 -G 9D:07 -o key.out
op "that key is there" yubico-piv-tool -r Yubico -a attest -s 9d -o att.pem
cannot "generate P-256 in 9E" "$why" piv-tool -A M:9B:03 -G 9E:11 -o key.out
for slot in 9a:RSA2048 9c:ECCP256 9d:ECCP256 9e:ECCP384; do
	s=${slot%:*}
	yubico-piv-tool -r Yubico -a generate -s "$s" -A "${slot#*:}" -o "pub$s.pem" >/dev/null 2>&1 &&
		certificate "pub$s.pem" "cert$s.pem"
done
openssl x509 -in cert9a.pem -outform DER -out cert9a.der
for s in 9A 9C 9D 9E; do
	low=$(echo $s | tr 'A-Z' 'a-z')
	cannot "load a certificate into $s" "does so, and exits with the number of bytes" piv-tool -A M:9B:03 -C $s -i "cert$low.pem"
done
yubico-piv-tool -r Yubico -a set-chuid -a set-ccc >/dev/null 2>&1

judge pkcs15-tool
op "dump" pkcs15-tool -D
op "list certificates" says 'PIV Authentication' pkcs15-tool --list-certificates
op "list keys" says 'PIV AUTH key' pkcs15-tool --list-keys
for id in 01 02 03 04; do
	op "read certificate $id" sh -c "pkcs15-tool --read-certificate $id -o c.pem && openssl x509 -in c.pem -noout"
	op "read public key $id" pkcs15-tool --read-public-key $id -o p.pem
done
op "test the PIN" pkcs15-tool --auth-id 01 --verify-pin --pin 123456
denied "a wrong PIN" pkcs15-tool --auth-id 01 --verify-pin --pin 999999
op "change the PIN" pkcs15-tool --auth-id 01 --change-pin --pin 123456 --new-pin 654321
op "unblock it with the PUK" pkcs15-tool --auth-id 01 --unblock-pin --puk 12345678 --new-pin 123456

judge "pkcs11-tool with OpenSC"
p11() { limited pkcs11-tool "$@"; }
log_in() { p11 --login --pin 123456 "$@"; }
op "list slots" p11 -L
op "list objects" p11 -O
op "list mechanisms" p11 -M
op "log in" log_in -O
denied "a wrong PIN" p11 --login --pin 999999 -O
rsa() { log_in --sign --id "$1" -m "$2" -i message -o sig; }
verify() { openssl dgst -sha256 "$@" message; }
op "RSA-PKCS, 9A" rsa 01 RSA-PKCS
op "verified" openssl pkeyutl -verify -pubin -inkey pub9a.pem -in message -sigfile sig
op "SHA256-RSA-PKCS, 9A" rsa 01 SHA256-RSA-PKCS
op "verified" verify -verify pub9a.pem -signature sig
op "SHA256-RSA-PKCS-PSS, 9A" rsa 01 SHA256-RSA-PKCS-PSS
op "verified" verify -verify pub9a.pem -sigopt rsa_padding_mode:pss -signature sig
ec() { log_in --sign --id "$1" -m ECDSA --signature-format openssl -i message -o sig; }
op "ECDSA P-256, 9C, PIN each time" ec 02
op "verified" openssl pkeyutl -verify -pubin -inkey pub9c.pem -in message -sigfile sig
op "ECDSA P-384, 9E" ec 04
op "verified" openssl pkeyutl -verify -pubin -inkey pub9e.pem -in message -sigfile sig
openssl pkeyutl -encrypt -pubin -inkey pub9a.pem -in message -out cipher
op "decrypt with 9A" log_in --decrypt --id 01 -m RSA-PKCS -i cipher -o plain
op "the same as before" cmp plain message
openssl ecparam -name prime256v1 -genkey -noout -out host.key
openssl pkey -in host.key -pubout -outform DER -out host.der
openssl pkeyutl -derive -inkey host.key -peerkey pub9d.pem -out want
op "ECDH with 9D" log_in --derive --id 03 -m ECDH1-DERIVE -i host.der -o secret
op "the same as OpenSSL's" cmp secret want
op "change the PIN" p11 --login --pin 123456 --change-pin --new-pin 654321
op "and back" p11 --login --pin 654321 --change-pin --new-pin 123456
cannot "generate a key" "not supported by its PIV driver" p11 --login --login-type so --so-pin $MGM --keypairgen --key-type rsa:2048 --id 01
cannot "write a certificate" "not supported by its PIV driver" log_in --write-object cert9a.der --type cert --id 01
op "the module's own tests" log_in --test
verdict
