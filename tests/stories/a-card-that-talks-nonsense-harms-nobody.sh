#!/bin/sh
# Replies that are changed, cut, endless or refused at any command of a login and a signature: an error for
# that call, nothing worse; no try is lost by it, the service lives, and the next attempt works.
WAYS=direct
. "$(dirname "$0")/story.sh"

configure "linger = 50"
program A
on A init
service=$(service_pid)
healthy() {
	token faults clear >/dev/null
	tell A finalize; hear A
	on A init >/dev/null
	works() { tell A "open"; hear A; [ "$ANSWER" = CKR_OK ]; }
	until_so works
	tell A "login $P11_PIN"; hear A
	case $ANSWER in CKR_OK) ;; *) fail "after $1 the login says $ANSWER" ;; esac
	tell A "sign rsa $P11_RSA_LABEL x.sig"; hear A
	[ "$ANSWER" = CKR_OK ] || fail "after $1 the signature says $ANSWER"
	verify_rsa message x.sig rsa.pub >/dev/null
	tell A logout; hear A
	gone "$service" && fail "the service died of $1"
	return 0
}
attempt() { # FAULT
	tell A "login $P11_PIN"; hear A; one=$ANSWER
	tell A "sign rsa $P11_RSA_LABEL y.sig"; hear A; two=$ANSWER
	case $two in CKR_OK) verify_rsa message y.sig rsa.pub >/dev/null || fail "a wrong signature after $1" ;; esac
	case "$one $two" in *CKR_PIN_LOCKED*) fail "$1: $one, $two" ;; esac
	echo "$1: $one, $two"
}
for fault in "corrupt-at N" "truncate-at N" "sw-at N 6100" "sw-at N 6CFF" "sw-at N 6F00" "sw-at N 9000" "sw-at N 6982"; do
	for n in 1 2 3 4 5; do
		order=$(echo "$fault" | sed "s/N/$n/")
		healthy "the start" >/dev/null
		sleep 0.1		# the card is closed: what follows begins with SELECT
		# shellcheck disable=SC2086  # an order's words
		token $order >/dev/null
		attempt "$order"
		healthy "$order"
	done
done
t=$(tries)
[ "$t" = 3 ] || fail "$t tries are left"
