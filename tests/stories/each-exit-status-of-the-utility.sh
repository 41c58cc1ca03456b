#!/bin/sh
# Each exit status of bsre-token, 0 to 7 and 64, by what people really do wrong.
WAYS=direct
. "$(dirname "$0")/story.sh"
pin=$DESK_DIR/pin

expect 0 bsre-token list
[ "$(bsre-token --version)" = "$(bsre-token version)" ]
bsre-token list --version --json | grep -q '"protocol"'

# 1: files, refusals, certificates that are no good
refused 1 'cannot be read' bsre-token request --key 9a --dn nowhere --pin-file "$pin"
echo 'CN = x' >dn
refused 1 'No space left' bsre-token request --key 9a --dn dn --pin-file "$pin" -o /dev/full
expect 1 sh -c 'bsre-token list >/dev/full'
expect 1 sh -c 'bsre-token list >&-'
expect 1 sh -c 'bsre-token --version >&-'
printf 'CN = Budi \342\200\256gpj.tarus\n' >bidi.dn
refused 1 'control character (U+202E)' bsre-token request --key 9a --dn bidi.dn --pin-file nowhere
refused 1 'cannot be written' bsre-token request --key 9a --dn dn --pin-file "$pin" -o nowhere/request.pem
[ -z "$(find . -name 'request*')" ] || fail "half a request was left behind"
refused 1 'no terminal' setsid bsre-token key destroy --key 9a --reason test --pin-file "$pin"
head -c 900 "$TEST_CA_DIR/rsa.pem" >cut.pem
refused 1 'cut short' bsre-token cert import cut.pem --pin-file "$pin"
openssl genrsa -out other.key 2048 2>/dev/null
openssl req -x509 -key other.key -subj /CN=other -days 10 -out other.pem
openssl pkcs12 -export -inkey other.key -in other.pem -passout pass:x -out other.p12
refused 1 'PKCS#12' bsre-token cert import other.p12 --pin-file "$pin"

# a name of which no certificate would fit on a token, with --force or without
printf 'CN = %065000d\n' 1 >long.dn
refused 1 'long.dn, line 1: .* at most 64' bsre-token request --key 9a --dn long.dn --pin-file nowhere
refused 1 'long.dn, line 1: .*3052 bytes: no token' bsre-token request --key 9a --dn long.dn --force --pin-file nowhere

# a signature is its signer's: another certificate of the same key beside it is not
openssl pkey -in other.key -pubout -out other.pub
mint() { # NAME DAYS SERIAL PUBLIC-KEY FILE: a certificate of the test CA
	openssl x509 -new -force_pubkey "$4" -subj "/CN=$1" -CA "$TEST_CA_DIR/ca.pem" -CAkey "$TEST_CA_DIR/ca.key" \
		-days "$2" -set_serial "$3" -out "$5"
}
mint Budi 9 77 other.pub budi.pem
mint Tono 9 77 other.pub tono.pem
printf 'surat\n' >letter
cades() { openssl cms -sign -cades -binary -in letter -signer budi.pem -inkey other.key -outform DER "$@"; }
cades -out budi.p7s
cades -nocerts -out bare.p7s
cades -signer "$TEST_CA_DIR/server.pem" -inkey "$TEST_CA_DIR/server.key" -out two.p7s
python3 - "$(openssl x509 -in budi.pem -outform DER | xxd -p | tr -d '\n')" \
	"$(openssl x509 -in tono.pem -outform DER | xxd -p | tr -d '\n')" <<'X'
