#!/bin/sh
# OpenSC looks at a card while a transcript is written; then at the transcript, and sees the same.
set -eu
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
export TOP_SRCDIR TOP_BUILDDIR
command -v pkcs15-tool >/dev/null || { echo "no pkcs15-tool"; exit 77; }
if [ -n "${DESK_DIR:-}" ]; then
	opensc-tool -n && pkcs15-tool -D && pkcs15-tool --auth-id 01 --verify-pin --pin 123456
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$TOP_SRCDIR/tests/tools/card-desk" --options "--record $work/text" sh "$0" >"$work/card" 2>&1
"$TOP_SRCDIR/tests/tools/card-desk" --options "--replay $work/text" sh "$0" >"$work/played" 2>&1
cmp "$work/card" "$work/played"
grep -q 'Personal Identity Verification' "$work/played"
! grep -q 313233343536 "$work/text"		# no PIN in it
echo "$(grep -c '^>' "$work/text") commands played"
