#!/bin/sh
# A program without a desktop has its PIN asked for on its own terminal, by the pinentry that the system has; the
# terminal is left as it was. The dialog speaks the program's language.
WAYS=direct
. "$(dirname "$0")/story.sh"
for tool in expect pinentry-curses; do command -v $tool >/dev/null || skip "no $tool"; done
unset DISPLAY WAYLAND_DISPLAY
configure "prompt = auto" "app = */p11client on-use"

# A's terminal is one that expect holds: the dialog is drawn there, orders come another way
mkfifo A.in A.out
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
env -u P11_PUK TERM=xterm expect dialog.exp >expect.log 2>&1 3>&- 4>&- &
talker=$!
exec 3>A.in 4<A.out
on A init
on A open
on A "sign rsa $P11_RSA_LABEL curses.sig"
verify_rsa message curses.sig rsa.pub
exec 3>&- 4<&-
wait $talker || { cat expect.log; fail "the terminal"; }
grep -q "wants to sign with your key" screen || { cat screen; fail "the dialog was not on the terminal"; }
diff before after || fail "the terminal is not as it was"
