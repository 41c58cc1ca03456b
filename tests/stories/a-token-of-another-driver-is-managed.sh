#!/bin/sh
# Every command that a PIV token takes a token behind a module takes too, where its module can: here SoftHSM's, from the blank slot to a
# signature under a certificate, the PIN changed, forgotten and given anew, the key destroyed.
WAYS=softhsm
DESK=--blank
# shellcheck source=tests/stories/story.sh
. "$(dirname "$0")/story.sh"

pin=$DESK_DIR/pin puk=$DESK_DIR/puk
bsre-token list
bsre-token init --label "Behind a module" --pin-file "$pin" --puk-file "$puk" --yes
# SoftHSM gives it a slot of another number, and shows a blank one besides
until_so sh -c 'bsre-token list | grep "Behind a module" | grep -v softhsm:0x0'
token="Behind a module"
cli() { bsre-token --token "$token" "$@"; }
cli pin verify --pin-file "$pin"
umask 077
echo 111111 >wrong
refused 2 . cli pin verify --pin-file wrong

cat >dn <<'X'
CN = Test User managed
O = Test
C = ID
X
for key in 9a:rsa2048:01 9c:p256:02; do
	IFS=: read -r slot alg id <<-X
		$key
	X
	cli key generate --slot "$slot" --alg "$alg" --label "$alg-key" --id "$id" --pin-file "$pin" --yes
	cli request --key "$slot" --dn dn --pin-file "$pin" -o "$alg.csr" --yes
	openssl req -in "$alg.csr" -noout -verify
	[ -e ca ] || sh "$TOP_SRCDIR/tests/tools/ca.sh" "$WORK/ca" >ca.log 2>&1
	openssl x509 -req -in "$alg.csr" -CA ca/ca.pem -CAkey ca/ca.key -CAcreateserial -days 730 -sha256 -extfile ca/user.ext -out "$alg.pem"
	cli cert import "$alg.pem" --pin-file "$pin" --yes
	cli key test --key "$slot" --pin-file "$pin"
	cli sign message --key "$slot" --pin-file "$pin" -o "$alg.p7s" --yes
	openssl cms -verify -binary -inform DER -in "$alg.p7s" -content message -CAfile ca/ca.pem -purpose any -out checked
	cmp checked message
done
cli key list | tee keys
grep -q "rsa2048" keys && grep -q "p256" keys || fail "not both keys are listed"
cli cert export 9a -o exported.pem
cmp exported.pem rsa2048.pem

# the PIN
echo 739164 >new
cli pin change --pin-file "$pin" --new-pin-file new
refused 2 . cli pin verify --pin-file "$pin"
cli pin verify --pin-file new
cli pin unblock --puk-file "$puk" --new-pin-file "$pin"
cli pin verify --pin-file "$pin"
echo 57291846 >newpuk
cli pin set-puk --puk-file "$puk" --new-puk-file newpuk
refused 2 . cli pin unblock --puk-file "$puk" --new-pin-file "$pin"
cli pin unblock --puk-file newpuk --new-pin-file "$pin"

cli key destroy --key 9a --reason test --pin-file "$pin" --yes
cli key list | tee keys
if grep -q rsa2048 keys; then fail "a destroyed key is listed"; fi
cli sign message --key 9c --pin-file "$pin" -o again.p7s --yes

# erased: everything goes, and only the SO PIN allows it
refused 2 . cli init --label Again --pin-file "$pin" --puk-file "$puk" --yes
cli init --label Again --pin-file "$pin" --puk-file newpuk --yes
token=Again
until_so sh -c 'bsre-token list | grep Again'
cli key list | tee keys
if grep -q p256 keys; then fail "a key is left after the token was erased"; fi
