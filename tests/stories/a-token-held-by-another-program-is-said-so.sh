#!/bin/sh
# Another PC/SC program holds the token: in a transaction that does not end, programs get an error in good
# time and go on when it ends; connected for itself alone, status says so and it is tried again.
WAYS=pcscd
. "$(dirname "$0")/story.sh"

configure "card-limit = 4000"
program A
program C pcscclient
on A init
on A open
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
on C "connect shared" "OK*"
on C begin "OK*"
began=$(date +%s)
on A "sign rsa $P11_RSA_LABEL" CKR_DEVICE_ERROR
[ $(($(date +%s) - began)) -le 4 ] || fail "the error came after $(($(date +%s) - began)) s"
on A state "CKR_OK 1"
tell A "signs rsa $P11_RSA_LABEL 1"
sleep 0.5
on C "end leave" "OK*"
hear A
case $ANSWER in CKR_OK*) ;; *) fail "A did not go on: $ANSWER" ;; esac

# and a program for which the token's objects have not been read yet: not "there are none"
configure "card-limit = 4000"
on A open
on C begin "OK*"
on A "find certificate $P11_RSA_LABEL" CKR_DEVICE_ERROR
on C "end leave" "OK*"
on A "find certificate $P11_RSA_LABEL"

# for itself alone: it gets that only where we are not connected
kill "$(service_pid)"
until_so gone "$(service_pid)"
on C "disconnect leave" "OK*"
on C "connect exclusive" "OK*"
service_start
timeout 20 bsre-token status >status 2>&1 || true
cat status
grep -qi 'another program' status || fail "status does not say who has it"
on A open CKR_TOKEN_NOT_PRESENT
on C "disconnect leave" "OK*"
works() { tell A open; hear A; [ "$ANSWER" = CKR_OK ]; }
until_so works
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL a.sig"
verify_rsa message a.sig rsa.pub
