#!/bin/sh
# What README.md tells an official and IT staff to type, typed as it stands there, one line after the
# other, with the questions answered on a terminal. What follows a line's "#" is for the reader.
WAYS=pcscd
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
for tool in expect certutil modutil; do
	command -v $tool >/dev/null || { echo "no $tool (scripts/deps installs it)"; exit 77; }
done
. "$(dirname "$0")/story.sh"

HOME=$WORK
LANGUAGE=en
export HOME LANGUAGE
serial=$(bsre-token list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["tokens"][0]["serial"])')
answers() { # PIN NEW-PIN
	printf '%s\t%s\n' "Type the serial number to erase this token: " "$serial" "The new token PIN again: " "$2" \
		"New token PIN: " "$2" "The new PUK again: " 90318427 "New PUK: " 90318427 "Token PIN: " "$1" "PUK: " 90318427 >answers
}
answers 624813 624813

lines() { # SECTION: its indented lines, without what is said beside them
	awk -v section="## $1" '/^## / { on = $0 == section } on && /^    / { sub(/^    /, ""); sub(/  +#.*/, ""); print }' \
		"$TOP_SRCDIR/README.md"
}
commands() { lines "$1" | grep -v '^[A-Za-z]* = '; }
typed=0
type_it() {
	echo "\$ $1"
	command expect "$TOP_SRCDIR/tests/tools/typist.exp" answers "$1" || fail "exit status $? of README's: $1"
	typed=$((typed + 1))
}

# --- IT staff, then the official whose token it is ----------------------------------------------------
lines "For IT staff" | grep '^[A-Za-z]* = ' >dn.txt
[ "$(wc -l <dn.txt)" -gt 3 ] || fail "README has no dn.txt"
cp "$TEST_CA_DIR/ca.pem" chain.pem
commands "For IT staff" >staff
commands "For an official" >official
exec 9<staff
while read -r line <&9; do
	type_it "$line"
	case $line in
	*" request "*)
		openssl x509 -req -in request.pem -CA "$TEST_CA_DIR/ca.pem" -CAkey "$TEST_CA_DIR/ca.key" -CAcreateserial \
			-days 730 -sha256 -extfile "$TEST_CA_DIR/user.ext" -out certificate.pem
		;;
	esac
done
mkdir -p .pki/nssdb
certutil -N -d "sql:$HOME/.pki/nssdb" --empty-password
# for this user alone, whoever runs the test, and with the module that is tested
type_it "$(lines Install | grep -x 'bsre-token register') --user --app chromium --module $P11_MODULE"
modutil -dbdir "sql:$HOME/.pki/nssdb" -list bsre-token | grep -F 'Token Name: Budi Santoso'
python3 "$TOP_SRCDIR/tests/tools/pdf.py" make letter.pdf
exec 9<official
while read -r line <&9; do
	case $line in *"pin change"*) answers 624813 739255 ;; esac
	type_it "$line"
	case $line in *"pin change"*) answers 739255 739255 ;; esac
done
[ "$typed" -ge 11 ] || fail "only $typed lines were found"

# what came of it, by others' word
openssl req -in request.pem -verify -noout -subject
openssl cms -verify -binary -inform DER -in letter.pdf.p7s -content letter.pdf -CAfile "$TEST_CA_DIR/ca.pem" -purpose any -out /dev/null
