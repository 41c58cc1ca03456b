#!/bin/sh
# Whoever's module serves a card: after the last logout, after a program's death and after a wrong PIN another
# program gets in at once, and its raw APDU gets nothing from a private key.
WAYS="piv-opensc piv-ykcs11 cac"
# shellcheck source=tests/stories/story.sh
. "$(dirname "$0")/story.sh"

pad=0001$(printf 'ff%.0s' $(seq 1 253))00
part() { printf %s "$1" | cut -c "$2"; }
case $P11_CARD in
cac)	# SELECT of the first key's applet, VERIFY, then SIGN/DECRYPT in two parts
	select=00A4040007A0000000790100
	verify=0020000008$(printf %s "$P11_PIN" | xxd -p)FFFF
	first=80428000F0$(part "$pad" 1-480)
	second=8042000010$(part "$pad" 481-512)00 ;;
*)	# SELECT, VERIFY, then GENERAL AUTHENTICATE with 9A, chained
	select=00A404000BA000000308000010000100
	verify=0020008008$(printf %s "$P11_PIN" | xxd -p)FFFF
	block=7C820106820081820100$pad
	first=1087079AFF$(part "$block" 1-510)
	second=0087079A0B$(part "$block" 511-)00 ;;
esac
# raw [APDU]: another program has the card sign, after a further APDU if there is one; the last status word
raw() {
	printf '%s\n' "connect shared" begin "send $select" ${1:+"send $1"} "send $first" "send $second" "end leave" |
		timeout 20 "$TOP_BUILDDIR/tests/stories/pcscclient" >raw.out || { cat raw.out; fail "another program does not get in"; }
	[ "$(tail -n 1 raw.out)" = OK ] || { cat raw.out; fail "another program does not get through"; }
	tail -n 2 raw.out | sed -n '1s/^OK \(....\).*/\1/p'
}
closed=$(raw)
case $closed in 69*) ;; *) cat raw.out; fail "nobody is logged in, and the card answers $closed" ;; esac
open=$(raw "$verify")
case $open in 9000 | 61*) ;; *) cat raw.out; fail "this raw signature does not work: $open" ;; esac
token unplug
# shellcheck disable=SC2317
gone_again() { ! bsre-token list | grep -q "$P11_TOKEN"; }
until_so gone_again
token plug
until_so sh -c "bsre-token list | grep -q '$P11_TOKEN'"
is_closed() {
	sw=$(raw)
	[ "$sw" = "$closed" ] || { cat raw.out; fail "$1 the card answers $sw, not $closed"; }
}
is_closed "after it was plugged in again"

program A
on A init
on A open
on A "login $P11_PIN"
on A "sign rsa id:$P11_RSA_ID"
on A logout
is_closed "after the logout"

on A "login $P11_PIN"
on A "sign rsa id:$P11_RSA_ID"
# shellcheck disable=SC2154  # set by program
kill -9 "$pid_A"
until_so gone "$pid_A"
is_closed "after the program's death"

program B
on B init
on B open
on B "login 000000" not
is_closed "after a wrong PIN"
on B "login $P11_PIN"
is_closed "while somebody is logged in and does nothing"
on B "sign rsa id:$P11_RSA_ID b.sig"
verify_rsa message b.sig rsa.pub
