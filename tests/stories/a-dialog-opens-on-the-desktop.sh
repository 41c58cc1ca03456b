#!/bin/sh
# A graphical pinentry shows the dialog on the desktop that the program told of, started by the prompt's own socket as
# its unit is; the PIN is typed there by keys. SCREENSHOT=FILE keeps what it looks like (by import of ImageMagick).
# shellcheck disable=SC2154  # pid_A is set by `program A`
WAYS=direct
. "$(dirname "$0")/story.sh"
for tool in Xvfb xdotool pinentry-gtk-2 systemd-socket-activate; do command -v $tool >/dev/null || skip "no $tool"; done

mkfifo number
Xvfb -displayfd 9 -screen 0 900x700x24 9>number >xvfb.log 2>&1 &
read -r number <number
export DISPLAY=":$number"
unset WAYLAND_DISPLAY

# beside the service's socket, as the units place them
sed 's/.*exec \([^ ]*\) .*/\1/; t; d' "$DESK_DIR/tokend.start" | tail -n 1 >tokend.path
systemd-socket-activate --accept -l "$DESK_DIR/prompt" "$(cat tokend.path)" prompt >prompt.log 2>&1 3>&- 4>&- &
until_so test -S "$DESK_DIR/prompt"
configure "prompt = /usr/bin/pinentry-gtk-2" "app = */p11client pap"

program A
on A init
on A open
tell A "login -"
until_so sh -c "xdotool search --onlyvisible --name 'Token PIN' >window"
grep -q "Accepted\|Spawned\|Execing" prompt.log || { cat prompt.log; fail "the dialog was not started by the socket"; }
xdotool windowfocus --sync "$(head -n 1 window)" 2>/dev/null || :
if [ -n "${SCREENSHOT:-}" ]; then sleep 1; import -window root "$SCREENSHOT"; fi
xdotool type --delay 30 "$P11_PIN"
xdotool key Return
hear A
case $ANSWER in CKR_OK*) ;; *) fail "login: $ANSWER" ;; esac
on A "sign rsa $P11_RSA_LABEL desk.sig"
verify_rsa message desk.sig rsa.pub

# its program dies: the dialog goes from the desktop
on A logout
tell A "login -"
until_so sh -c "xdotool search --onlyvisible --name 'Token PIN' >window"
kill -9 "$pid_A"
until_so sh -c "! xdotool search --onlyvisible --name 'Token PIN'"
