#!/bin/sh
# verify refuses what can be forged today, MD5, SHA-1 and RSA below 2048 bits, in the signature and in the certificate
# of its signer; a signing time that is yet to come; and a signature file that holds more than the signature.
WAYS=direct
. "$(dirname "$0")/story.sh"
printf 'surat\n' >letter
mint() { # NAME BITS OPTION...: a key, and a certificate of the test CA for it
	name=$1 bits=$2; shift 2
	openssl genrsa -out "$name.key" "$bits" 2>/dev/null
	openssl pkey -in "$name.key" -pubout -out "$name.pub"
	openssl x509 -new -force_pubkey "$name.pub" -subj "/CN=$name" -CA "$TEST_CA_DIR/ca.pem" \
		-CAkey "$TEST_CA_DIR/ca.key" -days 9 -set_serial 78 -out "$name.pem" "$@"
}
mint Budi 2048
mint Kecil 1024
mint Lama 2048 -sha1
made() { # NAME OUT OPTION...
	name=$1 out=$2; shift 2
	openssl cms -sign -binary -in letter -signer "$name.pem" -inkey "$name.key" -outform DER -out "$out" "$@"
}
judged() { bsre-token verify letter "$@" --chain "$TEST_CA_DIR/ca.pem"; }

made Budi good.p7s
judged good.p7s
made Budi 384.p7s -md sha384 -keyopt rsa_padding_mode:pss
judged 384.p7s
made Budi sha1.p7s -md sha1
refused 1 'made with SHA1, which can be forged' judged sha1.p7s
made Budi bare.p7s -md sha1 -noattr
refused 1 'made with SHA1, which can be forged' judged bare.p7s
made Budi md5.p7s -md md5
refused 1 'made with MD5, which can be forged' judged md5.p7s
made Budi pss.p7s -md sha1 -keyopt rsa_padding_mode:pss
refused 1 'made with SHA1, which can be forged' judged pss.p7s
made Kecil small.p7s
refused 1 'a key of RSA of 1024 bits' judged small.p7s
made Lama lama.p7s
refused 1 "certificate of 'Lama' does not hold: .*weak" judged lama.p7s
bsre-token verify letter --json sha1.p7s --chain "$TEST_CA_DIR/ca.pem" 2>/dev/null | grep '"valid": false'

# the time in the signed attributes moved, and signed again: they are one SET, [0] in its place
moved() { # SECONDS OUT
	/usr/bin/python3 - "$1" "$2" <<'E'
import re, subprocess, sys, time
text = bytearray(open("good.p7s", "rb").read())
first = text.rindex(bytes.fromhex("301806092a864886f70d010903"))	# contentType sorts first
start = first - (3 if text[first - 3] == 0xA0 else 4)
long = text[start + 1] == 0x82
length = int.from_bytes(text[start + 2:first], "big")
assert text[start] == 0xA0 and (long or text[start + 1] == 0x81)
attributes = bytes([0x31]) + text[start + 1:first + length]
when = time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + int(sys.argv[1]))).encode()
old = re.search(rb"\x17\x0d(\d{12}Z)", attributes)
attributes = attributes[:old.start(1)] + when + attributes[old.end(1):]
made = subprocess.run(["openssl", "dgst", "-sha256", "-sign", "Budi.key"], input=attributes, stdout=subprocess.PIPE,
	check=True).stdout
text[start:first + length] = b"\xa0" + attributes[1:]
text[-len(made):] = made
open(sys.argv[2], "wb").write(text)
E
}
moved 60 near.p7s
judged near.p7s
moved 7200 ahead.p7s
refused 1 'signing time is in the future' judged ahead.p7s

printf x | cat good.p7s - >more.p7s
refused 1 'holds something behind its signature' judged more.p7s
cat good.p7s sha1.p7s >two.p7s
refused 1 'holds something behind its signature' judged two.p7s
