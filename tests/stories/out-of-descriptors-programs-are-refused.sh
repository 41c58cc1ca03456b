#!/bin/sh
# A service without descriptors left does not spin and keeps nobody waiting: who comes finds no token there
# and is served when some have gone; who was connected works on meanwhile.
WAYS=direct
. "$(dirname "$0")/story.sh"

sed -i 's/^exec/ulimit -n 30; exec/' "$DESK_DIR/tokend.start"
configure ""
program A
on A init
on A open
on A "login $P11_PIN"
timeout 30 "$TOP_BUILDDIR/tests/stories/hostile" half 4 >half &
hostile=$!
sleep 0.7
ticks() { sed 's/.*) //' "/proc/$(service_pid)/stat" | awk '{ print $12 + $13 }'; }
before=$(ticks)
program B
began=$(date +%s%N)
on B init
on B open CKR_TOKEN_NOT_PRESENT
took=$((($(date +%s%N) - began) / 1000000))
[ "$took" -lt 2000 ] || fail "a program that was refused waited for $took ms"
on A "signs rsa $P11_RSA_LABEL 3"
sleep 1
used=$(($(ticks) - before))
[ "$used" -lt 60 ] || fail "it used $used hundredths of a second of processor time in a second or two"
wait "$hostile" || true
cat half
listed() { timeout 5 bsre-token list | grep -q "$P11_TOKEN"; }
until_so listed
on A "sign rsa $P11_RSA_LABEL"
opens() { tell B open; hear B; [ "$ANSWER" = CKR_OK ]; }
until_so opens
