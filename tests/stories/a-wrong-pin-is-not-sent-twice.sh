#!/bin/sh
# The same wrong PIN again is answered without a command to the card, and only after a second; by
# whichever call it comes. Another PIN is another try.
. "$(dirname "$0")/story.sh"

program A
program B
for p in A B; do
	on $p init
	on $p "open rw"
done
on A "login 111111" CKR_PIN_INCORRECT
[ "$(tries)" = 2 ] || fail "one try should be gone"
sleep 0.7		# the card is closed

slowly_and_alone() { # PROGRAM COMMAND
	token count reset
	began=$(date +%s%N)
	on "$1" "$2" CKR_PIN_INCORRECT
	took=$((($(date +%s%N) - began) / 1000000))
	[ "$(apdus)" = 0 ] || fail "the card was asked: $(apdus) APDUs"
	[ "$took" -ge 900 ] || fail "answered after $took ms"
}
slowly_and_alone A "login 111111"
slowly_and_alone B "login 111111"
slowly_and_alone A "setpin 111111 654321"
printf '111111\n' >wrong
token count reset
refused 2 'not sent' bsre-token pin verify --pin-file wrong
[ "$(apdus)" = 0 ] || fail "the card was asked: $(apdus) APDUs"
[ "$(tries)" = 2 ] || fail "a try was spent"

# the right one, and then the wrong one is a try again
on A "login $P11_PIN"
[ "$(tries)" = 3 ] || fail "the right PIN does not count"
on B "login 111111" CKR_PIN_INCORRECT
[ "$(tries)" = 2 ] || fail "$(tries) tries"
on A "sign rsa $P11_RSA_LABEL"

# too short, too long: the card is not asked at all
sleep 0.7
token count reset
on B "login 12345" CKR_PIN_LEN_RANGE
on B "login 123456789" CKR_PIN_LEN_RANGE
[ "$(apdus)" = 0 ] || fail "the card was asked about PINs that it cannot have"
