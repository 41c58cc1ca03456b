#!/bin/sh
# scripts/demo: a blank token signs a PDF, and OpenSSL alone verifies it; twice, without a terminal.
set -eu
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
export TOP_SRCDIR TOP_BUILDDIR
for run in first second; do
	out=$("$TOP_SRCDIR/scripts/demo" </dev/null 2>&1) || { echo "$out"; exit 1; }
	case $out in *'CMS Verification successful'*) ;; *) echo "$out"; echo "the $run run verified nothing"; exit 1 ;; esac
	case $out in *"$(printf '\033')"*) echo "colours without a terminal"; exit 1 ;; esac
done
echo "$out"
