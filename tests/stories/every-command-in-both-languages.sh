#!/bin/sh
# Every command of the utility at a terminal, in English and in Bahasa Indonesia: it does its work, and no
# English sentence is left in what an Indonesian reads.
WAYS=direct
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
for tool in expect msgfmt; do
	command -v $tool >/dev/null || { echo "no $tool (scripts/deps installs it)"; exit 77; }
done
. "$(dirname "$0")/story.sh"

mkdir -p locale/id/LC_MESSAGES
msgfmt -c -o locale/id/LC_MESSAGES/bsre-token.mo "$TOP_SRCDIR/po/id.po"
BSRE_LOCALEDIR=$PWD/locale
export BSRE_LOCALEDIR
serial=$(bsre-token list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["tokens"][0]["serial"])')
printf 'CN = Budi\nO = Test\nC = ID\n' >dn.txt
printf 'surat\n' >letter

# every command of the table, in an order in which each finds what it needs
walk='list
status
init --label Contoh
pin verify
pin change
pin set-puk
pin unblock
key generate --slot 9a --alg p256 --label masuk
key generate --slot 9c --alg rsa2048 --label tanda
key generate --slot 9d --alg p256 --label lama
key list
key test --key 9a
key attest --key 9a -o attest.pem
request --key 9c --dn dn.txt -o request.pem
cert import certificate.pem
cert list
cert export 9c -o export.pem
cert check 9c --chain chain.pem
sign --key 9c letter -o letter.p7s
verify letter letter.p7s --chain chain.pem
key destroy --key 9d --reason uji
register --user --app p11-kit,java,ssh --module $P11_MODULE
unregister --user
cert delete 9c
history
version
help
help key generate'

# the questions of each language: question, colon, what is typed
questions() { # LANGUAGE
	case $1 in
	en) cat <<-X
		Type the serial number to erase this token: :$serial
		The new token PIN again: :$pin
		New token PIN: :$pin
		The new PUK again: :$newpuk
		New PUK: :$newpuk
		Token PIN: :$old
		PUK: :$puk
		Destroy this key? [y/N] :yes
		Delete this certificate? [y/N] :yes
		X
		;;
	id) cat <<-X
		Ketik nomor serinya untuk menghapus seluruh isi token ini: :$serial
		Ulangi PIN token baru: :$pin
		PIN token baru: :$pin
		Ulangi PUK baru: :$newpuk
		PUK baru: :$newpuk
		PIN token: :$old
		PUK: :$puk
		Hancurkan kunci ini? [y/T] :ya
		Hapus sertifikat elektronik ini? [y/T] :ya
		X
		;;
	esac
}

# each command of the table is walked
sed -n 's/^CMD([a-z0-9_]*, *"\([^"]*\)".*/\1/p' "$TOP_SRCDIR/src/cli/commands.def" | while read -r words; do
	echo "$walk" | grep -q "^$words\( \|\$\)" || fail "$words is not walked"
done

for language in en id; do
	pin=624813 old=624813 puk=90318427 newpuk=90318427
	rm -f ./*.pem letter.p7s
	cp "$TEST_CA_DIR/ca.pem" chain.pem
	echo "$walk" >walk
	exec 9<walk
	while read -r line <&9; do
		case $line in "pin change") pin=739255 ;; "pin unblock") pin=624813 ;; "pin set-puk") newpuk=82741936 ;; esac
		questions $language | sed 's/:\([^:]*\)$/\t\1/' >answers
		echo "\$ bsre-token $line"
		LANGUAGE=$language command expect "$TOP_SRCDIR/tests/tools/typist.exp" answers "bsre-token $line" >out ||
			{ cat out; fail "it fails in $language: $line"; }
		cat out
		[ -s out ] || fail "nothing is said in $language: $line"
		! grep -E '624813|739255|90318427|82741936' out || fail "a secret shows"
		cat out >>shown.$language
		old=$pin puk=$newpuk
		case $line in request*)
			openssl x509 -req -in request.pem -CA "$TEST_CA_DIR/ca.pem" -CAkey "$TEST_CA_DIR/ca.key" \
				-CAcreateserial -days 730 -sha256 -extfile "$TEST_CA_DIR/user.ext" -out certificate.pem 2>/dev/null
			;;
		esac
	done
done

# sentences of three words and more that have a translation and yet show in English
python3 - "$TOP_SRCDIR/po/id.po" shown.id shown.en <<'X'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
shown, english = (open(f, encoding="utf-8", errors="replace").read() for f in sys.argv[2:])
unquote = lambda s: "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', s)).replace('\\n', "\n").replace('\\"', '"')
pairs = [(unquote(a), unquote(b)) for a, b in
         re.findall(r'^msgid ((?:"[^\n]*"\n)+)msgstr ((?:"[^\n]*"\n?)+)', text, re.M)]
parts = {p.strip() for a, b in pairs if a and b and a != b for p in re.split(r"%[-0-9.*]*[a-z]+|\n", a)
         if len(p.split()) >= 3 and p not in b}
seen = [p for p in parts if p in english]
left = [p for p in parts if p in shown]
print(len(parts), "sentences,", len(seen), "seen in English")
for p in left:
    print("English in what an Indonesian reads:", p)
sys.exit(bool(left) or len(seen) < 40)
X
