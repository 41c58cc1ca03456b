#!/bin/sh
# Six virtual tokens behind one pcscd, each with a key of its own, sign at the same time; one that is
# pulled takes nothing from the others.
# shellcheck disable=SC2317  # functions are run by op
NEEDS="yubico-piv-tool openssl"
DESK_OPTIONS="--tokens 6 --reader Token"
# shellcheck source=tests/tools/judge.sh
. "$(dirname "$0")/../tools/judge.sh"
judge "six tokens"
reader() { if [ "$1" = 1 ]; then echo "Token 00 00"; else echo "Token $1 00 00"; fi; }
piv() { n=$1; shift; limited yubico-piv-tool -r "$(reader "$n")" "$@"; }
order() { n=$1; shift; eval "bsre-vtoken ctl \"\$BSRE_VTOKEN_CONTROL${n:+_$n}\" $*"; }
make_key() { piv "$1" -a generate -s 9a -A ECCP256 -o "pub$1.pem" >/dev/null 2>&1; }
sign() {
	for turn in 1 2 3 4 5; do
		piv "$1" -a verify-pin -P 123456 --sign -s 9a -A ECCP256 -H SHA256 -i message -o "sig$1" >/dev/null 2>&1 &&
			openssl dgst -sha256 -verify "pub$1.pem" -signature "sig$1" message >/dev/null || return
	done
	touch "done$1"
}
together() {
	for n in "$@"; do sign "$n" & done
	wait
	for n in "$@"; do [ -e "done$n" ] || { echo "token $n"; return 1; }; rm "done$n"; done
}
serials() { for n in '' 2 3 4 5 6; do order "$n" serial; done | sort -u | wc -l; }
op "six serial numbers" test "$(serials)" = 6
for n in 1 2 3 4 5 6; do op "a key in token $n" make_key "$n"; done
op "five signatures in each, at the same time" together 1 2 3 4 5 6
op "token 3 is pulled" order 3 unplug
op "the others go on" together 1 2 4 5 6
denied "token 3" piv 3 -a status
op "token 3 is back" order 3 plug
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	piv 3 -a status >/dev/null 2>&1 && break
	sleep 0.5
done
op "and signs" together 3
verdict
