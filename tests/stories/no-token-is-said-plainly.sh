#!/bin/sh
# No token: the utility says so with exit status 3; a program sees a slot that is empty.
DESK="--tokens 0 --blank"
. "$(dirname "$0")/story.sh"

refused 3 'no token' bsre-token key list
refused 3 'no token' bsre-token init --label X --pin-file "$DESK_DIR/pin" --puk-file "$DESK_DIR/puk" --yes
refused 3 'no token' bsre-token list
refused 3 'no token' bsre-token status
for command in list status; do
	expect 3 bsre-token "$command" --json >none.json
	python3 -c 'import json; o = json.load(open("none.json")); assert o["tokens"] == [] and o["error"]["exit"] == 3, o'
done
program A
on A init
on A "slots all" "CKR_OK [1-9]*"
on A slots "CKR_OK 0"
on A open CKR_TOKEN_NOT_PRESENT
pkcs11-tool --module "$P11_MODULE" -L
