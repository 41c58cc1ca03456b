#!/bin/sh
# OpenSC uses the plain model, which is a card as NIST describes it, over T=0 and T=1.
# shellcheck disable=SC2018,SC2019,SC2317  # functions are run by op
NEEDS="opensc-tool piv-tool pkcs15-tool pkcs11-tool yubico-piv-tool openssl"
DESK_OPTIONS='--reader "Virtual PCD"'
# shellcheck source=tests/tools/judge.sh
. "$(dirname "$0")/../tools/judge.sh"
says() { pattern=$1; shift; "$@" 2>&1 | tee said | grep -q -e "$pattern"; }
# what a plain card has no tool for here, done by the other model: keys, certificates, CHUID
for slot in 9a:RSA2048 9c:ECCP256 9d:ECCP256; do
	s=${slot%:*}
	yubico-piv-tool -r Virtual -a generate -s "$s" -A "${slot#*:}" -o "pub$s.pem" >/dev/null 2>&1
	certificate "pub$s.pem" "cert$s.pem"
	yubico-piv-tool -r Virtual -a import-certificate -s "$s" -i "cert$s.pem" >/dev/null 2>&1
done
yubico-piv-tool -r Virtual -a set-chuid -a set-ccc >/dev/null 2>&1
printf '01:02:03:04:05:06:07:08:01:02:03:04:05:06:07:08:01:02:03:04:05:06:07:08\n' >mgm
PIV_EXT_AUTH_KEY=$WORK/mgm
export PIV_EXT_AUTH_KEY
p11() { limited pkcs11-tool "$@"; }
log_in() { p11 --login --pin 123456 "$@"; }
openssl pkeyutl -encrypt -pubin -inkey pub9a.pem -in message -out cipher
token model plain
for atr in t0 3B88014253524550495631F1; do
	judge "OpenSC on the plain model, $([ $atr = t0 ] && echo T=0 || echo T=1)"
	token unplug
	token atr $atr
	sleep 1
	token plug
	sleep 1
	op "name of the card" says 'Personal Identity Verification' opensc-tool -n
	denied "Yubico's tool finds no YubiKey" yubico-piv-tool -r Virtual -a attest -s 9a
	op "proves the management key" piv-tool -A M:9B:03
	op "dump" pkcs15-tool -D
	for id in 01 02 03; do
		op "read certificate $id" sh -c "pkcs15-tool --read-certificate $id -o c.pem && openssl x509 -in c.pem -noout"
	done
	op "test the PIN" pkcs15-tool --auth-id 01 --verify-pin --pin 123456
	denied "a wrong PIN" pkcs15-tool --auth-id 01 --verify-pin --pin 999999
	op "change the PIN" pkcs15-tool --auth-id 01 --change-pin --pin 123456 --new-pin 654321
	op "unblock it with the PUK" pkcs15-tool --auth-id 01 --unblock-pin --puk 12345678 --new-pin 123456
	op "list objects" p11 -O
	op "SHA256-RSA-PKCS, 9A" log_in --sign --id 01 -m SHA256-RSA-PKCS -i message -o sig
	op "verified" openssl dgst -sha256 -verify pub9a.pem -signature sig message
	op "ECDSA P-256, 9C, PIN each time" log_in --sign --id 02 -m ECDSA --signature-format openssl -i message -o sig
	op "verified" openssl pkeyutl -verify -pubin -inkey pub9c.pem -in message -sigfile sig
	op "decrypt with 9A" log_in --decrypt --id 01 -m RSA-PKCS -i cipher -o plain
	op "the same as before" cmp plain message
done
verdict
