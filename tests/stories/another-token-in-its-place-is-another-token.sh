#!/bin/sh
# A token is pulled and another one is put into the same reader: sessions of the first are dead, its login
# is worth nothing, and it gets its own place in the slot list back when it returns.
# Behind OpenSC the same.
WAYS="${STORY_WAYS:-pcscd direct piv-opensc}"
. "$(dirname "$0")/story.sh"

bsre-vtoken --state "$WORK/other.state" --listen "$WORK/other.sock" --control "$WORK/other.control" --serial 77000001 &
until bsre-vtoken ctl "$WORK/other.control" stop 2>/dev/null; do sleep 0.05; done
wait $!
serial() { bsre-token --json list 2>/dev/null | sed -n 's/.*"serial": *"\([^"]*\)".*/\1/p'; }
mine=$(serial)
[ -n "$mine" ]
program A
on A init
on A open
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
cp "$DESK_DIR/vtoken1.state" mine.state
[ ! -f "$DESK_DIR/vtoken1.state.key" ] || cp "$DESK_DIR/vtoken1.state.key" mine.state.key
token swap "$WORK/other.state"
swapped() { other=$(serial) && [ -n "$other" ] && [ "$other" != "$mine" ]; }
until_so swapped
on A state "CKR_SESSION_HANDLE_INVALID*"
on A "sign rsa $P11_RSA_LABEL" CKR_SESSION_HANDLE_INVALID
on A open
on A state "CKR_OK 0"
on A "sign rsa $P11_RSA_LABEL" not
token count reset

token swap "$WORK/mine.state"
back() { [ "$(serial)" = "$mine" ]; }
until_so back
on A open
on A state "CKR_OK 0"
on A "sign rsa $P11_RSA_LABEL" not
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL a.sig"
verify_rsa message a.sig rsa.pub
