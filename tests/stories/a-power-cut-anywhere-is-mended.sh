#!/bin/sh
# The power goes at each APDU of init, key generate and cert import in turn; the same command again (init
# with --resume, where it left anything to resume) ends it, and the token is whole. Prints N/N for each command.
WAYS=direct
. "$(dirname "$0")/story.sh"
pin=$DESK_DIR/pin puk=$DESK_DIR/puk
: "${STEP:=1}"		# every so many APDUs

# the token is pulled out and plugged in again: the card is closed, and its contents are read
power() {
	token faults clear >/dev/null
	token unplug >/dev/null || true		# a cut did that already
	until_so sh -c '! bsre-token list --json | grep -q "\"serial\""'
	token plug >/dev/null
	until_so sh -c 'bsre-token status --json | grep -q "\"keys\""'
}

# every COMMAND AGAIN CHECK: how many APDUs COMMAND needs is counted; then it is cut at each of them
every() {
	name=$1 prepare=$2 command=$3 again=$4 check=$5
	$prepare >/dev/null 2>&1
	power
	token count reset
	$command >/dev/null 2>&1 || fail "$name does not work at all"
	apdus=$(token count | tr -dc 0-9)
	tried=0 mended=0 n=1
	while [ "$n" -le "$apdus" ]; do
		for when in before after; do
			$prepare >/dev/null 2>&1 || fail "$name: no way back after $n $when"
			power
			token cut-at "$n" "$when" power >/dev/null
			$command >cut.out 2>&1 || true
			power
			tried=$((tried + 1))
			if $again >again.out 2>&1 && $check >check.out 2>&1; then
				mended=$((mended + 1))
			else
				echo "$name, cut $when APDU $n:"; cat cut.out again.out check.out
			fi
		done
		n=$((n + STEP))
	done
	echo "$name: $mended/$tried, $apdus APDUs"
	[ "$mended" = "$tried" ] || fail "$name is not always mended"
}

init() { bsre-token init --label "$P11_TOKEN" --pin-file "$pin" --puk-file "$puk" --yes "$@"; }
resume() { init --resume || { grep -q "nothing to resume" again.out && init; }; }
whole() { bsre-token pin verify --pin-file "$pin" && bsre-token status --json | grep -q '"initialized": true'; }
nothing() { :; }
every init nothing init resume whole

generate() { bsre-token key generate --slot 9a --alg p256 --label kunci --pin-file "$pin" --yes; }
signs() { bsre-token key test --key 9a --pin-file "$pin"; }
every "key generate" nothing generate generate signs

echo "CN = Uji" >dn
bsre-token request --key 9a --dn dn --pin-file "$pin" -o csr
for i in 1 2; do
	openssl x509 -req -in csr -CA "$TEST_CA_DIR/ca.pem" -CAkey "$TEST_CA_DIR/ca.key" -CAcreateserial -days 9 -out cert$i.pem
done
bring() { bsre-token cert import cert$1.pem --pin-file "$pin" --yes; }
old() { bring 1; }
new() { bring 2; }
there() { bsre-token cert export 9a | cmp - cert2.pem && signs; }
every "cert import" old new new there
