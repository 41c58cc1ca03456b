#!/bin/sh
# A module that hangs before it has said which slots it has, or becomes another program, is stopped and named;
# meanwhile a program waits two seconds for its first answer and not at all for any other.
WAYS=direct
# shellcheck source=tests/stories/story.sh
. "$(dirname "$0")/story.sh"
# shellcheck source=tests/stories/hostile.sh
. "$TOP_SRCDIR/tests/stories/hostile.sh"

ms() { echo $(($(date +%s%N) / 1000000)); }
for fault in load-hang init-hang init-execs; do
	hostile $fault
	from=$(ms)
	if served; then fail "$fault: its token is served"; fi
	[ $(($(ms) - from)) -lt 8000 ] || fail "$fault: a program waits for $(($(ms) - from)) ms"
	others_served $fault
done
hostile slots-hang
others_served slots-hang
from=$(ms)
others_served slots-hang
[ $(($(ms) - from)) -lt 5000 ] || fail "a second program waits for $(($(ms) - from)) ms"
i=0
until grep "module hostile: .*stopped" "$DESK_DIR/tokend.log"; do
	i=$((i + 1))
	[ $i -lt 60 ] || fail "it is not stopped"
	sleep 0.5
done
others_served slots-hang
if service_child monitor.*hostile; then fail "its process is still there"; fi
