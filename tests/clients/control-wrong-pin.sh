#!/bin/sh
# A control of the clients' scripts: with a wrong PIN each of them fails. A script that passes then has used no key.
. "$(dirname "$0")/lib.sh"
"$HERE/run-all" --wrong-pin || fail "with a wrong PIN not all failed"
ok "with a wrong PIN every client's script fails"
