#!/bin/sh
# pcscd is killed: the utility says that the smart card service is not running and which command starts it, with
# exit status 3, in both languages; when pcscd is back everything works again by itself. And a service that starts
# without pcscd says the same.
WAYS=pcscd
. "$(dirname "$0")/story.sh"

said() { # while pcscd is dead
	for command in list status "key list" "pin verify --pin-file $DESK_DIR/pin"; do
		# shellcheck disable=SC2086  # the words of a command
		refused 3 '(pcscd) is not running' bsre-token $command
		grep -q '^next: sudo systemctl start pcscd.socket' err || fail "no command that mends it: $command"
		! grep -i 'plug' err || fail "it speaks of plugging in: $command"
	done
	expect 3 bsre-token status --json >dead.json
	python3 -c 'import json; o = json.load(open("dead.json")); assert o["tokens"] == [] and \
		o["error"]["code"] == "NO_READERS", o'
	mkdir -p locale/id/LC_MESSAGES
	msgfmt -o locale/id/LC_MESSAGES/bsre-token.mo "$TOP_SRCDIR/po/id.po" || return 0
	BSRE_LOCALEDIR=$PWD/locale LANGUAGE=id refused 3 '(pcscd) tidak berjalan' bsre-token status
}
there() { bsre-token list | grep -q 'Test Token'; }
none() { ! there 2>/dev/null; }
dead() { bsre-token list 2>&1 | grep -q pcscd; }

bsre-token list
kill -9 "$(cat "$DESK_DIR/pcscd.pid")"
until_so none
until_so dead
said
pcscd_start
until_so there
bsre-token status
bsre-token pin verify --pin-file "$DESK_DIR/pin"

# the token service starts while pcscd is not there
kill -9 "$(cat "$DESK_DIR/pcscd.pid")"
until_so none
configure "linger = 500"
until_so dead
said
pcscd_start
until_so there

# a reader with no token is something else
token unplug
until_so none
refused 3 'no token' bsre-token list
