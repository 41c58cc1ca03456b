#!/bin/sh
# Whatever the module signs, OpenSSL verifies; whatever OpenSSL encrypts, the module decrypts; both
# agree on the same secret.
WAYS=direct
. "$(dirname "$0")/story.sh"

p11() { pkcs11-tool --module "$P11_MODULE" --login --pin "$P11_PIN" "$@"; }
sign() { # MECHANISM ID IN [OPTION...]: the signature in sig
	mech=$1 id=$2 in=$3; shift 3
	rm -f sig
	p11 --sign -m "$mech" --id "$id" -i "$in" -o sig "$@" >log 2>&1 || { cat log; fail "$mech does not sign"; }
}
check() { # WHAT COMMAND...
	what=$1; shift
	"$@" >log 2>&1 || { cat log; fail "OpenSSL does not agree: $what"; }
	echo "$what"
}
head -c 5000 /dev/urandom >text

# --- RSA, PKCS#1 v1.5 and PSS, with the hash made by us ------------------------------------------
for n in 1 224 256 384 512; do
	sign "SHA$n-RSA-PKCS" "$P11_RSA_ID" text
	check "SHA$n-RSA-PKCS" openssl dgst "-sha$n" -verify rsa.pub -signature sig text
	sign "SHA$n-RSA-PKCS-PSS" "$P11_RSA_ID" text
	check "SHA$n-RSA-PKCS-PSS" openssl dgst "-sha$n" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest \
		-verify rsa.pub -signature sig text
done

# --- and with one that comes from outside --------------------------------------------------------
for n in 1 256 384 512; do
	openssl dgst "-sha$n" -binary text >hash
	size=$(stat -c %s hash)
	case $n in 1) ckm=SHA-1 ;; *) ckm=SHA$n ;; esac
	sign RSA-PKCS-PSS "$P11_RSA_ID" hash --hash-algorithm "$ckm" --mgf "MGF1-SHA$n" --salt-len 20
	check "RSA-PKCS-PSS, SHA$n, salt 20" openssl pkeyutl -verify -pubin -inkey rsa.pub -in hash -sigfile sig \
		-pkeyopt rsa_padding_mode:pss -pkeyopt "digest:sha$n" -pkeyopt rsa_pss_saltlen:20
	sign ECDSA "$P11_EC_ID" hash -f openssl
	check "ECDSA of $size bytes" openssl pkeyutl -verify -pubin -inkey ec.pub -in hash -sigfile sig
	sign "ECDSA-SHA$n" "$P11_EC_ID" text -f openssl
	check "ECDSA-SHA$n" openssl dgst "-sha$n" -verify ec.pub -signature sig text
done
echo "raw words" >words
sign RSA-PKCS "$P11_RSA_ID" words
check RSA-PKCS sh -c 'openssl pkeyutl -verifyrecover -pubin -inkey rsa.pub -in sig | cmp - words'
head -c 256 /dev/urandom | sed 's/^/\x00/' | head -c 256 >block
sign RSA-X-509 "$P11_RSA_ID" block
check RSA-X-509 sh -c 'openssl pkeyutl -encrypt -pubin -inkey rsa.pub -pkeyopt rsa_padding_mode:none -in sig | cmp - block'

# --- decryption ----------------------------------------------------------------------------------
decrypt() { # WHAT MECHANISM [OPTION...]
	what=$1 mech=$2; shift 2
	rm -f out
	p11 --decrypt -m "$mech" --id "$P11_RSA_ID" -i cipher -o out "$@" >log 2>&1 || { cat log; fail "$what does not decrypt"; }
	cmp out words || fail "$what: not the message"
	echo "$what"
}
openssl pkeyutl -encrypt -pubin -inkey rsa.pub -in words -out cipher
decrypt "RSA-PKCS decryption" RSA-PKCS
for n in 1 256 512; do
	case $n in 1) ckm=SHA-1 ;; *) ckm=SHA$n ;; esac
	openssl pkeyutl -encrypt -pubin -inkey rsa.pub -in words -out cipher -pkeyopt rsa_padding_mode:oaep \
		-pkeyopt "rsa_oaep_md:sha$n" -pkeyopt "rsa_mgf1_md:sha$n"
	decrypt "OAEP, SHA$n" RSA-PKCS-OAEP --hash-algorithm "$ckm" --mgf "MGF1-SHA$n"
done

# --- agreement -----------------------------------------------------------------------------------
openssl ecparam -name prime256v1 -genkey -noout -out other.key
openssl ec -in other.key -pubout -outform DER -out other.der 2>/dev/null
openssl ec -in other.key -pubout -out other.pub 2>/dev/null
p11 --derive -m ECDH1-DERIVE --id "$P11_EC_ID" -i other.der -o secret >log 2>&1 || { cat log; fail "no ECDH"; }
openssl pkeyutl -derive -inkey other.key -peerkey ec.pub -out same
check "ECDH" cmp secret same

# --- a changed signature, a changed ciphertext ---------------------------------------------------
sign SHA256-RSA-PKCS "$P11_RSA_ID" text
printf x >>text
openssl dgst -sha256 -verify rsa.pub -signature sig text >/dev/null 2>&1 && fail "OpenSSL verifies anything"
head -c 256 /dev/zero >cipher
if p11 --decrypt -m RSA-PKCS-OAEP --hash-algorithm SHA256 --mgf MGF1-SHA256 --id "$P11_RSA_ID" -i cipher -o out \
	>log 2>&1; then fail "zeros decrypt"; fi
echo "and what is wrong is refused"
