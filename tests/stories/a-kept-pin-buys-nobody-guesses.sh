#!/bin/sh
# A program that is logged in fills the card's try counter with each use: another one that guesses beside
# it is stopped after six wrong PINs all the same, and nobody who knows the PIN is shut out by it.
WAYS=direct
. "$(dirname "$0")/story.sh"

for p in A B C; do
	program $p
	on $p init
	on $p "open rw"
done
on A "login 111110" CKR_PIN_INCORRECT	# a typing error, taken back by the right one
on A "login $P11_PIN"
guess() { # PROGRAM PIN WANTED; the third would meet the last try if the counter were not filled
	on "$1" "login $2" "$3"
	sleep 0.6			# the card is closed: the kept PIN is sent for the next signature
	on A "sign rsa $P11_RSA_LABEL"
}
guess B 111111 CKR_PIN_INCORRECT
guess B 111112 CKR_PIN_INCORRECT
guess B 111113 CKR_PIN_INCORRECT
guess C 111114 CKR_PIN_INCORRECT
guess C 111115 CKR_PIN_INCORRECT
guess B 111116 CKR_PIN_INCORRECT
sleep 0.6
for p in B C; do
	token count reset
	on $p "login 111117" CKR_FUNCTION_CANCELED
	on $p "login $P11_PIN" CKR_FUNCTION_CANCELED
	on $p "setpin 111118 654321" CKR_FUNCTION_CANCELED
	[ "$(apdus)" = 0 ] || fail "the card was asked: $(apdus) APDUs"
done
printf '111119\n' >wrong
refused 2 'too many wrong PINs' bsre-token pin verify --pin-file wrong

# who knows the PIN: not shut out
on A "sign rsa $P11_RSA_LABEL"
on A logout
on A "login 111120" CKR_PIN_INCORRECT
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"

# a person plugs the token in anew
token unplug
sleep 0.5
token plug
back() { tell B "open rw"; hear B; [ "$ANSWER" = CKR_OK ]; }
until_so back
on B "login $P11_PIN"
