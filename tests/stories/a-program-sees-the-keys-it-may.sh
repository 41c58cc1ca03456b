#!/bin/sh
# An administrator keeps the signing key out of a program, or the log-in key: its certificate and public key are not
# seen there either, and a handle is of no use. The utility sees all as before.
WAYS=direct
. "$(dirname "$0")/story.sh"

all=$(bsre-token --json key list | grep -c '"label"')
seen() { on A "search class=$1,label=$2" "CKR_OK $3"; }

configure "app = */p11client app-pin login"
program A
on A init
on A open
on A "login $P11_PIN"
seen private "$P11_RSA_LABEL" 1
seen certificate "$P11_RSA_LABEL" 1
for class in private public certificate; do seen $class "$P11_SIGN_LABEL" 0; done
on A "sign rsa $P11_SIGN_LABEL" not
on A "sign rsa $P11_RSA_LABEL"
on A finalize

# a program that was upgraded while it runs is still the one that the rule is about
configure "app = */signer-x app-pin login"
cp "$TOP_BUILDDIR/tests/stories/p11client" "$WORK/signer-x"
program B "$(realpath --relative-to="$TOP_BUILDDIR/tests/stories" "$WORK/signer-x")"
on B slots not
rm "$WORK/signer-x"
on B init
on B open
on B "login $P11_PIN"
on B "search class=private,label=$P11_SIGN_LABEL" "CKR_OK 0"
on B "search class=private,label=$P11_RSA_LABEL" "CKR_OK 1"
on B finalize

configure "app = */p11client app-pin sign"
on A init
on A open
on A "login $P11_PIN"
for class in private public certificate; do seen $class "$P11_RSA_LABEL" 0; done
seen certificate "$P11_SIGN_LABEL" 1
on A "sign-init rsa $P11_SIGN_LABEL"
on A "login $P11_PIN context"
on A sign-final
[ "$(bsre-token --json key list | grep -c '"label"')" = "$all" ] || fail "the utility sees other keys than before"
