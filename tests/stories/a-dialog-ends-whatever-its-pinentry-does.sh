#!/bin/sh
# A pinentry that hangs before its greeting, in the midst of a line, or while it is told to end, or that talks for ever,
# keeps nothing: the dialog's processes are gone soon after the program, the token or the time.
# shellcheck disable=SC2154  # pid_A is set by `program A`
WAYS=direct
. "$(dirname "$0")/story.sh"
export PINENTRY_DIR="$WORK" DISPLAY=:77
rules="prompt = $TOP_SRCDIR/tests/tools/pinentry.py
app = */p11client pap
prompt-limit = 5"

opens() {
	rm -f A.in A.out pinentry.log
	echo "$1" >pinentry.todo
	program A
	on A init
	until_so sh -c "bsre-token list | grep -q '$P11_TOKEN'"
	on A open
	tell A "login -"
	until_so grep -q "^PID" pinentry.log
	grep -q "DOES $1" pinentry.log || fail "it does not $1"
}
ended() {
	until_so gone "$(sed -n 's/^PID //p' pinentry.log)"
	until_so gone "$prompt"
}
# the prompt is pinentry's parent, whoever started it
prompt_of() { prompt=$(sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$(sed -n 's/^PID //p' pinentry.log)/stat"); }

all_ways() {
	for how in mute half deaf chatter; do
		opens $how
		prompt_of
		kill -9 "$pid_A"
		ended
		hear A || :

		opens $how
		prompt_of
		token unplug
		hear A
		case $ANSWER in CKR_DEVICE_REMOVED* | CKR_SESSION_HANDLE_INVALID*) ;; *) fail "$how, pulled: $ANSWER" ;; esac
		ended
		token plug
		on A finalize
	done
	for how in mute chatter; do
		opens $how
		prompt_of
		hear A
		case $ANSWER in CKR_FUNCTION_CANCELED*) ;; *) fail "$how, no time left: $ANSWER" ;; esac
		ended
		on A finalize
	done
}
configure "$rules"
all_ways

# the same where the prompt is not the service's child
command -v systemd-socket-activate >/dev/null || exit 0
sed 's/.*exec \([^ ]*\) .*/\1/; t; d' "$DESK_DIR/tokend.start" | tail -n 1 >tokend.path
systemd-socket-activate --accept -l "$DESK_DIR/prompt" -E PINENTRY_DIR "$(cat tokend.path)" prompt >prompt.log 2>&1 3>&- 4>&- &
until_so test -S "$DESK_DIR/prompt"
configure "$rules"
all_ways
grep -q "Accepted\|Spawned\|Execing" prompt.log || { cat prompt.log; fail "no dialog was started by the socket"; }
