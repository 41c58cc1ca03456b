#!/bin/sh
# The PIN is asked for by the service's own dialog: at the login (pap) or when a key is used (on-use). It says who
# asks, what for, with which key on which token, and how many tries are left; it ends with the program, the token or
# its time, and others go on meanwhile.
# shellcheck disable=SC2154  # pid_A is set by `program A`
. "$(dirname "$0")/story.sh"
export PINENTRY_DIR="$WORK"
pinentry="prompt = $TOP_SRCDIR/tests/tools/pinentry.py"
export DISPLAY=:77	# a desktop that the program tells of; nobody draws on it here

todo() { rm -f pinentry.log; printf '%s\n' "$@" >pinentry.todo; }
told() { grep -q -e "$1" pinentry.log || { cat pinentry.log; fail "the dialog does not say: $1"; }; }
dialogs() { grep -c "DOES" pinentry.log 2>/dev/null || true; }
asks() { until_so grep -q "DOES $1" pinentry.log; }
began() { date +%s%N; }
lasted() { echo $((($(date +%s%N) - $1) / 1000000)); }

# --- pap: C_Login without a PIN ---------------------------------------------------------------------
configure "$pinentry" "app = */p11client pap"
program A
on A init
on A open
on A pin "CKR_OK*asked*"
todo "pin $P11_PIN"
at=$(began)
on A "login -"
[ "$(lasted "$at")" -ge 1900 ] || fail "it answers at once, which Firefox does not bear"
told "DISPLAY :77"
told "SETDESC .*p11client.*log in"
told "$P11_TOKEN"
told "Tries left: 3"
told "Process: $pid_A"
on A "sign rsa $P11_RSA_LABEL"
[ "$(dialogs)" = 1 ] || fail "more than one dialog"
at=$(began)
on A "login -" CKR_USER_ALREADY_LOGGED_IN
[ "$(lasted "$at")" -ge 1900 ] || fail "it answers at once where there is nothing to ask"

# the key that always asks: without a word of the program, for NSS says none
todo "pin $P11_PIN"
on A "sign rsa $P11_SIGN_LABEL always.sig"
verify_rsa message always.sig sign.pub
told "SETDESC .*sign"
told "Key: $P11_SIGN_LABEL"
# and with its word
todo "pin $P11_PIN"
on A "sign-init rsa $P11_SIGN_LABEL"
on A "login - context"
on A sign-final
[ "$(dialogs)" = 1 ] || fail "it asks twice for one signature"
on A logout
on A "sign rsa $P11_RSA_LABEL" not

# the person says no, or nothing; the PIN is wrong, too short, wrong again, right
todo cancel
on A "login -" CKR_FUNCTION_CANCELED
bsre-token --json history | grep -q '"CANCELED"' || fail "the history does not say that a person refused"
todo timeout
on A "login -" CKR_FUNCTION_CANCELED
todo die
on A "login -" CKR_FUNCTION_CANCELED
todo garbage cancel
on A "login -" CKR_FUNCTION_CANCELED
todo "pin 999999" "pin 999999" "pin 12" "pin $P11_PIN"
on A "login -"
[ "$(dialogs)" = 4 ] || fail "not four dialogs"
told "SETERROR That PIN was not correct"
told "SETERROR That PIN was wrong before"
told "SETERROR That PIN is too"
told "Tries left: 2"
[ "$(tries)" = 3 ] || fail "not all tries are back"
on A logout
# a program that has a PIN all the same
on A "login $P11_PIN"
on A logout

# --- others go on while a dialog is open; it ends with its program --------------------------------------
program B
on B init
on B open
todo hang
tell A "login -"
asks hang
on B "login $P11_PIN"
on B "sign rsa $P11_RSA_LABEL"
bsre-token list >/dev/null
pid=$(sed -n 's/^PID //p' pinentry.log)
kill -9 "$pid_A"
until_so gone "$pid"
hear A || :
# also where its PIN is at the card just then: nobody is logged in by it, and the next program is served
rm -f A.in A.out
program A
on A init
on A open
on B logout
token stall-at 2 1500
todo "pin $P11_PIN"
tell A "login -"
asks pin
sleep 0.4
kill -9 "$pid_A"
on B "login $P11_PIN"
on B "sign rsa $P11_RSA_LABEL"
[ "$(bsre-token --json status | grep -c '"pid"')" = 1 ] || fail "somebody else is logged in"
# with the token
todo hang
on B logout
tell B "login -"
asks hang
token unplug
hear B
case $ANSWER in CKR_DEVICE_REMOVED* | CKR_SESSION_HANDLE_INVALID*) ;; *) fail "after the removal: $ANSWER" ;; esac
until_so gone "$(sed -n 's/^PID //p' pinentry.log)"
token plug
on B finalize

# --- on-use: no login, the dialog comes with the key ------------------------------------------------
configure "$pinentry" "app = */p11client on-use" "prompt-limit = 5"
program C
on C init
until_so sh -c "bsre-token list | grep -q '$P11_TOKEN'"
on C open
on C pin "CKR_OK*no-login*"
on C "login 000000"				# ignored, and no try is spent
[ "$(tries)" = 3 ] || fail "a try was spent"
todo "pin $P11_PIN"
on C "find private" "CKR_OK*"
on C "sign rsa $P11_RSA_LABEL use.sig"
verify_rsa message use.sig rsa.pub
on C "sign rsa $P11_RSA_LABEL"
[ "$(dialogs)" = 1 ] || fail "it asks although the program is logged in"
todo "pin $P11_PIN" "pin $P11_PIN"
on C "sign rsa $P11_SIGN_LABEL"
on C "sign rsa $P11_SIGN_LABEL"
[ "$(dialogs)" = 2 ] || fail "the key that always asks was not asked for each time"
on C "search class=private,label=$P11_SIGN_LABEL"
on C "get always" "CKR_OK 00"
todo cancel
on C "sign rsa $P11_SIGN_LABEL" CKR_FUNCTION_CANCELED
todo "pin $P11_PIN"
on C "sign rsa $P11_SIGN_LABEL"
# nobody answers: the time ends it
todo hang
on C "sign rsa $P11_SIGN_LABEL" CKR_FUNCTION_CANCELED
until_so gone "$(sed -n 's/^PID //p' pinentry.log)"
on C logout

# --- the last try: only after a word ----------------------------------------------------------------
todo "pin 888888" "pin 777777" "word no"
on C "sign rsa $P11_RSA_LABEL" CKR_FUNCTION_CANCELED
[ "$(tries)" = 1 ] || fail "the last try was spent without the word"
told "Only ONE try"
told "SETDESC That was not LAST TRY"		# and the person hears why nothing more comes
told "^MESSAGE"
todo "word LAST TRY" "pin $P11_PIN"
on C "sign rsa $P11_RSA_LABEL"
[ "$(tries)" = 3 ] || fail "the right PIN did not bring the tries back"
on C logout
todo "pin 888888" "pin 777777" "word LAST TRY" "pin 666666"
on C "sign rsa $P11_RSA_LABEL" CKR_PIN_LOCKED
todo "pin $P11_PIN"
on C "sign rsa $P11_RSA_LABEL" CKR_PIN_LOCKED
[ ! -e pinentry.log ] || fail "it asks for a PIN that is blocked"
