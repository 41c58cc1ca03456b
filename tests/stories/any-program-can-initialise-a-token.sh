#!/bin/sh
# C_InitToken: not while a session is open, not with a wrong SO-PIN, and then nothing is erased. With the
# right one the token is empty and has its new label; C_InitPIN makes it usable. A token from the factory
# takes the SO-PIN that it is given. Until C_InitPIN nobody can log in, and the token says so.
WAYS=direct
. "$(dirname "$0")/story.sh"

program A
on A init
on A open
on A "inittoken $P11_PUK Fresh" CKR_SESSION_EXISTS
on A close
on A "inittoken 11111111 Fresh" CKR_PIN_INCORRECT
on A "open rw"
on A "find certificate $P11_RSA_LABEL"
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
on A close

fresh() { # SO-PIN PIN
	(umask 077; echo "$2" >new)
	on A "open rw Fresh"
	on A "find certificate" CKR_OBJECT_HANDLE_INVALID
	on A "find private" CKR_OBJECT_HANDLE_INVALID
	on A "login 11111111" CKR_USER_PIN_NOT_INITIALIZED
	on A "pin Fresh" "CKR_OK unset"
	# the token remembers, and says how to go on
	configure ""
	until_so bsre-token list
	bsre-token status | tee status
	grep 'PIN is not set' status
	bsre-token status --json | grep '"pin_set": false'
	refused 2 'pin unblock' bsre-token pin verify --pin-file new
	on A close not
	on A "open rw Fresh"
	on A "pin Fresh" "CKR_OK unset"
	on A "login $2" CKR_USER_PIN_NOT_INITIALIZED
	on A "login $1 so"
	on A "initpin $2"
	on A "pin Fresh" "CKR_OK"
	bsre-token status | grep 'PIN is not set' && fail "still said"
	on A logout
	on A "login 11111111" CKR_PIN_INCORRECT
	on A "login $2"
	on A "find private" CKR_OBJECT_HANDLE_INVALID
	on A close
}
on A "inittoken $P11_PUK Fresh"
fresh "$P11_PUK" 357913

# back to the factory's state, by hand: both blocked, then Yubico's RESET
token foreign 00A404000BA000000308000010000100
for n in 1 2 3; do
	token foreign "00200080083939393939393${n}FF"
	token foreign "002400811039393939393939${n}139393939393939${n}1"
done
[ "$(token foreign 00FB0000)" = "ok 9000" ] || fail "the token was not reset"
token unplug
token plug
blank() { bsre-token list | grep -q Fresh && return 1; bsre-token --json list | grep -q '"serial"'; }
until_so blank
on A "inittoken 24681357 Fresh"
fresh 24681357 975313
configure ""
until_so bsre-token list
bsre-token status --json | grep '"pin_set": true' || fail "the token has forgotten that its PIN is set"