import sys
budi, tono = (bytes.fromhex(a) for a in sys.argv[1:])
text = open("budi.p7s", "rb").read()
assert budi in text and len(budi) == len(tono)
open("tono.p7s", "wb").write(text.replace(budi, tono))
X
judged() { bsre-token verify "$@" --chain "$TEST_CA_DIR/ca.pem"; }
judged letter budi.p7s
refused 1 'another certificate' judged letter tono.p7s
! grep Signer err || fail "it names a signer all the same"
refused 1 "bring its signer's" judged letter bare.p7s
refused 1 'is a folder' judged . budi.p7s
judged letter two.p7s
refused 1 'no root certificate' bsre-token verify letter two.p7s --chain budi.pem
[ "$(grep -c Signer: err)" = 2 ] || fail "it does not name both signers"

# of several certificates for one key the one that ends last counts; one without a key usage is good
mint Budi 0 78 rsa.pub old.pem
mint Budi 9 79 rsa.pub soon.pem
mint Budi 99 80 rsa.pub late.pem
cat old.pem soon.pem late.pem >all.pem
sleep 1
bsre-token cert import all.pem --pin-file "$pin" --yes 2>err
bsre-token cert export 9a | cmp - late.pem
! grep 'of a CA\|of CAs' err || fail "older certificates of the same key are offered as a CA's"
cat late.pem "$TEST_CA_DIR/ca.pem" late.pem >both.pem
bsre-token cert import both.pem --pin-file "$pin" --yes
bsre-token cert import old.pem --force --pin-file "$pin" --yes
bsre-token cert import both.pem --pin-file "$pin" --yes 2>err
cat err
grep -q 'which ended less than a day ago; it will be' err || fail "it does not say when the old one ended"
grep -q 'holds 1 certificate of a CA' err || fail "the CA's certificate is not counted alone"
refused 1 'certificate of .Budi. is deleted with it' setsid bsre-token key generate -s 9a --pin-file nowhere
refused 1 'key stays' setsid bsre-token cert delete 9a --pin-file nowhere
bsre-token cert check 9a --chain "$TEST_CA_DIR/ca.pem"
bsre-token cert import "$TEST_CA_DIR/rsa.pem" --pin-file "$pin" --yes

# 2: PINs
printf '11112\n' >short
refused 2 'too short' bsre-token pin change --pin-file "$pin" --new-pin-file short
printf '123456\n' >easy
refused 2 'easy to guess' bsre-token pin change --pin-file "$pin" --new-pin-file easy
printf '%s\nmore\n' "$P11_PIN" >two
refused 2 'more than one line' bsre-token pin verify --pin-file two
: >empty
refused 2 'is empty' bsre-token pin verify --pin-file empty
refused 2 'no terminal' setsid bsre-token pin verify </dev/null
refused 2 'is empty' bsre-token pin verify --pin-file - <&-
cp "$pin" open && chmod 644 open
bsre-token pin verify --pin-file open 2>&1 | grep 'read by others'
printf '%s' "$P11_PIN" | bsre-token pin verify --pin-file -
bsre-token pin verify --pin-file fd:9 9<"$pin"

printf '82736451\n' >puk
printf '82736452\n' >puk2
refused 2 'the PUK is not correct' bsre-token pin set-puk --puk-file puk --new-puk-file puk2
refused 2 'PIN or PUK was wrong a moment ago' bsre-token pin set-puk --puk-file puk --new-puk-file puk2
got=0
script -qec 'bsre-token pin verify --pin-file - 2>said' /dev/null </dev/null || got=$?
[ "$got" = 2 ] && grep -q 'is a terminal' said || fail "a secret is taken from a terminal that shows it"

# 3: no such token
refused 3 "there is no token 'nobody'" bsre-token --token nobody key list
refused 3 'not running' env BSRE_TOKEND_SOCKET="$PWD/nothing" bsre-token list

# 4: no such key, and a certificate of somebody else
refused 4 "no key '9e'" bsre-token key test --key 9e --pin-file "$pin"
refused 4 'no key on the token belongs' bsre-token cert import other.pem --pin-file "$pin"

