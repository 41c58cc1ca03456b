#!/bin/sh
# Yubico's own tool takes the virtual token for a YubiKey; OpenSSL verifies what it made.
# shellcheck disable=SC2018,SC2019,SC2317  # functions are run by op
NEEDS="yubico-piv-tool openssl"
DESK_OPTIONS='--reader "Yubico YubiKey CCID"'
# shellcheck source=tests/tools/judge.sh
. "$(dirname "$0")/../tools/judge.sh"
judge yubico-piv-tool
piv() { limited yubico-piv-tool -r Yubico "$@"; }
says() { pattern=$1; shift; piv "$@" 2>&1 | tee said | grep -q -e "$pattern"; }
sign() { # SLOT ALG HASH KEYFILE
	piv -a verify-pin -P 123456 --sign -s "$1" -A "$2" -H "$3" -i message -o sig &&
		openssl dgst -"$(echo "$3" | tr 'A-Z' 'a-z')" -verify "$4" -signature sig message
}
generate() { # SLOT ALG: key, certificate, attestation
	piv -a generate -s "$1" -A "$2" -o "pub$1.pem" && certificate "pub$1.pem" "cert$1.pem" &&
		piv -a import-certificate -s "$1" -i "cert$1.pem" &&
		piv -a read-certificate -s "$1" -o back.pem && cmp back.pem "cert$1.pem"
}
attest() {
	piv -a read-certificate -s f9 -o f9.pem && piv -a attest -s "$1" -o att.pem &&
		openssl verify -CAfile f9.pem att.pem && openssl x509 -in att.pem -pubkey -noout >att.pub &&
		cmp att.pub "pub$1.pem"
}
same_cert_test() { # test-signature: the tool signs and verifies with the certificate itself
	piv -a verify-pin -P 123456 -a test-signature -s "$1" -i "cert$1.pem"
}
import() { # SLOT ALG-OF-OPENSSL
	openssl genpkey "$@" -out imported.pem 2>/dev/null && openssl pkey -in imported.pem -pubout -out imported.pub &&
		certificate imported.pub imported.crt
}

op "version" says '5\.7\.' -a version
op "status" piv -a status
op "list readers" piv -a list-readers
op "set CHUID and CCC" piv -a set-chuid -a set-ccc
for alg in RSA2048 ECCP256 ECCP384; do
	op "generate $alg in 9a, certificate in and out" generate 9a $alg
	op "attest $alg, chain and key verified by OpenSSL" attest 9a
	for hash in SHA1 SHA256 SHA384 SHA512; do
		case $alg-$hash in
		ECCP256-SHA384 | ECCP256-SHA512 | ECCP384-SHA512)
			cannot "sign with $alg and $hash" "refuses a hash longer than the key by itself" \
				sign 9a $alg $hash pub9a.pem ;;
		*) op "sign with $alg and $hash, verified by OpenSSL" sign 9a $alg $hash pub9a.pem ;;
		esac
	done
	op "test-signature with $alg" same_cert_test 9a
done
op "generate RSA2048 in 9c" generate 9c RSA2048
op "sign with 9c, PIN each time" sign 9c RSA2048 SHA256 pub9c.pem
op "generate in a retired slot 82" generate 82 ECCP256
op "generate with PIN policy never, touch always" piv -a generate -s 95 -A ECCP256 --pin-policy=never --touch-policy=always -o pub95.pem
for alg in RSA2048 ECCP256 ECCP384; do
	case $alg in
	RSA2048) import -algorithm RSA -pkeyopt rsa_keygen_bits:2048 ;;
	ECCP256) import -algorithm EC -pkeyopt ec_paramgen_curve:P-256 ;;
	ECCP384) import -algorithm EC -pkeyopt ec_paramgen_curve:P-384 ;;
	esac
	cp imported.crt cert9d.pem
	op "import key $alg" piv -a import-key -s 9d -i imported.pem
	op "import its certificate" piv -a import-certificate -s 9d -i imported.crt
	op "sign with imported $alg" sign 9d $alg SHA256 imported.pub
	op "test-decipher with imported $alg" piv -a verify-pin -P 123456 -a test-decipher -s 9d -i imported.crt
	denied "attest an imported $alg" piv -a attest -s 9d
done
op "delete certificate" piv -a delete-certificate -s 9d
printf 'some bytes' >object
op "write object" piv -a write-object --id 0x5f0001 -f binary -i object
op "read object" sh -c 'yubico-piv-tool -r Yubico -a read-object --id 0x5f0001 -f binary -o back && cmp back object'
why="fails before it has sent anything, with OpenSSL 3"
cannot "selfsign-certificate" "$why" piv -a verify-pin -P 123456 -a selfsign-certificate -s 9a -S /CN=t/ -i pub9a.pem -o self.pem
cannot "request-certificate" "$why" piv -a verify-pin -P 123456 -a request-certificate -s 9a -S /CN=t/ -i pub9a.pem -o csr.pem
denied "wrong PIN" piv -a verify-pin -P 999999
op "tries left are said" says 'PIN tries left:.2' -a status
op "right PIN" piv -a verify-pin -P 123456
op "change PIN" piv -a change-pin -P 123456 -N 654321
op "change PUK" piv -a change-puk -P 12345678 -N 87654321
op "unblock PIN with PUK" piv -a unblock-pin -P 87654321 -N 123456
op "set tries" piv -a verify-pin -P 123456 -a pin-retries --pin-retries 5 --puk-retries 4
op "set management key" piv -a set-mgm-key -n 0102030405060708010203040506070811020304050607A8
denied "the old one" piv -a set-chuid
op "and back" piv -k0102030405060708010203040506070811020304050607A8 -a set-mgm-key -n $MGM
denied "reset while PIN and PUK are not blocked" piv -a reset
for n in 1 2 3 4 5; do piv -a verify-pin -P 999999; piv -a unblock-pin -P 99999999 -N 123456; done >/dev/null 2>&1
op "reset" piv -a reset
op "the factory's PIN again" piv -a verify-pin -P 123456
verdict
