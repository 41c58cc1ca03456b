#!/bin/sh
# A key that is used only when somebody touches the token: the desktop says so while the token waits, in
# the person's language, and no longer; a token that was not touched is an error of its own.
WAYS=direct
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
. "$(dirname "$0")/story.sh"
command -v msgfmt >/dev/null || skip "no msgfmt"

bus_start session DBUS_SESSION_BUS_ADDRESS
/usr/bin/python3 -m dbusmock --session --template notification_daemon >shown 2>&1 3>&- 4>&- 5>&- 6>&- &
until_so timeout 10 busctl --address="$DBUS_SESSION_BUS_ADDRESS" status org.freedesktop.Notifications

mkdir -p locale/id/LC_MESSAGES
msgfmt -c -o locale/id/LC_MESSAGES/bsre-token.mo "$TOP_SRCDIR/po/id.po"
BSRE_LOCALEDIR=$PWD/locale LANGUAGE=id
export BSRE_LOCALEDIR LANGUAGE
configure "linger = 10000" "hold = 60000"	# so that the next command is the use itself
unset LANGUAGE
bsre-token key generate --slot 82 --alg p256 --label 'sentuh<saya>' --touch always --pin-file "$DESK_DIR/pin" --yes

program A
on A init
on A open
on A "login $P11_PIN"
# the token is touched at once: no word of it
on A "sign ecdsa sentuh<saya>"
sleep 0.6
! grep -q Notify shown || fail "a notification for nothing"

# it waits for two seconds
token stall-at 1 2000
on A "sign ecdsa sentuh<saya>"
until_so grep -q Notify shown
until_so grep -q CloseNotification shown
cat shown
grep -q 'Sentuh token' shown || fail "not in the person's language"
grep -q 'p11client' shown || fail "the program is not named"

# nobody comes
token sw-at 1 6982
on A "sign ecdsa sentuh<saya>" CKR_FUNCTION_CANCELED
on A "state" "CKR_OK*"
on A "sign ecdsa sentuh<saya> a.sig"
bsre-token key test --key 82 --pin-file "$DESK_DIR/pin" 2>&1 | grep 'Touch the token'
