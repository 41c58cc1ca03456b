#!/bin/sh
# A login is a program's own: a reset, another application selected, another program's typo at the card
# do not end it, and no PIN is ever sent before the PIV application was selected in that transaction.
. "$(dirname "$0")/story.sh"

management=00A4040008A000000527471117
sleep 0.8			# what identified the token is over: the card is closed
token trace "$WORK/trace"
program A
on A init
on A open
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"

token reset			# in the open transaction
on A "sign rsa $P11_RSA_LABEL"
sleep 0.7			# it is closed now
token reset
on A "sign rsa $P11_RSA_LABEL"
token foreign $management	# another application is current, in the open transaction
on A "sign rsa $P11_RSA_LABEL"
sleep 0.7
token foreign $management	# and between two
on A "sign rsa $P11_RSA_LABEL"
on A state "CKR_OK 1"
[ "$(tries)" = 3 ] || fail "that cost a try"

# another program's typo spends a try, and costs nobody a login
program B
on B init
on B open
on B "login 111111" CKR_PIN_INCORRECT
on A "sign rsa $P11_RSA_LABEL"
on B "login $P11_PIN"
on B "sign rsa $P11_RSA_LABEL"
token trace off

awk '/> 00A4040.*A000000308/ { here = 1 } /> 0020FF80|> 00A4040.*A000000527/ { here = 0 }
	/> 00200080 *0?8/ { n++; if (!here) { print "a PIN before SELECT: " $0; bad = 1 } }
	END { if (n < 5) { print n " VERIFY commands seen"; bad = 1 }; exit bad }' trace || { cat trace; fail "the trace"; }
