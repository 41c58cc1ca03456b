#!/bin/sh
# The SO-PIN is the PUK: C_Login(SO) proves it, the same wrong one is not sent twice, C_InitPIN gives the
# user a new PIN (a blocked one too) and ends the user's logins, C_SetPIN changes the SO-PIN itself.
WAYS=direct
. "$(dirname "$0")/story.sh"

program A
program B
for p in A B; do
	on $p init
	on $p open
done
on B "login $P11_PIN"
on B "sign rsa $P11_RSA_LABEL"
on A "login $P11_PUK so" CKR_SESSION_READ_ONLY_EXISTS
on A close
on A "open rw"
on A "login 11111111 so" CKR_PIN_INCORRECT
sleep 0.7
token count reset
on A "login 11111111 so" CKR_PIN_INCORRECT
[ "$(apdus)" = 0 ] || fail "the same wrong SO-PIN was sent again"
pkcs11 -L >slots 2>&1
grep -q "SO PIN count low" slots || { cat slots; fail "a lost try is not said"; }
on A "initpin 135792" CKR_USER_NOT_LOGGED_IN
on A "login $P11_PUK so"
on A state "CKR_OK 4"
pkcs11 -L >slots 2>&1
grep -q "SO PIN count low" slots && { cat slots; fail "all tries are there again and it is not said"; }
on A "sign rsa $P11_RSA_LABEL" not
on A "login $P11_PIN" CKR_USER_ANOTHER_ALREADY_LOGGED_IN
on A "initpin 12345" CKR_PIN_LEN_RANGE
on B "sign rsa $P11_RSA_LABEL"
on A "initpin 135792"
on B state "CKR_OK 0"
on B "sign rsa $P11_RSA_LABEL" not
on B "login $P11_PIN" CKR_PIN_INCORRECT
on B "login 135792"
on B "sign rsa $P11_RSA_LABEL"
on B logout

# blocked by another program at the card
token foreign 00A404000BA000000308000010000100
for n in 1 2 3; do token foreign "00200080083939393939393${n}FF"; done
on B "login 135792" CKR_PIN_LOCKED
on B pin "CKR_OK*locked*"
on A "initpin 246801"
on B pin CKR_OK
on B "login 246801"
on B "sign rsa $P11_RSA_LABEL"

# the SO-PIN itself
on A "setpin 11111111 55555555" CKR_PIN_INCORRECT
on A "setpin $P11_PUK 55555555"
on A logout
on A "login $P11_PUK so" CKR_PIN_INCORRECT
on A "login 55555555 so"
on B "sign rsa $P11_RSA_LABEL"
