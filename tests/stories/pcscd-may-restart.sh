#!/bin/sh
# pcscd is killed and started again: what was open is dead, a login is forgotten as at a removal, nothing
# hangs, and everything works again without a restart of ours.
WAYS=pcscd
. "$(dirname "$0")/story.sh"

program A
on A init
on A open
on A "login $P11_PIN"
tell A "signs rsa $P11_RSA_LABEL 1000000"
sleep 0.3
old=$(cat "$DESK_DIR/pcscd.pid")
kill -9 "$old"
hear A
case $ANSWER in "CKR_DEVICE_REMOVED "* | "CKR_SESSION_HANDLE_INVALID "*) ;; *) fail "A: $ANSWER" ;; esac
[ "${ANSWER##* }" -lt 5000 ] || fail "that took ${ANSWER##* } ms"
on A state "CKR_SESSION_HANDLE_INVALID*"
none() { bsre-token --json list | grep -q '"serial"' && return 1; return 0; }
until_so none
on A open CKR_TOKEN_NOT_PRESENT

pcscd_start
there() { bsre-token --json list | grep -q '"label": *"Test Token"'; }
until_so there
on A open
on A state "CKR_OK 0"
on A "sign rsa $P11_RSA_LABEL" not
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL a.sig"
verify_rsa message a.sig rsa.pub
