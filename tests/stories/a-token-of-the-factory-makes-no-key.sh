#!/bin/sh
# While a token has the factory's PIN, PUK or management key, key generate and request refuse before the PIN is
# asked for and name the command that mends it; --force goes on with a warning. A PIN of 123456 is told on any
# token, once it was right.
WAYS=direct DESK=--blank
. "$(dirname "$0")/story.sh"
pin=$DESK_DIR/pin puk=$DESK_DIR/puk
serial=$(bsre-token list --json | sed -n 's/.*"serial": "\(.*\)".*/\1/p')
(umask 077; echo 123456 >factory.pin; echo 12345678 >factory.puk; echo 00000000 >wrong)
printf 'CN = Budi\n' >dn
next() { grep -qx "next: bsre-token $1 --token $serial" err || fail "it does not name $1: $(cat err)"; }
generate() { bsre-token key generate --slot 9a --alg p256 --yes "$@"; }

refused 1 "the factory's" generate --pin-file wrong
next init
bsre-token pin change --pin-file factory.pin --new-pin-file "$pin"
refused 1 "PUK is the factory's" generate --pin-file wrong
next "pin set-puk"
bsre-token pin set-puk --puk-file factory.puk --new-puk-file "$puk"
refused 1 "management key is the factory's" generate --pin-file wrong
next init
[ "$(tries)" = 3 ] || fail "a try was spent"
generate --pin-file "$pin" --force 2>err
grep -q "warning: its management key is the factory's" err || fail "no warning with --force: $(cat err)"
refused 1 "management key is the factory's" bsre-token request --dn dn --pin-file wrong
bsre-token request --dn dn --pin-file "$pin" --force | openssl req -verify -noout

# ours, and the PIN is the factory's again: another program may set that
bsre-token init --label Contoh --pin-file "$pin" --puk-file "$puk" --yes
generate --pin-file "$pin"
pkcs11-tool --module "$P11_MODULE" --token-label Contoh --change-pin --pin "$(cat "$pin")" --new-pin 123456
refused 1 "its PIN is 123456" generate --pin-file factory.pin
next "pin change"
refused 1 "its PIN is 123456" bsre-token request --dn dn --pin-file factory.pin
generate --pin-file factory.pin --force 2>err
grep -q "warning: its PIN is 123456" err || fail "no warning with --force: $(cat err)"
