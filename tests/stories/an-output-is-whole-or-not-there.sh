#!/bin/sh
# What a command writes is there whole or not at all, and whether it can be written is known before a PIN is
# asked for; a file that is there is replaced only after a yes. Long files show how far they are, short ones not.
WAYS=direct
. "$(dirname "$0")/story.sh"
pin=$DESK_DIR/pin
printf 'CN = Budi\n' >dn
printf 'surat\n' >letter
mkdir folder
printf '111222\n' >wrong && chmod 600 wrong

echo "--- nothing is spent for an output that cannot be"
before=$(tries)
for out in nowhere/out /proc/out; do
	refused 1 "cannot be written" bsre-token sign -k 9a letter -o $out --pin-file wrong
	refused 1 "cannot be written" bsre-token request -k 9a --dn dn -o $out --pin-file wrong
	refused 1 "cannot be written" bsre-token cert export 9a -o $out
	refused 1 "cannot be written" bsre-token key attest -k 9a -o $out --pin-file wrong
done
for out in folder folder/ .; do
	refused 1 "is a folder; name a file in it" bsre-token sign -k 9a letter -o $out --pin-file wrong
	refused 1 "is a folder; name a file in it" bsre-token request -k 9a --dn dn -o $out --pin-file wrong
	refused 1 "is a folder; name a file in it" bsre-token cert export 9a -o $out
	refused 1 "is a folder; name a file in it" bsre-token key attest -k 9a -o $out --pin-file wrong
done
[ "$(tries)" = "$before" ] || fail "a PIN was spent: $before tries, now $(tries)"
refused 1 "folder is a folder, not a file" bsre-token sign -k 9a folder --pin-file wrong
refused 1 "\. is a folder, not a file" bsre-token sign -k 9a . --pin-file wrong
refused 1 "\. is a folder, not a file" bsre-token cert import . --pin-file wrong
refused 1 "\. is a folder, not a file" bsre-token request -k 9a --dn . --pin-file wrong
[ "$(tries)" = "$before" ] || fail "a PIN was spent: $before tries, now $(tries)"

echo "--- a file that is there"
(umask 027; bsre-token sign -k 9a letter --pin-file "$pin")
[ "$(stat -c %a letter.p7s)" = 640 ] || fail "mode $(stat -c %a letter.p7s), not 666 less the umask"
cp letter.p7s first
refused 1 "no terminal to ask at" setsid bsre-token sign -k 9a letter --pin-file wrong
grep -q "a file letter.p7s already" err || fail "it does not say what is there"
for command in "request -k 9a --dn dn" "cert export 9a" "key attest -k 9a"; do
	# shellcheck disable=SC2086  # the words of a command
	refused 1 "no terminal to ask at" setsid bsre-token $command -o letter
done
cmp letter.p7s first
[ "$(tries)" = "$before" ] || fail "a PIN was spent: $before tries, now $(tries)"
bsre-token cert export 9a -o letter.p7s --yes
cmp letter.p7s "$TEST_CA_DIR/rsa.pem"

echo "--- a symbolic link is replaced, what it names stays; a device is written to"
printf 'mine\n' >mine
ln -s mine link
ln -s gone dangling
bsre-token cert export 9a -o link --yes
bsre-token cert export 9a -o dangling --yes
[ ! -L link ] && [ ! -L dangling ] && [ ! -e gone ] && [ "$(cat mine)" = mine ] || fail "a link was followed"
bsre-token cert export 9a -o /dev/stdout | cmp - "$TEST_CA_DIR/rsa.pem"
[ -z "$(find . -name '*.??????' ! -name 'letter*')" ] || fail "left behind: $(find . -name '*.??????')"

echo "--- how far it is"
command -v script >/dev/null || exit 0
# the slowest code of OpenSSL, so that this takes some seconds on any computer
typed() { OPENSSL_ia32cap=0:0 script -qec "$1" /dev/null </dev/null >typed; }
truncate -s 900M large
typed "bsre-token sign -k 9a large --pin-file $pin"
grep -q 'large [0-9]* %' typed || fail "sign shows no progress: $(cat typed)"
[ "$(tr '\r' '\n' <typed | sed -n '/large [0-9]* %/=' | tail -n 1)" -lt "$(tr '\r' '\n' <typed | sed -n '/\[K/=' | tail -n 1)" ] ||
	fail "the progress stays on the line: $(cat typed)"
typed "bsre-token verify large --chain $TEST_CA_DIR/ca.pem"
grep -q 'large [0-9]* %' typed || fail "verify shows no progress: $(cat typed)"
typed "bsre-token verify --quiet large --chain $TEST_CA_DIR/ca.pem"
! grep '%' typed || fail "verify --quiet shows progress"
rm large
typed "bsre-token sign -k 9a letter --yes --pin-file $pin"
! grep '%' typed || fail "progress for a file of six bytes"
typed "bsre-token verify letter --chain $TEST_CA_DIR/ca.pem"
! grep '%' typed || fail "progress for a file of six bytes"
