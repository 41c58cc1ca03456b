#!/bin/sh
# After idle-limit without use the PIN is forgotten: the session lives on as a public one and using a key
# says CKR_USER_NOT_LOGGED_IN. A login that is used lives on.
WAYS=direct
. "$(dirname "$0")/story.sh"

configure "idle-limit = 3"
program A
program B
for p in A B; do
	on $p init
	on $p open
	on $p "login $P11_PIN"
	on $p "sign-init rsa $P11_RSA_LABEL"
done
on B sign-final
on B "signs-every 500 rsa $P11_RSA_LABEL 8"
on A state "CKR_OK 0"
on A sign-final CKR_USER_NOT_LOGGED_IN
on A "find certificate $P11_RSA_LABEL"
on B state "CKR_OK 1"
on A "login $P11_PIN"
on A sign-final			# the operation waited
on B "sign-init rsa $P11_SIGN_LABEL"
on B "login $P11_PIN context"
sleep 3.5
on B sign-final CKR_USER_NOT_LOGGED_IN	# what was given for one signature is forgotten too
on B state "CKR_OK 0"
on B "login $P11_PIN"			# which is for the operation that waits as well
on B sign-final
on B "sign-init rsa $P11_SIGN_LABEL"
on B sign-final CKR_USER_NOT_LOGGED_IN	# and for that one alone
