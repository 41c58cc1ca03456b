#!/bin/sh
# A signal while the token makes a key: the utility says that the token goes on, and waits for it. A second one
# ends the utility alone, and the ledger still says which program it was.
WAYS=direct
. "$(dirname "$0")/story.sh"
pin=$DESK_DIR/pin
token timing A >/dev/null

# SigCgt of /proc: is SIGTERM caught? It is for as long as the token must not be left alone
holds_on() { grep -q '^SigCgt:.*[4567cdef]...$' "/proc/$1/status"; }
lets_go() { ! holds_on "$1"; }
begin() {
	bsre-token key generate --slot 9a --alg rsa2048 --label "$1" --pin-file "$pin" --yes 2>err &
	pid=$!
	until_so holds_on "$pid"
	kill -TERM "$pid"
	until_so lets_go "$pid"
	grep -q "The token cannot be stopped; it goes on" err || fail "it does not say so: $(cat err)"
}
# the history's last line about a key is that program's
noted() {
	bsre-token history --json | tr -d '\n' | sed 's/}, */}\n/g' | grep '"key generation"' | tail -n 1 >line
	grep -q "\"pid\": ${pid}[^0-9]" line && grep -q '"program": "[^"]' line
}

echo "--- one: it waits for the end"
begin satu
expect 0 wait "$pid"
bsre-token key list | grep -q satu
noted || fail "the ledger: $(cat line)"

echo "--- two: it ends, and the ledger knows whose key it was"
begin dua
sleep 0.3
kill -TERM "$pid"
expect 143 wait "$pid"
until_so noted
