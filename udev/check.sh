#!/bin/sh
# The table of readers is sorted, has no model twice, and makes the rule that is installed.
set -eu
cd "$TOP_SRCDIR/udev"
grep -v '^#' readers.tsv | cut -f1,2 | sort -c -u
awk -f genrules.awk readers.tsv | cmp - "$TOP_BUILDDIR/udev/70-bsre-token.rules"
rows=$(grep -vc '^#' readers.tsv)
[ "$(grep -c '^ATTR{idVendor}' "$TOP_BUILDDIR/udev/70-bsre-token.rules")" = "$rows" ]
# a trailing comment is no comment to udev: names stand in lines of their own
! grep -q '^[^#].*#' "$TOP_BUILDDIR/udev/70-bsre-token.rules"
