#!/bin/sh
# A key that is destroyed leaves its certificate, and that is said; a new key in the slot deletes it only after a yes.
WAYS=direct
. "$(dirname "$0")/story.sh"
pin=$DESK_DIR/pin

destroy() { bsre-token key destroy --reason uji --pin-file "$pin" "$@"; }
refused 1 "its certificate, of 'Test User rsa', stays" setsid bsre-token key destroy --key 9a --reason uji --pin-file "$pin"
destroy --key 9a --yes 2>said
cat said
grep "Its certificate, of 'Test User rsa', stays.*cert delete 9a" said || fail "it does not say that the certificate stays"
bsre-token cert export 9a | cmp - "$TEST_CA_DIR/rsa.pem"

renew() { bsre-token key generate --slot 9a --alg p256 --label baru --pin-file "$pin" "$@"; }
refused 1 "9a .*'Test User rsa', whose key is gone" setsid bsre-token key generate --slot 9a --alg p256 --pin-file "$pin"
bsre-token cert export 9a | cmp - "$TEST_CA_DIR/rsa.pem"
renew --yes 2>said
cat said
grep 'whose key is gone' said || fail "it does not say which certificate it deletes"
refused 4 "no certificate '9a'" bsre-token cert export 9a

destroy --key 9a --yes --json >out.json 2>said
grep '"certificate_stays": false' out.json
renew </dev/null
