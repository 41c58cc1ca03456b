#!/bin/sh
# No program spends the last try of a PUK, at C_InitToken no more than at C_Login, and a wrong one is not sent
# twice; a person at the utility can, after a word that says so.
WAYS=direct
. "$(dirname "$0")/story.sh"

puk_tries() { bsre-token --json status | sed -n 's/.*"puk_tries": *\([0-9]*\).*/\1/p' | head -n 1; }
program C
on C init
on C "inittoken 00000000 x" CKR_PIN_INCORRECT
on C "inittoken 00000000 x" CKR_PIN_INCORRECT	# not sent again
on C "open rw"
on C "login 00000001 so" CKR_PIN_INCORRECT
on C "login 00000002 so" CKR_FUNCTION_CANCELED
on C "login $P11_PUK so" CKR_FUNCTION_CANCELED
on C close
on C "inittoken 00000003 x" CKR_FUNCTION_CANCELED
[ "$(puk_tries)" = 1 ] || fail "$(puk_tries) tries for the PUK"
for what in "pin unblock --puk-file $DESK_DIR/puk --new-pin-file $DESK_DIR/pin" \
	"pin set-puk --puk-file $DESK_DIR/puk --new-puk-file $DESK_DIR/pin"; do
	# shellcheck disable=SC2086  # words of a command
	refused 2 'one try' bsre-token $what
done
[ "$(puk_tries)" = 1 ] || fail "a file spent the PUK's last try"
refused 2 'one try' bsre-token pin unblock --puk-file "$DESK_DIR/puk" --new-pin-file "$DESK_DIR/pin"


# a person, who types that they mean it; the PUK is right, and it has all its tries again
person() {
	printf '%s\t%s\n' 'Type LAST TRY to spend it: ' 'LAST TRY' 'PUK: ' "$P11_PUK" 'New token PIN: ' 730164 \
		'The new token PIN again: ' 730164 >answers
	command expect "$TOP_SRCDIR/tests/tools/typist.exp" answers "bsre-token pin unblock" || fail "exit status $?"
	[ "$(puk_tries)" = 3 ] || fail "$(puk_tries) tries for the PUK after the right one"
}
# a program that speaks the calls of the utility: none of them spends the last try without a person's word
spent() { # WANTED
	ANSWER=$("$TOP_BUILDDIR/tests/stories/hostile" spend 1)
	echo "hostile: $ANSWER"
	[ "$ANSWER" = "$1 " ] || fail "not: $1"
	[ "$(puk_tries)" = 1 ] || fail "$(puk_tries) tries for the PUK"
	[ "$(tries)" = 1 ] || fail "$(tries) tries for the PIN"
}
command -v expect >/dev/null || { echo "no expect (scripts/deps installs it)"; exit 77; }
person
spent "PUK_WRONG PUK_WRONG PIN_WRONG PIN_LAST_TRY PIN_LAST_TRY PIN_WRONG PIN_LAST_TRY PIN_LAST_TRY PIN_LAST_TRY"

# tries of the PUK that another program spent: what the service remembers is more than what is left
person
sleep 0.8
token foreign 00A404000BA000000308000010000100
for wrong in 30 31; do
	token foreign "002400811039393939393939${wrong}39393939393939${wrong}"
done
spent "PIN_LAST_TRY PIN_LAST_TRY PIN_WRONG PIN_LAST_TRY PIN_LAST_TRY PIN_WRONG PIN_LAST_TRY PIN_LAST_TRY PIN_LAST_TRY"
