#!/bin/sh
# A program without a desktop has its PIN asked for on its own terminal, by the pinentry that the system has; the
# terminal is left as it was. So has one whose desktop shows no dialog: its display was never there, or goes while
# the dialog is open, or its pinentry ends at once.
WAYS=direct
. "$(dirname "$0")/story.sh"
for tool in expect pinentry-curses; do command -v $tool >/dev/null || skip "no $tool"; done
unset DISPLAY WAYLAND_DISPLAY
configure "prompt = auto" "app = */p11client on-use"

# A's terminal is one that expect holds: the dialog is drawn there, orders come another way
cat >dialog.exp <<'X'
set timeout 60
log_file -noappend screen
spawn -noecho sh -c "stty -a >before; $env(TOP_BUILDDIR)/tests/stories/p11client <A.in >A.out; stty -a >after; echo ends"
expect {
	timeout { puts "no dialog"; exit 1 }
	"PIN*\[_\u2502\]" {}
	"Token PIN:" {}
}
sleep 0.5
send "$env(P11_PIN)\r"
expect { timeout { puts "it does not end"; exit 1 } "ends" {} }
X
# on_terminal [COMMAND...]: A signs and is asked on its terminal, the command done meanwhile
on_terminal() {
	rm -f A.in A.out curses.sig screen
	mkfifo A.in A.out
	env -u P11_PUK TERM=xterm expect dialog.exp >expect.log 2>&1 3>&- 4>&- &
	talker=$!
	exec 3>A.in 4<A.out
	on A init
	on A open
	tell A "sign rsa $P11_RSA_LABEL curses.sig"
	"$@"
	hear A
	case $ANSWER in CKR_OK*) ;; *) cat screen; fail "sign: $ANSWER" ;; esac
	verify_rsa message curses.sig rsa.pub
	exec 3>&- 4<&-
	wait $talker || { cat expect.log; fail "the terminal"; }
	grep -q "wants to sign with your key" screen || { cat screen; fail "the dialog was not on the terminal"; }
	diff before after || fail "the terminal is not as it was"
}
on_terminal true

export DISPLAY=:4077			# nobody is there
on_terminal true
WAYLAND_DISPLAY=nobody on_terminal true

# the desktop's pinentry ends before it says a word
if [ "$(id -u)" = 0 ] && [ -e /usr/bin/pinentry ] && unshare -m true 2>/dev/null; then
	cp "$DESK_DIR/tokend.start" start
	cat >"$DESK_DIR/tokend.start" <<-'X'
		exec unshare -m sh -c 'mount --bind /bin/false /usr/bin/pinentry && exec sh "$1"' sh work/start
	X
	sed -i "s|work/start|$WORK/start|" "$DESK_DIR/tokend.start"
	configure "prompt = auto" "app = */p11client on-use"
	on_terminal true
	grep -q 'pinentry cannot be started' "$DESK_DIR/tokend.log" || fail "its pinentry was not asked before"
	configure "prompt = /usr/bin/pinentry" "app = */p11client on-use"
	program B
	on B init
	on B open
	on B "sign rsa $P11_RSA_LABEL" CKR_FUNCTION_CANCELED	# that one or none
	on B finalize
	cp start "$DESK_DIR/tokend.start"
	configure "prompt = auto" "app = */p11client on-use"
fi

for tool in Xvfb xdotool pinentry-gtk-2; do command -v $tool >/dev/null || exit 0; done
mkfifo number
Xvfb -displayfd 9 -screen 0 900x700x24 9>number >xvfb.log 2>&1 &
xvfb=$!
read -r number <number
export DISPLAY=":$number"
goes() {
	until_so sh -c "xdotool search --onlyvisible --name 'Token PIN' >window"
	kill -9 $xvfb
}
on_terminal goes
