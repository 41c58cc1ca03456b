#!/bin/sh
# The worker of one token is killed in the midst of a signature: that call fails at once, the token comes
# back by itself, and a second token's programs notice nothing.
DESK="--tokens 2 --timing A"
. "$(dirname "$0")/story.sh"

program A
program B
for p in A B; do on $p init; done
on A "open ro Test_Token"
on B "open ro Test_Token_2"
for p in A B; do
	on $p "login $P11_PIN"
	on $p "signs rsa $P11_RSA_LABEL 1"
done
for p in A B; do tell $p "signs rsa $P11_RSA_LABEL 20"; done
sleep 0.5
# both cards are in the midst of a command, whatever the machine does to the programs in between
second() { bsre-vtoken ctl "$BSRE_VTOKEN_CONTROL_2" "$@"; }
token stall-at 1 4000
second stall-at 1 4000
stalled() { token status | grep -q 'busy.* faults 0' && second status | grep -q 'busy.* faults 0'; }
until_so stalled
kill -9 "$(service_child worker | head -n 1)"	# which of the two it serves is not told
hear A
a=$ANSWER
hear B
echo "A: $a; B: $ANSWER"
case "$a; $ANSWER" in
"CKR_DEVICE_REMOVED "*"; CKR_OK 20 "*) lost=A label=Test_Token ;;
"CKR_OK 20 "*"; CKR_DEVICE_REMOVED "*) lost=B label=Test_Token_2 ;;
*) fail "A: $a; B: $ANSWER" ;;
esac
on $lost state "CKR_SESSION_HANDLE_INVALID*"
there() { tell $lost "open ro $label"; hear $lost; [ "$ANSWER" = CKR_OK ]; }
until_so there
on $lost "login $P11_PIN"
on $lost "sign rsa $P11_RSA_LABEL"
