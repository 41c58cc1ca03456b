#!/bin/sh
# While A is logged in, B's different wrong PINs never bring the card to its last try: what A proved is proven
# again first, and A signs on without typing. Where nobody is logged in, or the kept PIN is not the card's any
# more, nothing is filled and the last try is nobody's.
DESK="--timing A"
. "$(dirname "$0")/story.sh"

hex() { printf %s "$1" | od -An -tx1 | tr -d ' \n'; }
left() { # tries at the card, which is closed for it; another program reads them
	sleep 0.8
	token foreign 00A404000BA000000308000010000100 >&2
	token foreign 00200080 | sed 's/^ok 63C//'
}
program A
program B
for p in A B; do
	on $p init
	on $p "open rw"
done
on A "login $P11_PIN"
typo() { # COMMAND: at most one try is missing after it
	on B "$1" CKR_PIN_INCORRECT
	[ "$(left)" = 2 ] || fail "$(left) tries at the card after: $1"
	[ "$(tries)" = 2 ] || fail "$(tries) tries are shown after: $1"
}
sleep 0.8		# the card is closed: what fills it opens it anew
typo "login 111111"
typo "login 111112"
typo "login 111113"
sleep 0.8
typo "setpin 111114 730164"
on A state "CKR_OK 3"
on A "sign rsa $P11_RSA_LABEL"
on A "sign rsa $P11_RSA_LABEL"
on B "login 111115" CKR_PIN_INCORRECT
on B "login $P11_PIN"
[ "$(tries)" = 3 ] || fail "$(tries) tries after the right PIN"
on A "sign rsa $P11_RSA_LABEL"
on B "sign rsa $P11_RSA_LABEL"
on B logout

# a try that another PC/SC program spent: the kept PIN is not sent for it, and it is A who logs in again
on B "login 111116" CKR_PIN_INCORRECT
sleep 0.8
token foreign 00A404000BA000000308000010000100
[ "$(token foreign 002000800839393939393939FF)" = "ok 63C1" ] || fail "no try was spent"
token trace "$WORK/trace"
on B "login 111117" CKR_FUNCTION_CANCELED
token trace off
! grep '> 00200080 *0\{0,1\}8' trace || fail "a PIN was sent"
on A "sign rsa $P11_RSA_LABEL" not
bsre-token pin unblock --puk-file "$DESK_DIR/puk" --new-pin-file "$DESK_DIR/pin"

# the PIN was changed at the card: the kept one fails, which costs a try, and B's is not sent behind it
on A "login $P11_PIN"
on B "login 111118" CKR_PIN_INCORRECT
sleep 0.8
token foreign 00A404000BA000000308000010000100
[ "$(token foreign "0024008010$(hex "$P11_PIN")FFFF$(hex 730164)FFFF")" = "ok 9000" ] || fail "the PIN was not changed"
[ "$(token foreign 002000800839393939393939FF)" = "ok 63C2" ] || fail "no try was spent"
sleep 0.2
on B "login 111119" CKR_FUNCTION_CANCELED
[ "$(left)" = 1 ] || fail "$(left) tries at the card, not 1"
on A "sign rsa $P11_RSA_LABEL" not
printf '%s\n' 730164 >pin
bsre-token pin unblock --puk-file "$DESK_DIR/puk" --new-pin-file pin

# nobody is logged in: wrong PINs count as they always did
on B "login 111120" CKR_PIN_INCORRECT
on B "login 111121" CKR_PIN_INCORRECT
[ "$(left)" = 1 ] || fail "$(left) tries at the card, not 1"
on B "login 730164" CKR_FUNCTION_CANCELED
