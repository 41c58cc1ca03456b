#!/bin/sh
# The power goes in the midst of init: the token says so until init has come to its end, status names the command
# that ends it, which works as it stands; a token that is whole has nothing to resume and keeps what it has.
WAYS=direct
. "$(dirname "$0")/story.sh"
pin=$DESK_DIR/pin puk=$DESK_DIR/puk
serial=$(bsre-token list --json | sed -n 's/.*"serial": "\(.*\)".*/\1/p')
(umask 077; echo 123456 >factory.PIN; echo 12345678 >factory.PUK)

# the token is pulled out and plugged in again
power() {
	token faults clear >/dev/null
	token unplug >/dev/null || true
	until_so sh -c '! bsre-token list --json | grep -q "\"serial\""'
	token plug >/dev/null
	until_so sh -c 'bsre-token status --json | grep -q "\"keys\""'
}
says() { bsre-token list --json | grep -q "$1" || fail "list does not say $1: $(bsre-token list --json)"; }
secrets() { "$@" --pin-file "$pin" --puk-file "$puk" --yes; }
next() { sed -n "s/.*next: \(bsre-token init.*\)/\1/p" "$1"; }
# the command that was printed, as it stands; the person is asked for the rest, which the options give here
do_next() { eval "secrets $(next "$1")"; }
whole() {
	says '"initialized": true'
	says '"init_interrupted": false'
	says "\"label\": \"$1\""
	bsre-token pin verify --pin-file "$pin"
	expect 2 bsre-token pin unblock --puk-file factory.PUK --new-pin-file "$pin"
}

echo "--- whole: nothing to resume, and nothing lost"
says '"initialized": true'
refused 1 "nothing to resume" secrets bsre-token init --resume
bsre-token key test --key rsa-user --pin-file "$pin"
refused 1 "nothing to resume" bsre-token --json init --resume --pin-file "$pin" --puk-file "$puk" --yes
grep -q '"code": "ACTION_PROHIBITED"' out

echo "--- cut at each command that comes after the reset"
token count reset
secrets bsre-token init --label Lama
apdus=$(apdus)
n=8
seen=0
while [ "$n" -le "$apdus" ]; do
	token cut-at "$n" after power >/dev/null
	! secrets bsre-token init --label "Bu Ani's" 2>cut || { power; break; }
	power
	bsre-token list --json >state
	if grep -q '"init_interrupted": true' state; then
		seen=$((seen + 1))
		grep -q '"initialized": false' state
		bsre-token status >said
		next said | grep -q "^bsre-token init --resume --token $serial$" || fail "status, cut at $n: $(cat said)"
		if bsre-token pin verify --pin-file "$pin" 2>err; then with=$pin; else with=factory.PIN; fi
		refused 1 "interrupted" bsre-token key generate --slot 9a --alg p256 --pin-file "$with" --yes
		next err | grep -q "^bsre-token init --resume --token $serial$" || fail "key generate, cut at $n: $(cat err)"
		bsre-token key generate --slot 9a --alg p256 --pin-file "$with" --yes --force 2>err || cat err
		grep -q "warning: .*interrupted" err || fail "key generate does not warn, cut at $n: $(cat err)"
		do_next said			# and the label is the one that was begun with
		whole "Bu Ani's"
	elif grep -q '"initialized": false' state; then
		seen=$((seen + 1))		# reset, and nothing else yet
		grep -q '"management-key"' state
		bsre-token status | grep -q "not initialised; next: bsre-token init"
	fi
	n=$((n + 4))
done
echo "$seen cuts seen"
[ "$seen" -ge 2 ] || fail "no cut was seen"

echo "--- what init itself prints after a cut works as it stands"
for n in 2 4 10 16 20; do
	secrets bsre-token init --label Lama
	token cut-at "$n" after power >/dev/null
	! secrets bsre-token init --label "Bu Ani's" 2>cut || fail "not cut at $n"
	power
	do_next cut || fail "cut at $n: $(cat cut)"
	whole "Bu Ani's"
done
