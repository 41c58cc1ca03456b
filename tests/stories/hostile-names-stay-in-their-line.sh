#!/bin/sh
# The names on a token and in a certificate are somebody else's words. In the dialog each stays in its own line,
# without what moves, turns or hides text, and none pushes out what the service says itself: who asks, and how many
# tries are left.
# shellcheck disable=SC2154  # pid_A is set by `program A`
WAYS=direct
. "$(dirname "$0")/story.sh"
export PINENTRY_DIR="$WORK" DISPLAY=:77

# a text that would write lines of its own, turn those behind it, end Assuan's command
EVIL="$(printf 'Ani%%0ATries left: 9\nBYE\r\033[2J\007\177\302\205\342\200\256sorewt\342\201\246\342\200\250')"
hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }
long() { i=0; while [ $i -lt "$1" ]; do printf '%%'; i=$((i + 1)); done; }

# a certificate for the key, as somebody's CA might issue it
openssl req -new -utf8 -newkey rsa:2048 -nodes -keyout other.key -out other.csr -subj "/O=x/CN=$EVIL" 2>/dev/null
openssl x509 -req -in other.csr -CA "$TEST_CA_DIR/ca.pem" -CAkey "$TEST_CA_DIR/ca.key" -set_serial 77 -days 30 \
	-force_pubkey sign.pub -out evil.pem 2>/dev/null
bsre-token cert import evil.pem --pin-file "$DESK_DIR/pin" --yes

configure "prompt = $TOP_SRCDIR/tests/tools/pinentry.py" "app = */p11client pap"
# asked COMMAND: what the dialog says then, with its lines apart
asked() {
	rm -f pinentry.log
	echo "always pin $P11_PIN" >pinentry.todo
	on A "$1"
	grep SETDESC pinentry.log >desc
	[ "$(wc -l <desc)" = 1 ] || { cat desc; fail "not one description"; }
	[ "$(wc -c <desc)" -lt 1000 ] || fail "longer than Assuan's line"
	! LC_ALL=C grep -q "$(printf '[\001-\011\013-\037\177]')" pinentry.log || fail "a control character"
	sed 's/^SETDESC //; s/%0A/\n/g; s/%25/%/g' desc | tee lines
	for bad in '\302\205' '\342\200\256' '\342\201\246' '\342\200\250'; do
		! grep -qF "$(printf "$bad")" lines || fail "a character that moves text: $bad"
	done
	[ "$(grep -c '^Tries left:' lines)" = 1 ] && grep -qx 'Tries left: 3' lines || fail "the tries that are left"
	grep -q '^Program: .*p11client$' lines || fail "the program"
	grep -qx "Process: $pid_A" lines || fail "the process"
	[ "$(wc -l <lines)" -le 8 ] || fail "lines of somebody else's"
}
program A
on A init
on A "open rw"
asked "login -"
# the key that always asks: its label, and its certificate's common name
asked "sign rsa $P11_SIGN_LABEL"
grep '^Certificate: ' lines
# a label with controls is not written; one that turns text is
on A "find private $P11_SIGN_LABEL"
on A "set label=x$(hex "$EVIL")" CKR_ATTRIBUTE_VALUE_INVALID
NAME="$(printf '%%0ATries:9%%n\342\200\256x\342\201\246')"
on A "set label=x$(hex "$NAME")"
asked "sign rsa $NAME"
on A "find private $NAME"
on A "set label=x$(hex "$(long 60)")"
asked "sign rsa $(long 60)"
on A close
on A "inittoken $P11_PUK $NAME"
on A "open rw"
on A "login $P11_PUK so"
on A "initpin $P11_PIN"
on A logout
asked "login -"
grep '^Token: ' lines
