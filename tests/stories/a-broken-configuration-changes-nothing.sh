#!/bin/sh
# A configuration that cannot be right is named with its line, nothing in it is used, and the service
# starts all the same.
WAYS=direct
. "$(dirname "$0")/story.sh"

broken() { # LINE-NUMBER PATTERN LINE...
	line=$1 pattern=$2; shift 2
	: >"$DESK_DIR/tokend.log"
	configure "$@"
	# what the desk put before these lines
	line=$((line + $(wc -l <"$DESK_DIR/tokend.conf") - $(wc -l <"$WORK/lines")))
	bsre-token list | grep -q "$P11_TOKEN" || fail "it does not serve"
	grep -q "tokend.conf:$line: .*$pattern" "$DESK_DIR/tokend.log" || { cat "$DESK_DIR/tokend.log"; fail "line $line is not named"; }
}
broken 2 'no key "lingre"' "linger = 100" "lingre = 200"
broken 3 'milliseconds\|ms from' "# a comment" "" "linger = soon"
broken 1 'yes or no' "retain-pin = perhaps"
broken 1 'from 0 to' "linger = 99999999999999999999"
broken 1 'from 0 to' "linger = -1"
broken 2 'key = value' "linger = 100" "a line"
printf 'linger = 1\0\n' >"$DESK_DIR/tokend.conf"
kill "$(service_pid)"; until_so gone "$(service_pid)"
service_start
bsre-token list | grep -q "$P11_TOKEN"
# idle-limit stands in the broken file: it is not used
broken 2 'no key' "idle-limit = 1" "what = this"
program A
on A init
on A open
on A "login $P11_PIN"
sleep 1.3
on A state "CKR_OK 1"
