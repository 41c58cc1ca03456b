#!/bin/sh
# Where nothing runs the service, utilities that come at the same time start one, and it is one.
WAYS=direct DESK="--tokens 0 --blank"
. "$(dirname "$0")/story.sh"

# nobody's child may stay a zombie where no init buries it
ended() { ! grep -q '^State:.*[RSD]' "/proc/$1/status" 2>/dev/null; }

XDG_RUNTIME_DIR=$PWD/run
export XDG_RUNTIME_DIR
mkdir -m 700 run
unset BSRE_TOKEND_SOCKET
pids=
for i in 1 2 3 4 5 6; do
	bsre-token list --json >list.$i 2>err.$i &
	pids="$pids $!"
done
for pid in $pids; do
	status=0
	wait "$pid" || status=$?
	[ $status = 3 ] || { cat err.*; fail "a utility ended with $status, not 3: the service is there, a token is not"; }
done
service=$(env -u LD_PRELOAD pgrep -f -- "--socket $PWD/run/bsre-token/socket")
[ "$(echo "$service" | wc -l)" = 1 ] || fail "not one service: $service"
[ "$(stat -c %a run/bsre-token)" = 700 ]
# it holds nothing of who started it
if readlink "/proc/$service/fd"/* | grep "$PWD/list"; then fail "it holds a file of the utility"; fi
[ "$(readlink "/proc/$service/cwd")" = / ]
expect 3 bsre-token status
kill "$service"
until_so ended "$service"
# a socket that a dead service left is no obstacle
expect 3 bsre-token list
service=$(env -u LD_PRELOAD pgrep -f -- "--socket $PWD/run/bsre-token/socket")
kill -9 "$service"
until_so ended "$service"
expect 3 bsre-token list
service=$(env -u LD_PRELOAD pgrep -f -- "--socket $PWD/run/bsre-token/socket")
kill "$service"
until_so ended "$service"
# no program to start
refused 3 'not running' env BSRE_TOKEND=/nonexistent XDG_RUNTIME_DIR="$PWD/other" bsre-token list
