#!/bin/sh
# A try that another PC/SC program spent makes every program log in again before a kept PIN is sent; a
# try that a program of ours spent does not, even where work was queued meanwhile.
DESK="--timing A"
. "$(dirname "$0")/story.sh"

program A
program B
for p in A B; do
	on $p init
	on $p open
	on $p "login $P11_PIN"
done
on A "sign rsa $P11_RSA_LABEL"
sleep 0.8
token foreign 00A404000BA000000308000010000100
[ "$(token foreign 002000800839393939393939FF)" = "ok 63C2" ] || fail "no try was spent"
token trace "$WORK/trace"
on A "sign rsa $P11_RSA_LABEL" CKR_USER_NOT_LOGGED_IN
on B "sign rsa $P11_RSA_LABEL" not
token trace off
! grep '> 00200080 *0\{0,1\}8' trace || fail "a kept PIN was sent"
[ "$(tries)" = 2 ] || fail "the loss is not shown"
on B "login $P11_PIN"
on B "sign rsa $P11_RSA_LABEL"
on A "login $P11_PIN"
[ "$(tries)" = 3 ] || fail "$(tries) tries after the right PIN"

# a program's own typo while another's signatures are queued
program C
on C init
on C open
tell A "signs rsa $P11_RSA_LABEL 4"
tell B "signs ecdsa $P11_EC_LABEL 8"
sleep 0.1
on C "login 111111" CKR_PIN_INCORRECT
for p in A B; do
	hear $p
	echo "$p: $ANSWER"
	case $ANSWER in CKR_OK*) ;; *) fail "$p lost its login by another's typo: $ANSWER" ;; esac
done
