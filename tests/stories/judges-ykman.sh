#!/bin/sh
# Yubico's manager administers the virtual token: keys, AES management key kept under the PIN, reset.
# shellcheck disable=SC2018,SC2019,SC2317  # functions are run by op
NEEDS="ykman openssl"
DESK_OPTIONS='--reader "Yubico YubiKey CCID"'
# shellcheck source=tests/tools/judge.sh
. "$(dirname "$0")/../tools/judge.sh"
judge ykman
SERIAL=$(token serial | cut -d' ' -f2)
piv() { limited ykman --device "$SERIAL" piv "$@"; }
says() { pattern=$1; shift; "$@" 2>&1 | tee said | grep -q -e "$pattern"; }
op "list" says "$SERIAL" ykman list
op "info" says '5\.7\.' ykman --device "$SERIAL" info
op "piv info" says 'default PIN' piv info
for alg in RSA2048 ECCP256 ECCP384; do
	op "generate $alg" piv keys generate -P 123456 -m $MGM -a $alg 9a "pub.pem"
	op "self-signed certificate for it" piv certificates generate -P 123456 -m $MGM -s CN=t 9a pub.pem
	op "export it" piv certificates export 9a c.pem
	op "verified" openssl verify -CAfile c.pem c.pem
	op "request signed by it" piv certificates request -P 123456 -s CN=t 9a pub.pem csr.pem
	op "verified" openssl req -in csr.pem -verify -noout
	op "attest" piv keys attest 9a att.pem
	op "export F9" piv certificates export f9 f9.pem
	op "verified" openssl verify -CAfile f9.pem att.pem
	certificate pub.pem cert.pem
	op "import another certificate, key checked" piv certificates import -P 123456 -m $MGM -v 9a cert.pem
done
for curve in P-256 P-384; do
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:$curve -out in.key 2>/dev/null
	op "import a key, $curve" piv keys import -P 123456 -m $MGM --pin-policy NEVER 82 in.key
done
op "set tries" piv access set-retries -P 123456 -m $MGM -f 5 6
op "AES-256 management key, kept under the PIN" piv access change-management-key -m $MGM -g -p -a AES256 -P 123456 -f
op "which it then uses" piv keys generate -P 123456 -a ECCP256 9d pub.pem
op "change PIN" piv access change-pin -P 123456 -n 654321
op "change PUK" piv access change-puk -p 12345678 -n 87654321
op "unblock PIN" piv access unblock-pin -p 87654321 -n 123456
op "reset" piv reset -f
op "the factory's PIN again" piv access change-pin -P 123456 -n 654321
verdict
