#!/bin/sh
# Two tokens are plugged in: a command that works on one wants to know which, by serial number or label.
WAYS=direct DESK="--tokens 2"
. "$(dirname "$0")/story.sh"

[ "$(bsre-token list --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["tokens"]))')" = 2 ]
refused 64 'name one with --token' bsre-token key list
refused 64 'name one with --token' bsre-token init --label x --yes --pin-file "$DESK_DIR/pin" --puk-file "$DESK_DIR/puk"
first=$(bsre-token list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["tokens"][0]["serial"])')
bsre-token --token "$first" key list
bsre-token key list --token "$P11_TOKEN"
refused 3 "no token 'nobody'" bsre-token key list --token nobody