# 5: more than the token holds
bsre-token request --key 9a --dn dn --pin-file "$pin" -o big.csr
printf '1.2.3.4=DER:04820F00%s\n' "$(head -c 3840 /dev/urandom | xxd -p | tr -d '\n')" >big.ext
openssl x509 -req -in big.csr -CA "$TEST_CA_DIR/ca.pem" -CAkey "$TEST_CA_DIR/ca.key" -CAcreateserial -days 9 \
	-extfile big.ext -out big.pem
refused 5 'has [0-9]* bytes, too many for this token: .* at most 3052' bsre-token cert import big.pem --pin-file "$pin" --yes
refused 5 'too many for this token' setsid bsre-token cert import big.pem --pin-file nowhere
! grep 'be replaced' err || fail "it speaks of replacing what it cannot replace"
bsre-token cert export 9a | cmp - "$TEST_CA_DIR/rsa.pem"	# the old one is still there

# 6: what this key cannot do
refused 6 'RSA keys' bsre-token request --key 9d --dn dn --pss --pin-file "$pin"

# 7: a token that answers nonsense
sleep 1		# the card is closed: SELECT, how many tries are left, VERIFY
token sw-at 3 6F00
refused 7 '6F00' bsre-token pin verify --pin-file "$pin"
token faults clear
bsre-token pin verify --pin-file "$pin"

# 64: the command line
refused 64 'no command' bsre-token
refused 64 "no command 'lst'" bsre-token lst
for noun in pin key cert; do
	refused 64 "'$noun' alone is no command; there are:" bsre-token $noun
	bsre-token help $noun | sed 's/^  \([a-z]* [a-z-]*\) .*/\1/' >verbs
	while read -r words; do grep -q "^  bsre-token $words  " err || fail "$noun: no line for $words"; done <verbs
	[ "$(wc -l <verbs)" = "$(grep -c "^  bsre-token $noun " err)" ] || fail "$noun: not the lines that help has"
done
refused 64 "no command 'key shake'; there are:" bsre-token key shake
refused 64 "no option '--nothing'" bsre-token list --nothing
refused 64 'more than blanks' bsre-token init --label '  ' --yes
for both in "pin change --pin-file - --new-pin-file -" "pin change --pin-file fd:0 --new-pin-file -" \
	"sign -k 9a - -o signed --pin-file -" "request -k 9a --dn - --pin-file -" "verify - -"; do
	refused 64 'only one can be read' sh -c "bsre-token $both </dev/null"
done
refused 64 'needs a value' bsre-token list --token
refused 64 'token is given twice' bsre-token list --token a --token=b
refused 64 'quiet is given twice' bsre-token list -q --quiet
refused 64 'needs an operand' bsre-token cert import
refused 64 'it takes rsa2048' bsre-token key generate --slot 9a --alg rsa512
refused 64 'slot is needed' bsre-token key generate
refused 64 'name one with --key' bsre-token key test --pin-file "$pin"
cp letter letter.copy
ln letter link
refused 64 'is the input' bsre-token sign -k 9a letter -o ./letter --pin-file nowhere
refused 64 'is the input' sh -c 'bsre-token sign -k 9a - -o link --pin-file nowhere <letter'
refused 64 'is the input' bsre-token request -k 9a --dn dn -o ./dn --pin-file nowhere
refused 64 'is the input' bsre-token sign -k 9a letter -o "$pin" --pin-file "$pin"
cmp letter letter.copy
refused 64 'has a key already' bsre-token key generate -s 82 --id "$(bsre-token key list --json |
	sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' | head -n 1)" --pin-file nowhere --yes
req() { bsre-token request -k 9a --dn dn --pin-file "$pin" "$@"; }
refused 64 'san cannot be' req --san "$(printf 'DNS:caf\303\251.example')"
refused 64 'san cannot be' req --san 'DNS:a b'
refused 64 'key-usage cannot be' req --key-usage DER:03020780
refused 64 'extended-key-usage cannot be' req --extended-key-usage ASN1:NULL
