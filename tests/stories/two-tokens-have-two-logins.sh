#!/bin/sh
# Two tokens: a login at one is none at the other, a wrong PIN at one costs the other nothing, and pulling
# one leaves the other's sessions alone.
DESK="--tokens 2"
. "$(dirname "$0")/story.sh"

program A
on A init
on A "open ro Test_Token"
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
on A "open ro Test_Token_2"
on A state "CKR_OK 0"
on A "sign rsa rsa-user2" not
on A "login 111111" CKR_PIN_INCORRECT
on A "use 1"
on A "sign rsa $P11_RSA_LABEL"
on A state "CKR_OK 1"
on A "use 2"
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"

token unplug
on A "use 1"
dead() { tell A state; hear A; case $ANSWER in CKR_SESSION_HANDLE_INVALID*) ;; *) return 1 ;; esac; }
until_so dead
on A "use 2"
on A state "CKR_OK 1"
on A "sign rsa $P11_RSA_LABEL"
