#!/bin/sh
# After each use a PIN and a PUK are in no process's memory, and never in a log, the history, an
# environment or a command line.
WAYS="pcscd direct"
[ "$(id -u)" = 0 ] || { echo "only root can read the service's memory"; exit 77; }
. "$(dirname "$0")/story.sh"
! nm -D "$P11_MODULE" | grep -q __asan || skip "a sanitizer's shadow has no end, and it keeps what was freed"

# everything that the service says, to be searched afterwards
sed -i 's|$| --verbose --verbose|' "$DESK_DIR/tokend.start"
kill "$(service_pid)"
until_so gone "$(service_pid)"
service_start

scan() { printf %s "$1" | "$TOP_BUILDDIR/tests/stories/pinscan" "$2"; }
# clean SECRET WHERE: the part of the service, or the program, holds no copy
clean() {
	case $2 in
	broker) pid=$(service_pid) ;;
	worker | monitor) pid=$(service_child "$2" | head -n 1) ;;
	*) eval "pid=\$pid_$2" ;;
	esac
	copies=$(scan "$1" "$pid")
	echo "$2: ${copies#* } copies"
	[ "${copies#* }" = 0 ] || fail "$2 holds ${copies#* } copies of $1: $3"
}
everywhere() { # SECRET WHEN
	for where in broker worker monitor A B; do clean "$1" $where "$2"; done
}

# the scanner finds what is there: this shell knows the PIN
[ "$(scan "$P11_PIN" $$ | cut -d ' ' -f 2)" -gt 0 ] || fail "the scanner finds nothing"

program A
program B
for p in A B; do
	on $p init
	on $p open
done
everywhere "$P11_PIN" "before anything"
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
on A "sign ecdsa $P11_EC_LABEL"
on B "login 918273" CKR_PIN_INCORRECT
everywhere 918273 "after a wrong PIN"
on B "login $P11_PIN"
for where in worker monitor A B; do clean "$P11_PIN" $where "logged in"; done
on A logout
on B logout
everywhere "$P11_PIN" "after the last logout"

# a new PIN, a new one by PUK, and back
printf 830174 >new
chmod 600 new
bsre-token pin change --pin-file "$DESK_DIR/pin" --new-pin-file new
everywhere 830174 "after a change"
everywhere "$P11_PIN" "after a change, the old one"
bsre-token pin unblock --puk-file "$DESK_DIR/puk" --new-pin-file "$DESK_DIR/pin"
everywhere "$P11_PUK" "the PUK, after an unblock"
on A "login $P11_PIN"
token unplug
until_so sh -c '! bsre-token list | grep -q "$P11_TOKEN"'
for where in broker monitor A B; do clean "$P11_PIN" $where "after the token was pulled"; done
token plug
until_so bsre-token pin verify --pin-file "$DESK_DIR/pin"

# --- a PIN that a person types in the service's dialog: the process that asked has it once, to hand it over -----
on A finalize
on B finalize
exec 3>&- 4<&- 5>&- 6<&-
rm -f A.in A.out B.in B.out
export PINENTRY_DIR="$DESK_DIR/typed" DISPLAY=:77
mkdir "$PINENTRY_DIR"
configure "prompt = $TOP_SRCDIR/tests/tools/pinentry.py" "app = */p11client pap"
program A
program B
for p in A B; do
	on $p init
	on $p open
done
# asked PIN ANSWER...: the dialog's process stands still between pinentry's answer and its own
asked() {
	typed=$1; shift
	rm -f "$PINENTRY_DIR/pinentry.log"
	printf 'freeze %s\n' "$typed" "$@" >"$PINENTRY_DIR/pinentry.todo"
}
frozen() { sed -n 's/^FROZEN //p' "$PINENTRY_DIR/pinentry.log" 2>/dev/null | sed -n "$1p"; }
look() { # PIN NUMBER: the NUMBERth dialog
	until_so sh -c "grep -c FROZEN '$PINENTRY_DIR/pinentry.log' | grep -qx $2"
	prompt=$(frozen "$2")
	until_so grep -q '^State:.*stopped' "/proc/$prompt/status"
	copies=$(scan "$1" "$prompt")
	echo "prompt: ${copies#* } copies"
	[ "${copies#* }" -le 1 ] || fail "the dialog's process holds ${copies#* } copies of $1"
	clean "$1" broker "while the dialog has it"
	! tr '\0' '\n' <"/proc/$prompt/cmdline" | grep -e "$1" || fail "$1 is in its command line"
	! tr '\0' '\n' <"/proc/$prompt/environ" | grep -e "$1" || fail "$1 is in its environment"
	grep -q '^Max core file size *0 *0' "/proc/$prompt/limits" || fail "a core of it could be written"
	kill -CONT "$prompt"
	until_so gone "$prompt"
}
# of the wrong one its end is looked for, which a shorter line on top of it would leave
asked 74629183 "$P11_PIN"
tell A "login -"
look 629183 1
look "$P11_PIN" 2
hear A
case $ANSWER in CKR_OK*) ;; *) fail "login: $ANSWER" ;; esac
everywhere 629183 "typed, and wrong"
on A "sign rsa $P11_RSA_LABEL"
for where in worker monitor A B; do clean "$P11_PIN" $where "typed, logged in"; done
on A logout
everywhere "$P11_PIN" "typed, after the logout"
rm -r "$PINENTRY_DIR/pinentry.todo"

# what was written and what others can see
bsre-token history --json >history
grep -q PIN history || fail "there is no history"
[ -s "$DESK_DIR/tokend.log" ]
for secret in "$P11_PIN" "$P11_PUK" 830174 918273 74629183; do
	if grep -rlE "(^|[^0-9])$secret([^0-9]|\$)" "$DESK_DIR" --exclude=pin --exclude=puk --exclude=new \
		--exclude='*.in' --exclude='*.out'; then
		fail "$secret was written"
	fi
	for pid in $(service_pid) $(service_child worker) $(service_child monitor); do
		! tr '\0' '\n' <"/proc/$pid/cmdline" | grep -e "$secret" || fail "$secret is in a command line"
	done
done
# ... and no core of any of them is written
for pid in $(service_pid) $(service_child worker) $(service_child monitor); do
	grep -q '^Max core file size *0 *0' "/proc/$pid/limits" || fail "a core could be written"
done
