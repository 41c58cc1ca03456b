#!/bin/sh
# After the last logout another program's raw APDU to the card gets 6982 for a private key.
WAYS=pcscd
. "$(dirname "$0")/story.sh"

# GENERAL AUTHENTICATE with 9A, RSA-2048: 7C 82 01 06 { 82 00, 81 82 01 00 <block> }, chained
block=$(printf '0001'; printf 'ff%.0s' $(seq 1 253); printf '00')
template="7C8201068200818201 00$block"
template=$(printf %s "$template" | tr -d ' ')
raw_signature() {
	first=$(printf %s "$template" | cut -c1-510)
	second=$(printf %s "$template" | cut -c511-)
	timeout 30 opensc-tool --reader 0 \
		-s 00A404000BA000000308000010000100 \
		-s "1087079AFF$first" \
		-s "0087079A$(printf %02X $((${#second} / 2)))${second}00" >raw 2>&1 || { cat raw; fail "opensc-tool"; }
	grep -o 'SW1=0x[0-9A-F]*, SW2=0x[0-9A-F]*' raw | tail -n 1 | sed 's/SW.=0x//g; s/, //'
}
[ "$(raw_signature)" = 6982 ] || fail "the card was open before anybody logged in"

program A
on A init
on A open
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
on A logout
sw=$(raw_signature)
[ "$sw" = 6982 ] || { cat raw; fail "after the logout the card answers $sw"; }

# and after a program that just died
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
# shellcheck disable=SC2154  # set by program
kill -9 "$pid_A"
until_so gone "$pid_A"
sw=$(raw_signature)
[ "$sw" = 6982 ] || { cat raw; fail "after the program's death the card answers $sw"; }
