# What stories share: sourced first, never run. A story is run by `make check` as a plain script; here
# it starts itself again inside with-token, on each of the ways it names in WAYS.
#   WAYS="pcscd direct"   where to run it (both if not set; under sanitizers behind pcscd alone, for time's sake); a
#                         kind of card is a way too, where that kind stands by itself: WAYS="softhsm cac"
#   DESK="--tokens 2"     further options of with-token
# Then it says what it does in plain commands. Any failing command ends it (set -e); `fail` says why.
# shellcheck shell=sh
set -eu
STORY=$(basename "$0" .sh)
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
export TOP_SRCDIR TOP_BUILDDIR
LC_ALL=C.UTF-8
export LC_ALL

fail() { echo "$STORY: $*" >&2; exit 1; }
skip() { echo "$*"; exit 77; }

if [ -z "${DESK_DIR:-}" ]; then
	for way in ${WAYS:-${STORY_WAYS:-pcscd direct}}; do
		echo "=== $STORY, $way"
		case $way in pcscd | direct) ;; *) way="card $way" ;; esac
		# shellcheck disable=SC2086  # a list of options
		"$TOP_SRCDIR/scripts/with-token" --$way ${DESK:-} sh "$0" || exit $?
	done
	exit 0
fi

WORK=$DESK_DIR/work
mkdir -p "$WORK"
cd "$WORK"
printf 'abcdefghijklmnopqrstuvwxyz012345' >message	# what p11client signs
for name in rsa ec sign; do
	[ ! -f "${TEST_CA_DIR:-}/$name.pem" ] || openssl x509 -in "$TEST_CA_DIR/$name.pem" -pubkey -noout >"$name.pub"
done

# orders to programs are words: a key whose label has blanks goes by its id
for name in RSA SIGN EC; do
	eval "label=\${P11_${name}_LABEL:-} id=\${P11_${name}_ID:-}"
	case $label in *' '*) eval "P11_${name}_LABEL=id:$id" ;; esac
done

# the virtual token's orders: token unplug; a CAC card knows to go and to come
token() {
	case $P11_CARD-$1 in
	cac-unplug) kill -USR1 "$(cat "$DESK_DIR/caccard1.pid")" ;;
	cac-plug) kill -USR2 "$(cat "$DESK_DIR/caccard1.pid")" ;;
	*) bsre-vtoken ctl "$BSRE_VTOKEN_CONTROL" "$@" ;;
	esac
}

# expect WANTED COMMAND...: the command's exit status
expect() {
	wanted=$1; shift
	got=0
	"$@" || got=$?
	[ "$got" = "$wanted" ] || fail "exit status $got, not $wanted: $*"
}
# refused WANTED PATTERN COMMAND...: exit status and a sentence on stderr
refused() {
	wanted=$1 pattern=$2; shift 2
	got=0
	"$@" >out 2>err || got=$?
	cat err
	[ "$got" = "$wanted" ] || fail "exit status $got, not $wanted: $*"
	grep -q -e "$pattern" err || fail "it does not say '$pattern': $*"
}
# verify FILE SIGNATURE KEYFILE: by OpenSSL alone
verify_rsa() { openssl dgst -sha256 -verify "$3" -signature "$2" "$1"; }
# message is what was signed as it stands, 32 bytes in place of a hash
verify_ec() { openssl pkeyutl -verify -pubin -inkey "$3" -in "$1" -sigfile "$2"; }

