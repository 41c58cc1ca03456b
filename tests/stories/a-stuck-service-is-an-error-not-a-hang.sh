#!/bin/sh
# The token service is stopped under way, alive but mute: programs get an error within a quarter of a
# minute, others that come meanwhile find no token, and everything works again when it goes on.
WAYS=direct
. "$(dirname "$0")/story.sh"

program A
on A init
on A open
on A "login $P11_PIN"
pid=$(service_pid)
kill -STOP "$pid"
on A "sign rsa $P11_RSA_LABEL" CKR_DEVICE_REMOVED
on A state "CKR_SESSION_HANDLE_INVALID*"
refused 3 'not running' bsre-token list
kill -CONT "$pid"

on A open
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL a.sig"
verify_rsa message a.sig rsa.pub
