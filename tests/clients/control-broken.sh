#!/bin/sh
# A control of the clients' scripts: over a module whose signatures are wrong each of them fails. A script
# that passes then has verified nothing.
. "$(dirname "$0")/lib.sh"
"$HERE/run-all" --broken || fail "with wrong signatures not all failed"
ok "with wrong signatures every client's script fails"
