#!/bin/sh
# What was changed or cut in the ledger is told, its last line as well, and stays told when the service goes
# on; what a crash does to it is not; a second service does not break it, and refusals do not fill it.
WAYS=direct
. "$(dirname "$0")/story.sh"
ledger=$XDG_STATE_HOME/bsre-token/ledger
bsre-token pin verify --pin-file "$DESK_DIR/pin"	# the ledger begins
file=$(basename "$(ls "$ledger"/*.jsonl)")
lines() { wc -l <"$ledger/$file"; }
intact() { bsre-token history >/dev/null && bsre-token history --verify 2>&1 | grep -q whole || fail "the history is said to be changed: $1"; }
told() { # WHERE: in a copy that COMMAND changed
	rm -rf copy
	cp -R "$ledger" copy
	(cd copy && eval "$2")
	refused 1 "$1" bsre-token history --ledger copy
	refused 1 "$1" bsre-token history --verify --ledger copy
}
restart() {
	old=$(service_pid)
	kill "${1:--TERM}" "$old"
	until_so gone "$old"
	service_start
}

program A
on A init
on A open
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
settled() { [ "$(cut -d' ' -f2 "$ledger/head")" = "$(wc -c <"$ledger/$file")" ]; }
until_so settled
intact "but nothing was"
n=$(lines)
told "$file, line $n" "sed -i '${n}s/\"OK\"/\"NO\"/' $file"
told "$file, line $n" "sed -i '${n}s/sign/signed/' $file"
told "$file, line $n" "sed -i '${n}d' $file"
told "$file, line 2" "sed -i '2d' $file"
told "$file, line 1" ": >$file"
told "$file, line 1" "rm $file"
told "'head'" "rm head"
told "'head'" "echo x >>head"

# it stays told
restart
intact "it was started anew"
n=$(lines)
old=$(service_pid)
kill "$old"
until_so gone "$old"
sed -i "${n}s/sign/derive/" "$ledger/$file"
service_start
bsre-token pin verify --pin-file "$DESK_DIR/pin"
until_so settled
refused 1 "$file, line $((n + 1))" bsre-token history
[ "$(lines)" = $((n + 1)) ] || fail "$(lines) lines, not $((n + 1))"
rm "$ledger"/*
restart

# a crash
bsre-token pin verify --pin-file "$DESK_DIR/pin"
restart -KILL
bsre-token pin verify --pin-file "$DESK_DIR/pin"
restart -KILL
printf '{"time":"2026' >>"$ledger/$file"
restart -KILL
bsre-token pin verify --pin-file "$DESK_DIR/pin"
intact "the service was killed"
[ "$(lines)" = 3 ] || fail "$(lines) lines, not 3"

# a second service with the same folder, for as long as there is a first
mkdir -m 700 second
sed "s|$BSRE_TOKEND_SOCKET|$WORK/second/socket|" "$DESK_DIR/tokend.start" >start
sh ./start >second.log 2>&1 3>&- 4>&- &
second=$!
until_so grep -q 'another bsre-tokend writes' second.log
kill "$second"
until_so gone "$second"
until_so settled

# refusals
back() { tell A open; hear A; [ "$ANSWER" = CKR_OK ]; }
until_so back
n=$(lines)
i=0
while [ $i -lt 100 ]; do
	on A "login 12" CKR_PIN_LEN_RANGE
	i=$((i + 1))
done
on A "login 111111" CKR_PIN_INCORRECT
on A "login $P11_PIN"
[ "$(lines)" = $((n + 32)) ] || fail "$(($(lines) - n)) lines for a hundred refusals and two more"
until_so settled
sleep 0.3			# nothing is left to do but the counted ones
restart
settled || fail "the service ended before the head was written"
tail -n 1 "$ledger/$file" | grep -q '"what":"refusals".*"times":70' || fail "they were not counted"
intact "it was flooded"