# --- programs that act when told: program A; on A "login 123456"; say "$ANSWER" -----------------
PROGRAMS=
# program A: a PKCS#11 program; program A pcscclient: one that uses PC/SC, whose answers begin with OK
program() {
	mkfifo "$1.in" "$1.out"
	env -u P11_PIN -u P11_PUK "$TOP_BUILDDIR/tests/stories/${2:-p11client}" <"$1.in" >"$1.out" 3>&- 4<&- 5>&- 6<&- 7>&- 8<&- &
	eval "pid_$1=$!"
	PROGRAMS="$PROGRAMS $1"
	case $1 in
	A) exec 3>A.in 4<A.out ;;
	B) exec 5>B.in 6<B.out ;;
	C) exec 7>C.in 8<C.out ;;
	*) fail "programs are called A, B and C" ;;
	esac
}
tell() { case $1 in A) echo "$2" >&3 ;; B) echo "$2" >&5 ;; C) echo "$2" >&7 ;; esac; }
hear() { case $1 in A) read -r ANSWER <&4 ;; B) read -r ANSWER <&6 ;; C) read -r ANSWER <&8 ;; esac; }
# on PROGRAM COMMAND [WANTED]: WANTED is a pattern of the shell; CKR_OK, with anything behind it,
# where none is given; "not" for any failure
on() {
	tell "$1" "$2"
	hear "$1" || fail "$1 ended at: $2"
	echo "$1: $2: $ANSWER"
	if [ "${3:-}" = not ]; then
		case $ANSWER in CKR_OK*) fail "$1: $2 should have failed" ;; *) return 0 ;; esac
	fi
	# shellcheck disable=SC2254  # a pattern is meant
	case $ANSWER in ${3:-CKR_OK*}) ;; *) fail "$1: $2: $ANSWER, not ${3:-CKR_OK}" ;; esac
}
# waits until a command succeeds, ten seconds at most; for what sends no event to a shell
until_so() {
	i=0
	until "$@" >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 200 ] || fail "ten seconds and still not: $*"
		sleep 0.05
	done
}
gone() { case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in '' | Z*) ;; *) return 1 ;; esac; }

# the token service, ended and started as a test wants it
service_pid() { cat "$DESK_DIR/tokend.pid"; }
service_start() {
	rm -f "$BSRE_TOKEND_SOCKET"
	LD_PRELOAD='' env -u P11_PIN -u P11_PUK sh "$DESK_DIR/tokend.start" >>"$DESK_DIR/tokend.log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- &
	echo $! >"$DESK_DIR/tokend.pid"
	until_so test -S "$BSRE_TOKEND_SOCKET"
}

# configure LINE...: the service anew, with these lines as its configuration, sections of modules last, and with
# what the desk's card needs; no dialogs where they do not say so
configure() {
	printf '%s\n' "$@" >"$WORK/lines"
	{
		grep -q '^prompt' "$WORK/lines" || echo "prompt = never"
		cat "$DESK_DIR/card.conf" "$WORK/lines" "$DESK_DIR/modules.conf"
	} >"$DESK_DIR/tokend.conf"
	old=$(service_pid)
	kill "$old"
	until_so gone "$old"
	service_start
}
# a process among the service's children, named by its part: worker, monitor (without the sanitizer
# that is preloaded for the module: it makes pgrep itself hang)
service_child() { env -u LD_PRELOAD pgrep -f "^bsre-tokend $1" -P "$(service_pid)"; }

# bus_start TYPE VARIABLE: a message bus of this story's own, on which dbusmock can play anybody
bus_start() {
	command -v dbus-daemon >/dev/null && /usr/bin/python3 -c 'import dbusmock' 2>/dev/null || skip "no python3-dbusmock"
	cat >bus.conf <<-X
		<busconfig><type>$1</type><listen>unix:path=$WORK/bus</listen><auth>EXTERNAL</auth>
		<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
		<allow send_type="signal"/><allow receive_sender="*"/></policy></busconfig>
	X
	dbus-daemon --config-file="$WORK/bus.conf" --nofork --nopidfile >bus.log 2>&1 3>&- 4>&- 5>&- 6>&- &
	until_so test -S "$WORK/bus"
	export "$2=unix:path=$WORK/bus"
}

# pcscd, after it was killed
pcscd_start() {
	/usr/bin/python3 "$TOP_SRCDIR/tests/tools/pcscd-again.py" "$DESK_DIR" \
		>>"$DESK_DIR/pcscd.log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- &
}

apdus() { token count | sed 's/[^0-9]//g'; }
tries() { bsre-token --json list | sed -n 's/.*"pin_tries": *\([0-9]*\).*/\1/p' | head -n 1; }

pkcs11() { timeout 60 pkcs11-tool --module "$P11_MODULE" --token-label "$P11_TOKEN" "$@"; }
