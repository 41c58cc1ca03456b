#!/bin/sh
# Programs sign without a pause, or always a moment before the card would be closed: another program at
# PC/SC gets the card within five seconds all the same, and finds it closed.
WAYS=pcscd
. "$(dirname "$0")/story.sh"

in_time() {
	on C begin "OK*"
	[ "${ANSWER#OK }" -lt 5000 ] || fail "it waited ${ANSWER#OK } ms"
	on C "send 00A404000BA000000308000010000100" "OK 9000*"
	on C "send 00200080" "OK 63C3*"
	on C "end leave" "OK*"
}
program A
program B
program C pcscclient
for p in A B; do
	on $p init
	on $p open
	on $p "login $P11_PIN"
done
on C "connect shared" "OK*"
tell A "signs rsa $P11_RSA_LABEL 1000000"
tell B "signs ecdsa $P11_EC_LABEL 1000000"
sleep 0.3
in_time
in_time
# shellcheck disable=SC2154  # set by program
kill "$pid_A" "$pid_B"
until_so gone "$pid_A"
until_so gone "$pid_B"

# one program, and each of its signatures comes when the card has just been closed
exec 3>&- 4<&-
rm A.in A.out
program A
on A init
on A open
on A "login $P11_PIN"
on A "signs rsa $P11_RSA_LABEL 1"
tell A "signs-every 506 rsa $P11_RSA_LABEL 14"
sleep 0.2
in_time
hear A
echo "$ANSWER"
case $ANSWER in "CKR_OK 14 "*) ;; *) fail "signatures under load: $ANSWER" ;; esac
