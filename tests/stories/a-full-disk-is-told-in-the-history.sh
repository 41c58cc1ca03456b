#!/bin/sh
# While the disk is full keys go on working and the ledger cannot; the first line that is written again says
# how many are missing, and the record is not called whole any more.
WAYS=direct
. "$(dirname "$0")/story.sh"
ledger=$XDG_STATE_HOME/bsre-token/ledger
mkdir -p small
[ "$(id -u)" = 0 ] && mount -t tmpfs -o size=16k,mode=700 none small 2>/dev/null || skip "no small disk can be made here"
trap 'umount -l "$WORK/small"' EXIT
kill "$(service_pid)"
until_so gone "$(service_pid)"
sed -i "s|\$| --ledger $WORK/small|" "$DESK_DIR/tokend.start"
service_start

program A
on A init
on A open
on A "login $P11_PIN"
on A "signs rsa $P11_RSA_LABEL 100"
bsre-token history --ledger small --last 1
[ "$(cat small/*.jsonl | wc -l)" -lt 90 ] || fail "the disk was not full"
mount -o remount,size=1m "$WORK/small"
on A "sign rsa $P11_RSA_LABEL"
bsre-token history --ledger small --verify 2>said
cat said
grep -q 'are missing' said || fail "nothing is said to be missing"
! grep -q whole said || fail "it is called whole"
bsre-token history --ledger small --json | python3 -c '
import json, sys
h = json.load(sys.stdin)
signed = sum(1 for e in h["entries"] if e["what"] == "sign")
print(signed, "signatures listed,", h["missing"], "missing")
assert h["intact"] and h["missing"] > 10 and len(h["entries"]) - 1 + h["missing"] >= 102, h["entries"][-2:]'
