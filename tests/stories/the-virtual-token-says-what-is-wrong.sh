#!/bin/sh
# bsre-vtoken's own command line: what it refuses, with which words and exit status, and that it leaves
# files as they are; its sockets survive a kill -9.
set -u
STORY=$(basename "$0" .sh)
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
export TOP_SRCDIR
vtoken=$TOP_BUILDDIR/bsre-vtoken
work=$(mktemp -d)
pids=
cleanup() {
	# shellcheck disable=SC2086  # a list
	[ -z "$pids" ] || kill $pids 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
cd "$work" || exit 1
fail() { echo "$STORY: $*" >&2; exit 1; }
# refused STATUS PATTERN ARGUMENTS...
refused() {
	wanted=$1 pattern=$2; shift 2
	got=0
	timeout 10 "$vtoken" "$@" >out 2>err || got=$?
	[ "$got" = "$wanted" ] || fail "exit status $got, not $wanted: $*"
	grep -q -e "$pattern" err || fail "it does not say '$pattern' but: $(cat err)"
	echo "refused: $* ($(head -n 1 err))"
}
start() { # ARGUMENTS...: a token on sock and ctl
	"$vtoken" --state state --listen sock --control ctl "$@" 2>log &
	last=$!
	pids="$pids $last"
	i=0
	until "$vtoken" ctl ctl status >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 200 ] || fail "it does not start: $(cat log)"
		sleep 0.05
	done
}
ended() { wait "$last"; }

refused 64 '^usage' --state state
refused 64 '^usage' --listen sock
refused 64 '^usage' --state state --listen sock more
refused 64 '^usage' --state state --replay text --listen sock
for wrong in '--timing E' '--model best' '--vpcd 0' '--vpcd 70000' '--vpcd x' '--serial 0' '--serial -1' \
	'--atr 3B' '--atr t2' '--seed x' '--colour red'; do
	# shellcheck disable=SC2086  # two words
	refused 64 'usage' --state state --listen sock $wrong
done
[ ! -e state ] || fail "a state was made by a wrong command line"
refused 1 'No such file' --state state --listen nowhere/sock
rm -f state state.key
refused 1 'cannot be' --state nowhere/state --listen sock
refused 1 'cannot be read' --replay nowhere --listen sock
printf 'nonsense\n' >text
refused 1 'line 1' --replay text --listen sock
refused 1 'No such file' ctl nowhere status
refused 64 'usage' ctl nowhere

start --serial 4711
[ "$("$vtoken" ctl ctl serial)" = "ok 4711" ] || fail "another serial number"
refused 1 'another bsre-vtoken is using it' --state state --listen sock2
refused 1 'Address already in use' --state state2 --listen sock
[ "$(stat -c %a sock ctl state state.key | sort -u)" = 600 ] || fail "others may reach it"
for order in nonsense 'cut-at 1' 'trace nowhere/x' 'swap nowhere' 'foreign 0' 'count all' 'atr x' 'timing E'; do
	# shellcheck disable=SC2086  # words
	"$vtoken" ctl ctl $order >said && fail "it took the order $order"
	grep -q '^error ' said || fail "no error for $order"
done
"$vtoken" ctl ctl help | grep -q 'cut-at N before|after' || fail "help is silent about faults"
kill -9 "$last"
ended
start
[ "$("$vtoken" ctl ctl serial)" = "ok 4711" ] || fail "another token after kill -9"
"$vtoken" ctl ctl stop >/dev/null
ended || fail "stop is a failure"
[ ! -e sock ] && [ ! -e ctl ] || fail "sockets were left"
start --new-serial
[ "$("$vtoken" ctl ctl serial)" != "ok 4711" ] || fail "the serial number is not new"
kill "$last"
ended || fail "SIGTERM is a failure"

cp state whole
printf 'hello' >state
refused 1 'not a state file' --state state --listen sock
[ "$(cat state)" = hello ] || fail "the file was touched"
head -c 100 whole >state
refused 1 'cut short' --state state --listen sock
{ head -c 300 whole; printf x; tail -c +302 whole; } >state
cmp -s state whole || refused 1 'changed' --state state --listen sock
cp whole state
head -c 32 /dev/urandom >state.key
refused 1 'key file' --state state --listen sock
printf 'short' >state.key
refused 1 'is not one' --state state --listen sock
cmp state whole || fail "the file was touched"
