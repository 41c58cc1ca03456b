#!/bin/sh
# A key that always authenticates: each signature needs its own context login, a kept PIN does not serve,
# one login does not serve two operations, and it ends with the operation it was given for.
. "$(dirname "$0")/story.sh"

program A
on A init
on A open
on A "login $P11_PIN"
on A "sign-init rsa $P11_SIGN_LABEL"
on A sign-final CKR_USER_NOT_LOGGED_IN
on A "login $P11_PIN context"		# the operation is still there
on A sign-final
on A "sign rsa $P11_SIGN_LABEL" CKR_USER_NOT_LOGGED_IN

on A "sign-init rsa $P11_SIGN_LABEL"
on A "login 111111 context" CKR_PIN_INCORRECT
on A sign-final CKR_USER_NOT_LOGGED_IN
on A "login $P11_PIN context"
sleep 0.7				# the card is closed between
on A sign-final
on A sign-final CKR_OPERATION_NOT_INITIALIZED
on A "login $P11_PIN context" CKR_OPERATION_NOT_INITIALIZED

# a login given for an operation that was cancelled is no good for the next
on A "sign-init rsa $P11_SIGN_LABEL"
on A "login $P11_PIN context"
on A sign-cancel
on A "sign-init rsa $P11_SIGN_LABEL"
on A sign-final CKR_USER_NOT_LOGGED_IN
on A sign-cancel

# nor in another session; and one for the signature does not decrypt as well
on A "sign-init rsa $P11_SIGN_LABEL"
on A "login $P11_PIN context"
on A open
on A "sign-init rsa $P11_SIGN_LABEL"
on A sign-final CKR_USER_NOT_LOGGED_IN
on A "use 1"
on A sign-final
on A "use 2"
on A sign-final CKR_USER_NOT_LOGGED_IN
on A sign-cancel
on A "sign-init rsa $P11_SIGN_LABEL"
on A "decrypt-init $P11_SIGN_LABEL"
on A "login $P11_PIN context"
on A "both-final" "CKR_USER_NOT_LOGGED_IN*"

# what is too long for one frame is at the service when the PIN is asked for: nothing else is signed with it
on A sign-cancel "*"
on A "sign-init rsa $P11_SIGN_LABEL"
on A "sign-bytes a 70000" CKR_USER_NOT_LOGGED_IN
on A "login $P11_PIN context"
on A "sign-bytes b 70000" CKR_DATA_INVALID
for data in "a 70000" "a 3"; do
	on A "sign-init rsa $P11_SIGN_LABEL"
	on A "sign-bytes a 70000" CKR_USER_NOT_LOGGED_IN
	on A "login $P11_PIN context"
	case $data in
	"a 3") on A "sign-bytes $data" CKR_DATA_INVALID ;;
	*) on A "sign-bytes $data long.sig" ;;
	esac
done
head -c 70000 /dev/zero | tr '\0' a >long
verify_rsa long long.sig sign.pub

# the other program's logout is not this one's affair, its own login is needed all the same
on A sign-cancel "*"
program B
on B init
on B open
on B "sign-init rsa $P11_SIGN_LABEL" not
