#!/bin/sh
# Four dialogs of one executable are open at a time; the next process waits until one of them is closed and is asked
# then, while another executable is asked at once. Who waits longer than a dialog may be open is refused.
# shellcheck disable=SC2154
WAYS=direct
. "$(dirname "$0")/story.sh"
export PINENTRY_DIR="$WORK" DISPLAY=:77
pinentry="prompt = $TOP_SRCDIR/tests/tools/pinentry.py"
cp "$TOP_BUILDDIR/tests/stories/p11client" other
pids() { grep -c '^PID' pinentry.log 2>/dev/null || true; }
is() { [ "$(pids)" = "$1" ]; }
# logs_in NAME [PROGRAM]: a process that wants the dialog, what it is answered in NAME.said
logs_in() {
	printf '%s\n' init open "login -" >"$1.orders"
	"${2:-$TOP_BUILDDIR/tests/stories/p11client}" <"$1.orders" >"$1.said" &
	eval "pid_$1=$!"
}
said() { until_so sh -c "sed -n 3p $1.said | grep -q ."; sed -n 3p "$1.said"; }
# four dialogs that nobody answers
four() {
	rm -f pinentry.log
	echo "always hang" >pinentry.todo
	for i in 1 2 3 4; do
		logs_in "h$i"
		until_so is $i
	done
}

configure "$pinentry" "app = */p11client pap" "app = */other pap" "prompt-limit = 60"
until_so sh -c "bsre-token list | grep -q '$P11_TOKEN'"
four
echo "always pin $P11_PIN" >pinentry.todo
logs_in fifth
until_so sh -c "[ \$(wc -l <fifth.said) = 2 ]"
logs_in another ./other
case $(said another) in CKR_OK*) ;; *) fail "another program: $(cat another.said)" ;; esac
sleep 0.5
[ "$(wc -l <fifth.said)" = 2 ] || fail "it does not wait: $(cat fifth.said)"
[ "$(grep -c 'DOES pin' pinentry.log)" = 1 ] || fail "it is asked beside the four"
kill -9 "$pid_h2"
case $(said fifth) in CKR_OK*) ;; *) fail "the one that waited: $(cat fifth.said)" ;; esac
# one that is killed while it waits leaves its place to the next
echo "always hang" >pinentry.todo
logs_in h2
until_so is 5
logs_in sixth
until_so sh -c "[ \$(wc -l <sixth.said) = 2 ]"
sleep 0.3
kill -9 "$pid_sixth"
echo "always pin $P11_PIN" >pinentry.todo
logs_in seventh
sleep 0.3
kill -9 "$pid_h1"
case $(said seventh) in CKR_OK*) ;; *) fail "the next one: $(cat seventh.said)" ;; esac
# the token is pulled: who waits hears of it too
logs_in eighth
case $(said eighth) in CKR_OK*) ;; *) fail "there was room: $(cat eighth.said)" ;; esac
echo "always hang" >pinentry.todo
logs_in h1
until_so is 6
logs_in ninth
until_so sh -c "[ \$(wc -l <ninth.said) = 2 ]"
sleep 0.3
token unplug
case $(said ninth) in CKR_DEVICE_REMOVED* | CKR_SESSION_HANDLE_INVALID*) ;; *) fail "after the removal: $(cat ninth.said)" ;; esac
token plug

# nobody answers the four, and those who wait have their turn when these have had their time
configure "$pinentry" "app = */p11client pap" "prompt-limit = 5"
until_so sh -c "bsre-token list | grep -q '$P11_TOKEN'"
four
echo "always pin $P11_PIN" >pinentry.todo
logs_in tenth
case $(said h1) in CKR_FUNCTION_CANCELED*) ;; *) fail "the first: $(cat h1.said)" ;; esac
case $(said tenth) in CKR_OK* | CKR_FUNCTION_CANCELED*) ;; *) fail "the tenth: $(cat tenth.said)" ;; esac
