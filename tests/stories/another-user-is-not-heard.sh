#!/bin/sh
# Another user, even where the socket's folder stood open, is cut off before a byte of theirs is read; and
# the socket and its folder do not stand open.
WAYS=direct
. "$(dirname "$0")/story.sh"
[ "$(id -u)" = 0 ] || skip "only root can be two users"

[ "$(stat -c %a "$BSRE_TOKEND_SOCKET")" = 600 ] || fail "the socket's mode is $(stat -c %a "$BSRE_TOKEND_SOCKET")"
mkdir -m 755 open
cp "$TOP_BUILDDIR/tests/stories/hostile" open/
chmod 711 "$DESK_DIR" "$WORK"
chmod 666 "$BSRE_TOKEND_SOCKET"
sed -i 's|$| --verbose --verbose|' "$DESK_DIR/tokend.start"
: >"$DESK_DIR/tokend.log"
kill "$(service_pid)"; until_so gone "$(service_pid)"
service_start
chmod 666 "$BSRE_TOKEND_SOCKET"
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups timeout 20 ./open/hostile "$@"; }
for attack in version forge sessions; do
	nobody $attack 1 >said 2>&1 || true
	cat said
	! grep -q 'sessions [1-9]' said || fail "another user has sessions"
done
grep -q 'refused a connection of uid=65534' "$DESK_DIR/tokend.log" || { cat "$DESK_DIR/tokend.log"; fail "it is not said"; }
! grep -q 'nonsense\|call pid' "$DESK_DIR/tokend.log" || { cat "$DESK_DIR/tokend.log"; fail "something was parsed"; }
bsre-token list | grep -q "$P11_TOKEN"

# a folder that another user could write to is no place for the socket
mkdir -m 777 shared
refused 1 'own' timeout 5 "$(sed -n 's/^exec \([^ ]*\).*/\1/p' "$DESK_DIR/tokend.start")" --no-pcsc --socket "$WORK/shared/socket"
