#!/bin/sh
# Rubbish, half frames, floods, sessions and objects without end, forged numbers, hundreds of connections,
# programs that leave in the midst: they are cut off or held to their share, an honest program signs on
# all the while, and the service's memory and descriptors stay what they were.
DESK="--timing A"
WAYS=direct
. "$(dirname "$0")/story.sh"

most=65536
! nm -D "$P11_MODULE" | grep -q __asan || most=524288	# what is freed is kept for a while there
hostile() { timeout 60 "$TOP_BUILDDIR/tests/stories/hostile" "$@"; }
fds() { set -- "/proc/$(service_pid)/fd"/*; echo $#; }
rss() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(service_pid)/status"; }

program A
on A init
on A open
on A "login $P11_PIN"
on A "signs rsa $P11_RSA_LABEL 5"
quiet=${ANSWER##* }
sleep 0.6
before=$(fds)

under() { # ATTACK SECONDS: while an honest program works
	tell A "signs rsa $P11_RSA_LABEL 8"
	hostile "$@" >said || { cat said; fail "$1 reached what it should not"; }
	cat said
	hear A
	case $ANSWER in "CKR_OK 8 "*) ;; *) fail "the honest program under $1: $ANSWER" ;; esac
	echo "$1: slowest signature ${ANSWER##* } ms, $quiet ms in quiet; $(rss) kB"
	[ "${ANSWER##* }" -lt $((4 * quiet + 1000)) ] || fail "$1 slowed it down: ${ANSWER##* } ms"
	[ "$(rss)" -lt "$most" ] || fail "$1: the service has $(rss) kB"
}
under rubbish 1
under half 1
under flood 1
under forge
under rude
under connections 1
grep -q 'connections [0-9]* of' said
under sessions
grep -q 'sessions 1024 error 31' said || fail "sessions: $(cat said)"
under objects
grep -q 'error 51' said || fail "objects: $(cat said)"
under version
on A "login $P11_PIN" CKR_USER_ALREADY_LOGGED_IN

# several at once, and each leaves work for the card behind; wrong PINs, so the last try stays
tell A "signs rsa $P11_RSA_LABEL 20"
hostiles=
for a in leave leave flood rubbish; do
	hostile $a 1.5 &
	hostiles="$hostiles $!"
done
hear A
case $ANSWER in "CKR_OK "* | "CKR_USER_NOT_LOGGED_IN "*) ;; *) fail "all at once: $ANSWER" ;; esac
# shellcheck disable=SC2086  # a list
wait $hostiles || true
settled() { [ "$(fds)" -le "$before" ]; }
until_so settled
[ "$(rss)" -lt "$most" ] || fail "the service has $(rss) kB"
bsre-token list >/dev/null
