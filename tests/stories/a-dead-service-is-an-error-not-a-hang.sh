#!/bin/sh
# The token service is absent or is killed under way: programs get an error and live on, and everything
# works again when it is back.
. "$(dirname "$0")/story.sh"

program A
program B
for p in A B; do
	on $p init
	on $p open
	on $p "login $P11_PIN"
done
tell A "signs rsa $P11_RSA_LABEL 100000"
tell B "signs ecdsa $P11_EC_LABEL 100000"
sleep 0.2	# both are signing
pid=$(service_pid)
kill -9 "$pid"
until_so gone "$pid"
for p in A B; do
	hear $p
	echo "$p: signs: $ANSWER"
	case $ANSWER in
	"CKR_DEVICE_REMOVED "* | "CKR_SESSION_HANDLE_INVALID "* | "CKR_TOKEN_NOT_PRESENT "*) ;;
	*) fail "$p answers $ANSWER" ;;
	esac
	[ "${ANSWER##* }" -lt 3000 ] || fail "that took ${ANSWER##* } ms"
done
on A slots "CKR_OK 0"
on A open CKR_TOKEN_NOT_PRESENT
pkcs11-tool --module "$P11_MODULE" -L
refused 3 'not running' bsre-token list

service_start
on A open
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL a.sig"
verify_rsa message a.sig rsa.pub
on B state "CKR_SESSION_HANDLE_INVALID*"
on B open
on B "sign ecdsa $P11_EC_LABEL" not
