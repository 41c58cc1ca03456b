#!/bin/sh
# `key test --throw-away` makes a key, has it sign, and destroys it, also where the signature is no good; `status
# --verbose` says which driver has the card and why.
. "$(dirname "$0")/story.sh"
pin=$DESK_DIR/pin

bsre-token key list >before
# it asks, and without a terminal it does nothing
refused 1 'no terminal' setsid bsre-token key test --throw-away --pin-file "$pin"
bsre-token key list | diff before -
for alg in rsa2048 p256; do
	bsre-token key test --throw-away --alg $alg --yes --pin-file "$pin" 2>said
	cat said
	grep -q 'OpenSSL verified it' said
	grep -q 'is destroyed' said
	bsre-token key list | diff before -
done
bsre-token history | grep -q 'key destruction'
refused 64 'does not go with' bsre-token key test --throw-away --key 9a --yes --pin-file "$pin"
refused 64 'goes with --throw-away' bsre-token key test --alg p256 --yes --pin-file "$pin"

# a token whose keys do not sign: each answer is garbled in turn until it is the signature's
garble() {
	for at in $(seq 5 30); do
		token faults clear
		token corrupt-at "$at"
		got=0
		bsre-token key test --throw-away --alg p256 --yes --pin-file "$pin" >out 2>err || got=$?
		[ $got = 0 ] || ! grep -q 'is destroyed' err || { cat err; return 0; }
	done
	fail "no garbled answer was the signature's"
}
garble
token faults clear
bsre-token key list | diff before -

bsre-token status --verbose >status
cat status
grep -q 'DRIVER' status
grep -q 'piv .*driver.piv' status
bsre-token status --verbose --json | grep -q '"driver": *"piv"'
