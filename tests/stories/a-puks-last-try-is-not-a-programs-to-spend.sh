#!/bin/sh
# No program spends the last try of a PUK, at C_InitToken no more than at C_Login, and a wrong one is not sent
# twice; a person at the utility can, after a word that says so.
WAYS=direct
. "$(dirname "$0")/story.sh"

puk_tries() { bsre-token --json status | sed -n 's/.*"puk_tries": *\([0-9]*\).*/\1/p' | head -n 1; }
program C
on C init
on C "inittoken 00000000 x" CKR_PIN_INCORRECT
on C "inittoken 00000000 x" CKR_PIN_INCORRECT	# not sent again
on C "open rw"
on C "login 00000001 so" CKR_PIN_INCORRECT
on C "login 00000002 so" CKR_FUNCTION_CANCELED
on C "login $P11_PUK so" CKR_FUNCTION_CANCELED
on C close
on C "inittoken 00000003 x" CKR_FUNCTION_CANCELED
[ "$(puk_tries)" = 1 ] || fail "$(puk_tries) tries for the PUK"
refused 2 '' bsre-token pin unblock --puk-file "$DESK_DIR/puk" --new-pin-file "$DESK_DIR/pin"
