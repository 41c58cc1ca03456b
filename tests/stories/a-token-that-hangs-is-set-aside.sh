#!/bin/sh
# A token stops answering: after card-limit the call ends with an error, nobody else waits longer, status
# says to pull it out; and once it was pulled out and put in again it works, without a restart.
. "$(dirname "$0")/story.sh"

configure "card-limit = 3000"
program A
program B
for p in A B; do
	on $p init
	on $p open
	on $p "login $P11_PIN"
done
token stall-at 1 60000
tell A "signs rsa $P11_RSA_LABEL 1"
sleep 0.2
tell B "signs ecdsa $P11_EC_LABEL 1"
for p in A B; do
	hear $p
	echo "$p: $ANSWER"
	case $ANSWER in CKR_DEVICE_REMOVED*) ;; *) fail "$p: $ANSWER" ;; esac
done
bsre-token status >status 2>&1 || true
cat status
grep -qi 'pull' status || fail "status does not say what to do"
on A "state" "CKR_SESSION_HANDLE_INVALID*"
on A open CKR_TOKEN_NOT_PRESENT

token unplug
sleep 0.5
token plug
works() { tell A open; hear A; [ "$ANSWER" = CKR_OK ]; }
until_so works
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL a.sig"
verify_rsa message a.sig rsa.pub
[ "$(tries)" = 3 ] || fail "a try was spent"
