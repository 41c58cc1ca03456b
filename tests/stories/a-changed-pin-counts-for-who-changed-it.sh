#!/bin/sh
# C_SetPIN: the program that changed the PIN goes on with the new one, every other must log in again, and
# no old PIN is sent to the card for either.
. "$(dirname "$0")/story.sh"

program A
program B
for p in A B; do
	on $p init
	on $p "open rw"
	on $p "login $P11_PIN"
	on $p "sign rsa $P11_RSA_LABEL"
done
on A "setpin 111111 654321" CKR_PIN_INCORRECT
on A "setpin $P11_PIN 12345" CKR_PIN_LEN_RANGE
on A "sign rsa $P11_RSA_LABEL"
on A "setpin $P11_PIN 654321"
sleep 0.7
on A "sign rsa $P11_RSA_LABEL"
on B "sign rsa $P11_RSA_LABEL" not
on B state "CKR_OK 2"
[ "$(tries)" = 3 ] || fail "an old PIN was sent: $(tries) tries"
on B "login $P11_PIN" CKR_PIN_INCORRECT
on A "sign rsa $P11_RSA_LABEL"
on B "login 654321"
on B "sign rsa $P11_RSA_LABEL"

# a PIN that C_Login would never take is not set either
bad=$(printf '12345\001')
on B "setpin $P11_PIN $bad" CKR_PIN_INVALID
