#!/bin/sh
# A module that crashes, hangs, lies about lengths or counts, or dies in the middle: its token is not served, or
# its calls fail; the token beside it is served by the same service as before, and nobody waits for ever.
WAYS=direct
# shellcheck source=tests/stories/story.sh
. "$(dirname "$0")/story.sh"
# shellcheck source=tests/stories/hostile.sh
. "$TOP_SRCDIR/tests/stories/hostile.sh"

# fault; signs: no harm done, fails: the token is there and its key cannot be used, absent: there is no token;
# what the log has
cat >faults <<'X'
none             signs
load-crash       absent  module hostile
list-null        absent  module hostile: C_GetFunctionList
list-holes       absent  module hostile: C_GetFunctionList
init-crash       absent  module hostile
init-fails       absent  module hostile: C_Initialize
init-exits       absent  module hostile
init-forks       signs
init-closes      absent  module hostile
slots-many       absent  module hostile: C_GetSlotList
slots-lie        absent  module hostile: C_GetSlotList
slots-grow       there
slots-twins      there
token-garbage    odd
token-lengths    fails
session-zero     signs
objects-zero     fails
objects-lie      fails   token=.* cannot be read
objects-endless  fails
value-huge       fails
value-minus      fails
value-grows      fails
value-empty      fails
cert-garbage     signs   its certificate cannot be read
login-odd        fails
login-hang       fails   does not answer: its process is killed
sign-crash       fails
sign-hang        fails   does not answer: its process is killed
sign-gone        fails
sign-gone-once   signs
sign-long        fails
sign-minus       fails
sign-nothing     fails   the signature does not fit the key
sign-wrong       fails   the signature does not fit the key
X
# those that this story cannot wait for, or that the system forbids: a-module-that-hangs-or-runs-programs-is-ended.sh
printf '%s\n' load-hang init-hang init-execs slots-hang >elsewhere
sed -n 's/^FAULT([a-z_]*, *"\([a-z-]*\)".*/\1/p' "$TOP_SRCDIR/tests/modules/hostile.def" | sort >words
{ awk '$1 != "none" { print $1 }' faults; cat elsewhere; } | sort | diff words - || fail "not every fault is tried"

while read -r fault verdict log; do
	echo "--- $fault: $verdict"
	hostile "$fault"
	case $verdict in
	absent) if served; then fail "$fault: its token is served"; fi ;;
	odd) bsre-token list >list; [ "$(wc -l <list)" = 3 ] || { cat list; fail "$fault: not two tokens"; } ;;
	*) served || { cat "$DESK_DIR/tokend.log"; fail "$fault: its token is not served"; } ;;
	esac
	case $verdict in
	signs) hostile_signs || { cat said; fail "$fault: does not sign"; } ;;
	fails) if hostile_signs; then fail "$fault: signs"; fi; cat said ;;
	esac
	others_served "$fault"
	[ -z "$log" ] || until_so grep -q -e "$log" "$DESK_DIR/tokend.log"
	if LC_ALL=C grep -q "[^ -~]" "$DESK_DIR/tokend.log"; then fail "$fault: control characters in the log"; fi
	[ "$(wc -l <"$DESK_DIR/tokend.log")" -lt 40 ] || { tail "$DESK_DIR/tokend.log"; fail "$fault: the log is flooded"; }
done <faults
