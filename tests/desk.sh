#!/bin/sh
# with-token keeps its word: its exit status is its command's, several run side by side, and nothing is
# left behind, whatever happened.
set -eu
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
export TOP_SRCDIR TOP_BUILDDIR
fail() { echo "$*" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR="$work"
desk="$TOP_SRCDIR/scripts/with-token"
status() { got=0; "$@" >"$work/out" 2>&1 || got=$?; echo $got; }
nothing_left() { # the pids that the desk wrote down, and its folder
	for f in "$1"/*.pid; do
		[ ! -e "$f" ] || ! kill -0 "$(cat "$f")" 2>/dev/null || fail "$(basename "$f") lives on"
	done
}

[ "$(status "$desk" --direct sh -c 'exit 7')" = 7 ] || fail "the exit status is not the command's"
[ "$(status "$desk" --direct sh -c 'kill -9 $$')" = 137 ] || fail "a killed command is not told"
[ "$(status "$desk" --direct no-such-command)" = 127 ] || fail "a missing command is not told"
[ "$(status "$desk" --nonsense true)" = 64 ] || fail "a wrong option is not told"
left=$(find "$work" -mindepth 1 ! -name out)
[ -z "$left" ] || fail "this is left: $left"

# several side by side, each with its own token
for i in 1 2 3; do
	"$desk" --pcscd --keep "$work/side$i" sh -c 'bsre-token list && sleep 1' >"$work/out$i" 2>&1 &
done
wait
for i in 1 2 3; do
	grep -q 20260001 "$work/out$i" || { cat "$work/out$i"; fail "desk $i of three has no token"; }
	nothing_left "$work/side$i"
done

# two tokens at one desk
"$desk" --pcscd --tokens 2 bsre-token list >"$work/out" 2>&1 || { cat "$work/out"; fail "two tokens"; }
grep -q 20260001 "$work/out" && grep -q 20260002 "$work/out" || { cat "$work/out"; fail "not two tokens"; }

# ended from outside, gently and not: what ran goes with it, what was in the background too
for signal in TERM KILL; do
	keep=$work/$signal
	"$desk" --pcscd --keep "$keep" sh -c 'sleep 100 & echo $! >"$DESK_DIR/stray.pid"; echo $$ >"$DESK_DIR/command.pid"; sleep 100' \
		>"$work/out" 2>&1 &
	pid=$!
	i=0
	until [ -s "$keep/command.pid" ]; do
		i=$((i + 1))
		[ $i -lt 400 ] || { cat "$work/out"; fail "the desk does not come up"; }
		sleep 0.05
	done
	kill -"$signal" "$pid"
	wait "$pid" || true
	[ $signal = TERM ] || kill "$(cat "$keep/stray.pid")" 2>/dev/null || true	# nobody is left to adopt it
	i=0
	until (nothing_left "$keep") 2>/dev/null; do
		i=$((i + 1))
		[ $i -lt 100 ] || nothing_left "$keep"
		sleep 0.05
	done
done
