#!/bin/sh
# A card that no driver knows: `list` has no token, `status` names the reader, programs see no token.
DESK=--blank
. "$(dirname "$0")/story.sh"

token unplug
gone_from_list() { ! bsre-token list | grep -q 20260001; }
until_so gone_from_list
# every command that our drivers and OpenSC's try is refused
for i in $(seq 100); do token sw-at "$i" 6A82; done
token plug
sees_it() { bsre-token status >status 2>&1; grep -qi 'no driver knows\|unknown\|not known' status; }
until_so sees_it
cat status
refused 3 'no driver knows' bsre-token key list
program A
on A init
on A open "CKR_TOKEN_NOT_*"
