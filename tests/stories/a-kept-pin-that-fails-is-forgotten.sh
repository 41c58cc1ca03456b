#!/bin/sh
# Another program changes the PIN at the card while two programs are logged in and work is queued: the
# PIN that was kept costs one try, not two; every copy is forgotten, and both must log in again.
DESK="--timing A"
. "$(dirname "$0")/story.sh"

hex() { printf %s "$1" | od -An -tx1 | tr -d ' \n'; }
program A
program B
for p in A B; do
	on $p init
	on $p open
	on $p "login $P11_PIN"
	on $p "sign rsa $P11_RSA_LABEL"
done
sleep 0.8
token foreign 00A404000BA000000308000010000100
new=654321
[ "$(token foreign "0024008010$(hex "$P11_PIN")FFFF$(hex $new)FFFF")" = "ok 9000" ] || fail "the PIN was not changed"
tell A "signs rsa $P11_RSA_LABEL 3"
tell B "signs rsa $P11_RSA_LABEL 3"
for p in A B; do
	hear $p
	echo "$p: $ANSWER"
	case $ANSWER in "CKR_USER_NOT_LOGGED_IN 0 "*) ;; *) fail "$p: $ANSWER" ;; esac
done
[ "$(token foreign 00200080)" = "ok 63C2" ] || fail "not one try was spent: $(token foreign 00200080)"
on A state "CKR_OK 0"
on B state "CKR_OK 0"
on A "login $new"
on A "sign rsa $P11_RSA_LABEL"
on B "sign rsa $P11_RSA_LABEL" not
on B "login $new"

# a program that proves a new PIN shows that what others kept is old: nothing is spent on it
sleep 0.8
token foreign 00A404000BA000000308000010000100
[ "$(token foreign "0024008010$(hex $new)FFFF$(hex "$P11_PIN")FFFF")" = "ok 9000" ] || fail "the PIN was not changed back"
on B logout
on B "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL" not
[ "$(tries)" = 3 ] || fail "a try was spent on a PIN known to be old"
on B "sign rsa $P11_RSA_LABEL"
