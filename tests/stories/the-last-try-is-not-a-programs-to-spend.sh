#!/bin/sh
# With one try left no program's PIN is sent, right or wrong: not at C_Login, not at C_SetPIN, not a kept
# one, and not after an unblocking that left the count unknown. A person at the utility can.
WAYS="${STORY_WAYS:-pcscd direct piv-opensc}"
. "$(dirname "$0")/story.sh"

program A
program B
for p in A B; do
	on $p init
	on $p "open rw"
done
on B "login 111111" CKR_PIN_INCORRECT
on B "login 222222" CKR_PIN_INCORRECT
on B pin "CKR_OK low final*"
on B "login 333333" CKR_FUNCTION_CANCELED
on B "login $P11_PIN" CKR_FUNCTION_CANCELED
on B "setpin $P11_PIN 654321" CKR_FUNCTION_CANCELED
printf '%s\n' "$P11_PIN" >pin
refused 2 'one try' bsre-token pin verify --pin-file pin
on A pin "CKR_OK low final*"

# unblocked, and then tries lost by another program at the card: not the last one either
bsre-token pin unblock --puk-file "$DESK_DIR/puk" --new-pin-file pin
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
bsre-token pin unblock --puk-file "$DESK_DIR/puk" --new-pin-file pin
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
sleep 0.7
token foreign 00A404000BA000000308000010000100
token foreign 002000800839393939393939FF
token foreign 002000800839393939393938FF
on A "sign rsa $P11_RSA_LABEL" "CKR_USER_NOT_LOGGED_IN*"
# the kept PIN is right, but a program may not spend the last try on it
[ "$(token foreign 00200080)" = "ok 63C1" ] || fail "the last try is gone"
