#!/bin/sh
# The token is pulled at sampled commands of each operation, before the card has it or before the answer
# is out: the call says so at once, the session is dead, no PIN try is gone, and after it is put in again
# everything works.
WAYS=direct
. "$(dirname "$0")/story.sh"

program A
on A init
back() {
	token faults clear >/dev/null
	token plug >/dev/null
	there() { tell A "open rw"; hear A; [ "$ANSWER" = CKR_OK ]; }
	until_so there
}
# cut COMMAND: what A says, with the token pulled at the N-th command of it
cut() { # NAME COMMAND...
	name=$1; shift
	for n in 1 2 3 5 8; do
		for when in before after; do
			back
			[ "$name" = login ] || { tell A "login $P11_PIN"; hear A; }
			token count reset >/dev/null
			token cut-at $n $when >/dev/null
			began=$(date +%s%N)
			tell A "$*"; hear A
			took=$((($(date +%s%N) - began) / 1000000))
			if token status | grep -q ' unplugged '; then
				case $ANSWER in
				CKR_DEVICE_REMOVED*) ;;
				*) fail "$name, pulled at $n, $when: $ANSWER" ;;
				esac
				tell A state; hear A
				case $ANSWER in CKR_SESSION_HANDLE_INVALID*) ;; *) fail "$name $n $when: then state says $ANSWER" ;; esac
			else
				case $ANSWER in CKR_OK*) ;; *) fail "$name has fewer than $n commands and says $ANSWER" ;; esac
			fi
			[ "$took" -lt 2000 ] || fail "$name $n $when took $took ms"
			tell A close; hear A
		done
	done
	echo "$name: each time an error, and a dead session"
}
cut login "login $P11_PIN"
cut signature "sign rsa $P11_RSA_LABEL"
cut setpin "setpin $P11_PIN $P11_PIN"
back
[ "$(tries)" = 3 ] || fail "tries were lost: $(tries)"

# the utility's operations, the same way
cutcli() { # NAME COMMAND...
	name=$1; shift
	for n in 2 6 11 17; do
		back
		tell A close; hear A
		token cut-at $n before >/dev/null
		status=0
		timeout 20 "$@" >out 2>&1 || status=$?
		if token status | grep -q ' unplugged '; then
			[ $status = 3 ] || { cat out; fail "$name, pulled at $n: exit status $status"; }
		fi
	done
	echo "$name: exit status 3"
}
pin="$DESK_DIR/pin"
cutcli generate bsre-token key generate --slot 82 --alg p256 --label cut --pin-file "$pin" --yes
cutcli import bsre-token cert import "$TEST_CA_DIR/rsa.pem" --pin-file "$pin" --yes
cutcli list bsre-token key list
back
[ "$(tries)" = 3 ] || fail "tries were lost: $(tries)"
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL a.sig"
verify_rsa message a.sig rsa.pub
on A "sign ecdsa $P11_EC_LABEL b.sig"
