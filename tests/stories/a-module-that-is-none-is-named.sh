#!/bin/sh
# A module that is not there, no library, no PKCS#11 module, for another machine, or no file at all: the log names it and says
# what is wrong; the other token is served.
WAYS=direct
# shellcheck source=tests/stories/story.sh
. "$(dirname "$0")/story.sh"
# shellcheck source=tests/stories/hostile.sh
. "$TOP_SRCDIR/tests/stories/hostile.sh"

is_named() { # FILE WHAT
	echo "--- $1"
	hostile none "$1"
	if served; then fail "$1 is a module"; fi
	others_served "$1"
	until_so grep -q -e "module hostile: .*$2" "$DESK_DIR/tokend.log"
	grep "module hostile" "$DESK_DIR/tokend.log"
}
is_named "$WORK/missing.so" "missing.so: No such file"
echo "this is no library" >text.so
is_named "$WORK/text.so" "text.so"
: >empty.so
is_named "$WORK/empty.so" "empty.so"
head -c 4096 "$HOSTILE_MODULE" >cut.so
# the loader itself falls over it; a sanitizer would call that a fault of ours
[ -n "${LD_PRELOAD:-}" ] || is_named "$WORK/cut.so" "crashed"
# e_machine of an ELF header is at 18: what no machine is
{ head -c 18 "$HOSTILE_MODULE"; printf '\377\376'; tail -c +21 "$HOSTILE_MODULE"; } >other.so
is_named "$WORK/other.so" "another kind of machine"
library=$(ldd "$HOSTILE_MODULE" | awk '$1 ~ /^libcrypto/ { print $3 }')
is_named "$library" "C_GetFunctionList"
mkdir folder.so
is_named "$WORK/folder.so" "folder.so"
mkfifo pipe.so
is_named "$WORK/pipe.so" "pipe.so"
hostile none
served || fail "the right one is not served"
