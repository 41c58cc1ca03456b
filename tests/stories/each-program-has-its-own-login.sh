#!/bin/sh
# Two programs are logged in and one logs out: the other goes on. A third that never logged in cannot
# sign, and after the last logout nobody can, not even by a raw APDU.
WAYS="${STORY_WAYS:-pcscd direct piv-opensc softhsm}"
. "$(dirname "$0")/story.sh"

for p in A B C; do
	program $p
	on $p init
	on $p open
done
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
on B "sign rsa $P11_RSA_LABEL" not
on B "login $P11_PIN"
on B "sign rsa $P11_RSA_LABEL"
on C "sign rsa $P11_RSA_LABEL" not

on A logout
on A "sign rsa $P11_RSA_LABEL" not
on A "sign rsa -" not	# the handle that it still has
on B "sign rsa $P11_RSA_LABEL b.sig"
verify_rsa message b.sig rsa.pub
on C "sign ecdsa $P11_EC_LABEL" not

# a wrong PIN of one program is not the other's affair
on C "login 999999" CKR_PIN_INCORRECT
on B "sign rsa $P11_RSA_LABEL"
on A "login $P11_PIN"

on A logout
on B logout
on B "sign rsa $P11_RSA_LABEL" not
