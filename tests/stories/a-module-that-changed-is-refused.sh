#!/bin/sh
# A module whose file is not the one that the configuration names by its hash is not loaded, neither at the start
# nor when it changes under a service that runs; the log has both hashes. No variable of a program loads another.
WAYS=direct
# shellcheck source=tests/stories/story.sh
. "$(dirname "$0")/story.sh"
# shellcheck source=tests/stories/hostile.sh
. "$TOP_SRCDIR/tests/stories/hostile.sh"

cp "$HOSTILE_MODULE" module.so
right=$(hash_of module.so)
hostile none "$WORK/module.so"
hostile_signs || { cat said; fail "the module does not sign"; }

# it changes while it is served, as an update does it: what runs goes on, and no process loads it again
{ cat "$HOSTILE_MODULE"; echo more; } >new.so
wrong=$(hash_of new.so)
mv new.so module.so
kill -9 "$(service_child worker | tail -n 1)"
says_both() { grep "module hostile: .*$wrong" "$DESK_DIR/tokend.log" | grep -q "$right"; }
until_so says_both
if served; then fail "a module that changed is loaded"; fi
others_served "it changed"

: >"$DESK_DIR/tokend.log"
old=$(service_pid)
kill "$old"
until_so gone "$old"
service_start
service=$(service_pid)
until_so says_both
if served; then fail "a module that changed is loaded at the start"; fi
others_served "it changed before"

# whoever names the new hash means it
hostile none "$WORK/module.so"
hostile_signs || { cat said; fail "the new one does not sign"; }

# without a hash there is no module, and nothing of a file with a mistake is used
configure "[module hostile]" "path = $WORK/module.so"
if served; then fail "a module without a hash is loaded"; fi
grep -q "sha256" "$DESK_DIR/tokend.log" || fail "the log does not say that the hash is missing"
