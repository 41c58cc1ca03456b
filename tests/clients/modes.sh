#!/bin/sh
# Programs in login modes, with the service's dialog answered by a scripted pinentry: a table of who bears what.
# usage: scripts/with-token --pcscd tests/clients/modes.sh [MODE CLIENT...]
# MODE: app-pin, pap, on-use, or several in one word. Where none is named: the programs whose own mode asks by a
# dialog, then others that know pap. The table says passed or failed, and how many dialogs a person would have seen.
# Exit 0 where all passed.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
: "${TOP_SRCDIR:=$(cd "$HERE/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
export TOP_SRCDIR TOP_BUILDDIR
[ -n "${DESK_DIR:-}" ] || exec "$TOP_SRCDIR/scripts/with-token" --pcscd sh "$HERE/modes.sh" "$@"
mode() { # MODE: the service anew, every program in that mode
	printf '%s\n' "prompt = $TOP_SRCDIR/tests/tools/pinentry.py" "prompt-limit = 20" "app = */* $1" \
		>"$DESK_DIR/tokend.conf"
	kill "$(cat "$DESK_DIR/tokend.pid")"
	while kill -0 "$(cat "$DESK_DIR/tokend.pid")" 2>/dev/null; do
		case $(sed 's/.*) //' "/proc/$(cat "$DESK_DIR/tokend.pid")/stat" 2>/dev/null) in Z* | '') break ;; esac
		sleep 0.1
	done
	rm -f "$BSRE_TOKEND_SOCKET"
	PINENTRY_DIR=$DESK_DIR sh "$DESK_DIR/tokend.start" >>"$DESK_DIR/tokend.log" 2>&1 &
	echo $! >"$DESK_DIR/tokend.pid"
	until [ -S "$BSRE_TOKEND_SOCKET" ]; do sleep 0.05; done
}
DISPLAY=${DISPLAY:-:77}	# a desktop is told of; programs with windows make one of their own
export DISPLAY
table=$DESK_DIR/modes.table
: >"$table"
status=0
try() { # MODES CLIENT...
	modes=$1; shift
	for m in $modes; do
		mode "$m"
		for client; do run "$m" "$client"; done
	done
}
run() { # MODE CLIENT
	client=$2
	echo "always pin $P11_PIN" >"$DESK_DIR/pinentry.todo"
	: >"$DESK_DIR/pinentry.log"
	got=0
	CLIENTS_MODE=$1 timeout -k 20 "${CLIENT_TIMEOUT:-240}" sh "$HERE/$client.sh" || got=$?
	case $got in 0) said=passed ;; 77) said=skipped ;; *) said=failed ;; esac
	[ "$said" != failed ] || status=1
	printf '%-16s %-8s %-8s %s dialogs\n' "$client" "$1" "$said" "$(grep -c '^DOES' "$DESK_DIR/pinentry.log")" >>"$table"
}
if [ $# -gt 0 ]; then
	try "$@"
else
	try on-use java openssh openssl-engine
	try pap nss p11tool
fi
cat "$table"
exit $status
