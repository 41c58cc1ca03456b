#!/bin/sh
# The control of the clients' scripts: over a module whose signatures are wrong, and with a wrong PIN, each
# of them fails. A script that passes then has verified nothing.
. "$(dirname "$0")/lib.sh"
for how in broken wrong-pin; do
	# shellcheck disable=SC2086  # a list of names
	"$HERE/run-all" --$how ${CLIENTS:-} || fail "with $how not all failed"
done
ok "with wrong signatures, and with a wrong PIN, every client's script fails"
