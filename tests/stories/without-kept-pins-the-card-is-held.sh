#!/bin/sh
# retain-pin = no: nobody else gets the card while a program is logged in, no PIN is sent a second time, and where
# another resets the card, or gives a wrong PIN, the program must log in again. After the logout the card is closed.
WAYS=pcscd
. "$(dirname "$0")/story.sh"

configure "retain-pin = no" "hold = 300"
program A
program B
program C pcscclient
for p in A B; do
	on $p init
	on $p open
done
on C "connect shared" "OK*"
on A "login $P11_PIN"
token trace "$WORK/trace"
on A "sign rsa $P11_RSA_LABEL"
sleep 1			# longer than linger and hold
on A "sign rsa $P11_RSA_LABEL"
on B "sign rsa $P11_RSA_LABEL" not
token trace off
! grep '> 00200080 *08' trace || fail "a PIN was sent though none may be kept"
tell C begin
sleep 0.5
on A "sign rsa $P11_RSA_LABEL"
on A logout
hear C
case $ANSWER in OK*) ;; *) fail "the other program: $ANSWER" ;; esac
on C "send 00A404000BA000000308000010000100" "OK 9000*"
on C "send 00200080" "OK 63C3*"
on C "end leave" "OK*"

on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
token reset
on A "sign rsa $P11_RSA_LABEL" not
on A state "CKR_OK 0"
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"

# the card remembers nothing after a wrong PIN: one typing error of B ends A's login, and A is told so
on A "sign-init rsa $P11_RSA_LABEL"
on B "login 111111" CKR_PIN_INCORRECT
on A sign-final CKR_USER_NOT_LOGGED_IN
on A state "CKR_OK 0"
on A "find certificate $P11_RSA_LABEL"
on A "login $P11_PIN"
on A sign-final
[ "$(tries)" = 3 ] || fail "$(tries) tries after the right PIN"
