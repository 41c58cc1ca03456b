#!/bin/sh
# A program that logs out and in again, in another session, while its operation with a key that always
# authenticates waits: the operation lives on and has its PIN, once. Where two wait neither is served.
WAYS=direct
. "$(dirname "$0")/story.sh"

program A
on A init
on A open
on A open
on A "login $P11_PIN"
on A "use 1"
on A "sign-init rsa $P11_SIGN_LABEL"
on A "use 2"
on A logout
on A "login $P11_PIN"
on A "use 1"
on A sign-final
on A "sign-init rsa $P11_SIGN_LABEL"
on A sign-final CKR_USER_NOT_LOGGED_IN	# it was for one operation

# a wrong PIN serves nothing
on A "use 2"
on A logout
on A "login 111111" CKR_PIN_INCORRECT
on A "use 1"
on A sign-final CKR_USER_NOT_LOGGED_IN
on A "use 2"
on A "login $P11_PIN"
on A "use 1"
on A sign-final

# the login came first: it is not for what begins after it
on A "sign-init rsa $P11_SIGN_LABEL"
on A sign-final CKR_USER_NOT_LOGGED_IN

# two that wait, in two sessions
on A "use 2"
on A "sign-init rsa $P11_SIGN_LABEL"
on A logout
on A "login $P11_PIN"
on A sign-final CKR_USER_NOT_LOGGED_IN
on A "use 1"
on A sign-final CKR_USER_NOT_LOGGED_IN

# another program's login serves nobody else's
on A sign-cancel
program B
on B init
on B open
on B "login $P11_PIN"
on A "use 2"
on A sign-final CKR_USER_NOT_LOGGED_IN
