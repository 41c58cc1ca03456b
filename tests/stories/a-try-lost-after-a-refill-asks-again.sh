#!/bin/sh
# A kept PIN that the card took fills its try counter, and the service knows: a try that another PC/SC
# program spends after that is noticed, by the next use of a kept PIN and by whoever asks for the tries.
DESK="--timing A"
. "$(dirname "$0")/story.sh"

spend() { # by another program
	token foreign 00A404000BA000000308000010000100
	[ "$(token foreign 002000800839393939393939FF)" = "ok 63C2" ] || fail "no try was spent"
}
unsent() { # COMMAND WANTED: the kept PIN of A is not sent
	token trace "$WORK/trace"
	on A "$1" "$2"
	token trace off
	! grep '> 00200080 *0\{0,1\}8' trace || fail "a kept PIN was sent"
}
program A
program B
for p in A B; do
	on $p init
	on $p "open rw"
done

on A "login $P11_PIN"
sleep 0.8
on B "login 111111" CKR_PIN_INCORRECT
[ "$(tries)" = 2 ] || fail "$(tries) tries after a wrong PIN"
sleep 0.8
on A "sign rsa $P11_RSA_LABEL"		# the card: 3 again
sleep 0.8
spend
unsent "sign rsa $P11_RSA_LABEL" CKR_USER_NOT_LOGGED_IN
[ "$(tries)" = 2 ] || fail "the loss is not shown"

# a loss that shows when the tries are asked for is no less a loss
on A "login $P11_PIN"
sleep 0.8
spend
bsre-token status
unsent "sign rsa $P11_RSA_LABEL" not	# logged out at once: it sees no private key
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
