#!/bin/sh
# Each fault order of the virtual token, seen by a PC/SC program and at the token's own socket.
set -u
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
export TOP_SRCDIR TOP_BUILDDIR
if [ -z "${DESK_DIR:-}" ]; then
	exec "$TOP_SRCDIR/tests/tools/card-desk" sh "$0"
fi
# a second token to be put in the first one's place: made, and then asleep in its file
bsre-vtoken --state "$DESK_DIR/other.state" --listen "$DESK_DIR/other.sock" --control "$DESK_DIR/other.control" &
until bsre-vtoken ctl "$DESK_DIR/other.control" stop 2>/dev/null; do sleep 0.05; done
wait
python3 "$TOP_SRCDIR/tests/tools/faults.py" pcscd && python3 "$TOP_SRCDIR/tests/tools/faults.py" direct
