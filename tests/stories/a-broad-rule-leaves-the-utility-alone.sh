#!/bin/sh
# A rule for all programs does not mean our own utility: it goes on taking the PIN from its file and sees every key,
# unless a rule names it.
WAYS=direct
. "$(dirname "$0")/story.sh"
export PINENTRY_DIR="$WORK" DISPLAY=:77
pinentry="prompt = $TOP_SRCDIR/tests/tools/pinentry.py"
printf %s "$P11_PIN" >pin
chmod 600 pin
keys() { bsre-token --json status | grep -o '"slot"' | wc -l; }
signs() { bsre-token sign --key 9a message --pin-file pin --yes -o message.p7s; }

until_so sh -c "bsre-token list | grep -q '$P11_TOKEN'"
all=$(keys)
[ "$all" -gt 1 ] || fail "no keys"

configure "$pinentry" "app = */* on-use login"
until_so sh -c "bsre-token list | grep -q '$P11_TOKEN'"
[ "$(keys)" = "$all" ] || fail "status shows $(keys) of $all keys"
signs || fail "it does not sign"
[ ! -e pinentry.log ] || { cat pinentry.log; fail "a dialog opened, although the PIN is in a file"; }
# the rule is one, all the same
program A
on A init
on A open
on A pin "CKR_OK*no-login*"

configure "$pinentry" "app = */bsre-token on-use login"
until_so sh -c "bsre-token list | grep -q '$P11_TOKEN'"
[ "$(keys)" -lt "$all" ] || fail "a rule that names it does not count"
echo "pin $P11_PIN" >pinentry.todo
signs || fail "it does not sign by the dialog"
grep -q "DOES pin" pinentry.log || fail "no dialog opened for who is named"
