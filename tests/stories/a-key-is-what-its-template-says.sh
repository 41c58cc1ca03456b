#!/bin/sh
# C_GenerateKeyPair: what a template asks for is kept or refused. A key that is to ask for its PIN each time
# does so in whatever slot it comes to lie. What a key is for no card can limit: that is taken, and not kept.
WAYS=direct
. "$(dirname "$0")/story.sh"

P256=ec-params=x06082a8648ce3d030107
program A
on A init
on A "open rw"
on A "login $P11_PIN"
bsre-token key list | grep -qi 9c || fail "this test wants a key in 9C"
on A "generate $P256 extractable=y" CKR_TEMPLATE_INCONSISTENT
on A "generate $P256 sensitive=n" CKR_TEMPLATE_INCONSISTENT
on A "generate $P256 token=n" CKR_TEMPLATE_INCONSISTENT
on A "generate $P256 label=a,label=b" CKR_TEMPLATE_INCONSISTENT
on A "generate $P256 sign=x0000" CKR_ATTRIBUTE_VALUE_INVALID
on A "generate $P256 label=usage,sign=n,decrypt=y,derive=n"
on A "get sign" "CKR_OK 01"
on A "sign ecdsa usage"
on A "generate $P256 always=y,pin-policy=#2" CKR_TEMPLATE_INCONSISTENT
on A "generate $P256 label=always,always=y"
on A "get always" "CKR_OK 01"
on A "get slot"
[ "$ANSWER" != "CKR_OK 9c00000000000000" ] || fail "in the slot of another key"
on A "get pin-policy" "CKR_OK 0300000000000000"
on A "sign ecdsa always" CKR_USER_NOT_LOGGED_IN
on A "sign-init ecdsa always"
on A "login $P11_PIN context"
on A "sign-final"
on A "generate $P256 label=once,always=n"
on A "get always" "CKR_OK 00"
on A "sign ecdsa once"
