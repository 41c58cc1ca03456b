#!/bin/sh
# A wrong PIN says how many tries are left; the same wrong PIN is not sent again; the last try is never
# spent for a program.
. "$(dirname "$0")/story.sh"

umask 077
printf '111111\n' >wrong
refused 2 '2 tries' bsre-token pin verify --pin-file wrong
token count reset
# the same again: refused without asking the token
refused 2 'not sent' bsre-token pin verify --pin-file wrong
program A
on A init
on A open
on A pin "CKR_OK low*"
on A "login 222222" CKR_PIN_INCORRECT
on A pin "CKR_OK *final*"
on A "login 333333" CKR_FUNCTION_CANCELED
on A "login $P11_PIN" CKR_FUNCTION_CANCELED
bsre-token status | tee status
grep -q '1' status
