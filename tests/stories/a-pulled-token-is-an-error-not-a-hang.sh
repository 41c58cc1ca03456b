#!/bin/sh
# The token is pulled during a signature: that call fails at once, the session is dead for ever, and
# after it is plugged in again one login suffices.
DESK="--timing B"
. "$(dirname "$0")/story.sh"

program A
on A init
on A open
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"

tell A "signs rsa $P11_RSA_LABEL 1000"
sleep 0.3	# in the middle of one: timing B takes 200 ms for each
token unplug
hear A
echo "A: signs: $ANSWER"
case $ANSWER in
"CKR_DEVICE_REMOVED "* | "CKR_TOKEN_NOT_PRESENT "*) ;;
*) fail "the signature in flight answers $ANSWER" ;;
esac
[ "${ANSWER##* }" -lt 3000 ] || fail "that took ${ANSWER##* } ms"
on A state "CKR_SESSION_HANDLE_INVALID*"
on A open CKR_TOKEN_NOT_PRESENT

token plug
listed() { bsre-token list | grep -q "$P11_TOKEN"; }
until_so listed
on A state "CKR_SESSION_HANDLE_INVALID*"
on A open
on A "sign rsa $P11_RSA_LABEL" not
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
refused 0 '' bsre-token pin verify --pin-file "$DESK_DIR/pin"
