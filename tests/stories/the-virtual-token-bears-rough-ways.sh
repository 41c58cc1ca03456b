#!/bin/sh
# bsre-vtoken bears what orders, files and readers do to it: nothing of it ends it, stops it or makes
# it say a secret.
set -eu
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
exec python3 "$TOP_SRCDIR/tests/tools/rough.py" "$TOP_BUILDDIR/bsre-vtoken"
