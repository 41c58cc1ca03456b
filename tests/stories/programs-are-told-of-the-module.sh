#!/bin/sh
# bsre-token register makes the module known to programs, which then use it; a second time there is nothing
# to do; unregister leaves every file as it was. What is damaged, read-only, open or another user's is
# named and left alone, and the others go on.
WAYS=direct
. "$(dirname "$0")/story.sh"
. "$TOP_SRCDIR/tests/stories/told.sh"

# --- a home with two profiles of Firefox, as people have them -------------------------------------------
mkdir -p "$FF/aaa.default" "$FF/bbb.esr" "$HOME/.config/libreoffice"
chmod 700 "$FF/aaa.default" "$FF/bbb.esr"
printf '[Profile0]\nName=default\nIsRelative=1\nPath=aaa.default\nDefault=1\n\n[Profile1]\nName=esr\nIsRelative=0\nPath=%s\n\n[Profile2]\nName=lost\nIsRelative=1\nPath=lost\n' \
	"$FF/bbb.esr" >"$FF/profiles.ini"
printf 'library=\nname=NSS Internal PKCS #11 Module\nparameters=configdir='"'sql:$FF/bbb.esr'"' certPrefix= keyPrefix= flags= \nNSS=Flags=internal,critical\n\nlibrary=/nowhere/libother.so\nname=Other' \
	>"$FF/bbb.esr/pkcs11.txt"
chmod 640 "$FF/bbb.esr/pkcs11.txt"
tree "$HOME" >before

register --user --dry-run --app firefox,chromium,java >try
same before "$HOME"
grep -qF "+library=$P11_MODULE" try || fail "the try does not show the line"
grep -qF "$FF/bbb.esr/pkcs11.txt" try || fail "the try does not name the file"
register --user --app p11-kit,firefox,chromium --app java --app libreoffice,openssl,ssh --json >out.json
for file in /aaa.default/pkcs11.txt /bbb.esr/pkcs11.txt /.pki/nssdb/pkcs11.txt /java-pkcs11.cfg /openssl.cnf /ssh_config; do
	is "$file" registered
done
is /lost absent
python3 -c 'import json; o = json.load(open("out.json")); assert o["scope"] == "user" and o["failed"] == 0 and o["use"], o'
[ "$(stat -c %a "$FF/bbb.esr/pkcs11.txt")" = 640 ] || fail "the mode was not kept"
tree "$HOME" >registered
register --user --app p11-kit,firefox,chromium,libreoffice,java,openssl,ssh --json >out.json
python3 -c 'import json; assert json.load(open("out.json"))["changed"] == 0'
is /aaa.default/pkcs11.txt already
same registered "$HOME"
unregister --user --dry-run >try
same registered "$HOME"
grep -qF -e "-library=$P11_MODULE" try || fail "the try does not show what would go"

# --- real programs load it from there ------------------------------------------------------------------------
mkdir copy
if command -v modutil >/dev/null; then
	for folder in "$FF/aaa.default" "$FF/bbb.esr" "$HOME/.pki/nssdb"; do
		rm -rf copy/nss && cp -r "$folder" copy/nss
		certutil -N -d sql:copy/nss --empty-password
		modutil -dbdir sql:copy/nss -list >modules
		grep -qF "token: $P11_TOKEN" modules || { cat modules; fail "NSS does not see the token: $folder"; }
	done
	grep -q 'Other' modules && fail "another folder's module"
	rm -rf copy/nss && cp -r "$FF/bbb.esr" copy/nss && grep -q '^name=Other$' copy/nss/pkcs11.txt
fi
# what NSS's own tool takes out is what was put in
if command -v modutil >/dev/null; then
	modutil -dbdir sql:copy/nss -force -delete bsre-token
	! grep -q name=bsre-token copy/nss/pkcs11.txt || fail "modutil finds another entry than its own"
fi
if command -v keytool >/dev/null; then
	keytool -list -keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11 \
		-providerArg "$XDG_CONFIG_HOME/bsre-token/java-pkcs11.cfg" -storepass "$P11_PIN" >keys
	grep -q PrivateKeyEntry keys || { cat keys; fail "Java does not see the keys"; }
fi
if [ -e "$(openssl version -e | sed 's/.*"\(.*\)"/\1/')/pkcs11.so" ]; then
	OPENSSL_CONF=$XDG_CONFIG_HOME/bsre-token/openssl.cnf openssl pkeyutl -sign -engine pkcs11 -keyform engine -inkey \
		"pkcs11:token=$(echo "$P11_TOKEN" | sed 's/ /%20/g');id=%$(echo "$P11_EC_ID" | sed 's/../&%/g; s/%$//');type=private;pin-value=$P11_PIN" \
		-in message -out ec.sig
	verify_ec message ec.sig ec.pub
fi
if command -v ssh >/dev/null; then
	ssh -G -F "$XDG_CONFIG_HOME/bsre-token/ssh_config" example | grep -qxiF "pkcs11provider $P11_MODULE" ||
		fail "ssh does not read its file"
fi
if command -v p11-kit >/dev/null && [ "$(id -u)" != 0 ]; then
	p11-kit list-modules | grep -qF "token: $P11_TOKEN" || fail "p11-kit does not see the token"
fi
rm -rf copy

# --- taken back: byte for byte; and where people wrote in between, our part alone ----------------------------
unregister --user --json >out.json
is /bbb.esr/pkcs11.txt removed
same before "$HOME"
unregister --user 2>err
grep -q 'nothing to change' err
register --user --app firefox,java,chromium
printf 'library=/nowhere/libnew.so\nname=New\n\n' >>"$FF/bbb.esr/pkcs11.txt"
sed -i 's/^name=bsre-token$/&\nNSS=trustOrder=100 /' "$FF/aaa.default/pkcs11.txt"
echo '# mine' >>"$XDG_CONFIG_HOME/bsre-token/java-pkcs11.cfg"
touch "$HOME/.pki/nssdb/cert9.db"
unregister --user
! grep -rq name=bsre-token "$FF" || fail "an entry was left"
grep -q '^name=New$' "$FF/bbb.esr/pkcs11.txt" && grep -q '^name=Other$' "$FF/bbb.esr/pkcs11.txt"
[ "$(cat "$XDG_CONFIG_HOME/bsre-token/java-pkcs11.cfg")" = '# mine' ] || fail "a person's line is gone"
[ "$(ls -A "$HOME/.pki/nssdb")" = cert9.db ] || fail "not what was there"
# somebody else's module took our name in the meantime: it is not ours to take out
register --user --app firefox
printf 'library=/opt/agency/other.so\nname=bsre-token\n\n' >"$FF/aaa.default/pkcs11.txt"
sed -i 's/^name=bsre-token$/&\nNSS=trustOrder=100 /' "$FF/bbb.esr/pkcs11.txt"
unregister --user --json >out.json
is /aaa.default/pkcs11.txt absent
is /bbb.esr/pkcs11.txt removed
grep -q agency "$FF/aaa.default/pkcs11.txt" || fail "somebody else's entry is gone"
rm "$FF/aaa.default/pkcs11.txt"
# while a profile is open its entry stays, is named, and goes the next time
register --user --app firefox
hold "$FF/bbb.esr"
refused 1 'has the profile open' unregister --user
grep -q name=bsre-token "$FF/bbb.esr/pkcs11.txt" && ! grep -q name=bsre-token "$FF/aaa.default/pkcs11.txt"
let_go
unregister --user
! grep -rq name=bsre-token "$FF" || fail "an entry was left"
# as after a crash between the record and the file
register --user --app ssh
rm "$XDG_CONFIG_HOME/bsre-token/ssh_config"
unregister --user
# without its record the entries are found by name; a person's own entry is kept
rm -rf "$XDG_CONFIG_HOME/bsre-token" "$HOME/.pki" "$FF/aaa.default/pkcs11.txt"
printf 'library=%s\nname=mine\n\n' "$P11_MODULE" >"$FF/bbb.esr/pkcs11.txt"
tree "$HOME" >before
register --user --app firefox
rm -r "$XDG_STATE_HOME"
unregister --user
grep -q '^name=mine$' "$FF/bbb.esr/pkcs11.txt" || fail "a person's own entry is gone"
! grep -q bsre-token "$FF/aaa.default/pkcs11.txt" || fail "an entry was left"
rm -r "$FF/aaa.default/pkcs11.txt" "$HOME/.local"

# the module moved: our entry follows, and still leaves nothing behind
cp "$P11_MODULE" libbsre-pkcs11.so
bsre-token register --user --app firefox,ssh --module "$PWD/libbsre-pkcs11.so"
register --user --app firefox,ssh --json >out.json
is /aaa.default/pkcs11.txt registered
grep -qxF "library=$P11_MODULE" "$FF/aaa.default/pkcs11.txt"
unregister --user
rm -rf "$HOME/.local"
grep -v '\.local' before >b && mv b before
same before "$HOME"

# the same module by a link, or by its path in another spelling, is told once; what is there stays as it is
cp "$FF/bbb.esr/pkcs11.txt" kept.txt
ln -s "$P11_MODULE" by-link.so
mkdir -p "$HOME/.pki/nssdb"
printf 'library=%s\nname=mine\n\n' "$WORK/by-link.so" >"$HOME/.pki/nssdb/pkcs11.txt"
printf 'library=%s\nname=mine\n\n' "$(dirname "$P11_MODULE")//./$(basename "$P11_MODULE")" >"$FF/bbb.esr/pkcs11.txt"
tree "$HOME/.pki" >before.pki
tree "$FF/bbb.esr" >before.ff
register --user --app firefox,chromium --json >out.json
is /bbb.esr/pkcs11.txt already
is /nssdb/pkcs11.txt already
is /aaa.default/pkcs11.txt registered
same before.pki "$HOME/.pki"
same before.ff "$FF/bbb.esr"
bsre-token register --user --app firefox --module "$WORK/by-link.so" --json >out.json
is /aaa.default/pkcs11.txt already
unregister --user
same before.pki "$HOME/.pki"
same before.ff "$FF/bbb.esr"
cp kept.txt "$FF/bbb.esr/pkcs11.txt"
rm -r "$HOME/.pki"

# --- what cannot be done is named, and the others go on --------------------------------------------------------
mkdir -p "$HOME/.local/state"
printf 'library=/x.so\nname=bsre-token\n\n' >"$FF/aaa.default/pkcs11.txt"
chmod 400 "$FF/bbb.esr/pkcs11.txt"
sed -i '/mine/d; /library/d' "$FF/bbb.esr/pkcs11.txt"
tree "$FF" >before
expect 1 sh -c 'bsre-token register --user --app firefox,java --module "$P11_MODULE" --json >out.json 2>err'
is /aaa.default/pkcs11.txt failed
is /bbb.esr/pkcs11.txt failed
is /java-pkcs11.cfg registered
grep -q 'another module' err
grep -q 'read-only' err
same before "$FF"
unregister --user
chmod 600 "$FF/bbb.esr/pkcs11.txt"
printf '\000\001' >"$FF/aaa.default/pkcs11.txt"
refused 1 'no\(t a\)\? list' register --user --app firefox
rm -rf "$FF/aaa.default/pkcs11.txt"
unregister --user
# Firefox has the profile open
tree "$FF/bbb.esr" >before
hold "$FF/bbb.esr"
refused 1 'has the profile open' register --user --app firefox
grep -q bsre-token "$FF/aaa.default/pkcs11.txt" || fail "the other profile did not go on"
let_go
same before "$FF/bbb.esr"
unregister --user
# LibreOffice: the profile that it would take, first in this order; it shares it with its owner
mkdir -p "chosen & mine" theirs "$XDG_CONFIG_HOME/libreoffice/4/user"
item='<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="CertDir" oor:op="fuse"><value>'
printf '<?xml version="1.0"?>\n<oor:items>\n%s%s</value></prop></item>\n</oor:items>\n' "$item" "$WORK/chosen &amp; mine" \
	>"$XDG_CONFIG_HOME/libreoffice/4/user/registrymodifications.xcu"
MOZILLA_CERTIFICATE_FOLDER=sql:$WORK/theirs register --user --app libreoffice --json >out.json
is theirs/pkcs11.txt registered
register --user --app libreoffice --json >out.json
is "/chosen & mine/pkcs11.txt" registered
rm -r "$XDG_CONFIG_HOME/libreoffice/4"
register --user --app libreoffice,firefox --json >out.json
is /aaa.default/pkcs11.txt registered
bsre-token unregister --user --app libreoffice --json >out.json
is "/chosen & mine/pkcs11.txt" removed
is theirs/pkcs11.txt removed
is /aaa.default/pkcs11.txt kept
grep -q name=bsre-token "$FF/aaa.default/pkcs11.txt" || fail "Firefox's entry went with LibreOffice's"
unregister --user
[ -z "$(find "chosen & mine" theirs -type f)" ] || fail "not taken back"
# it cannot be told which one it would take, or that one's folder is gone: said, and no other is changed or made
XCU=$XDG_CONFIG_HOME/libreoffice/4/user/registrymodifications.xcu
tree "$FF" >before
mkdir -p "$XCU"
refused 1 'registrymodifications.xcu: it is no file' register --user --app libreoffice
rmdir "$XCU"
truncate -s 80M "$XCU"
refused 1 'registrymodifications.xcu: it is no file' register --user --app libreoffice
same before "$FF"
{
	printf '<?xml version="1.0"?>\n<oor:items>\n'
	head -c 3000000 /dev/zero | tr '\0' '\n'
	printf '%s%s</value></prop></item>\n</oor:items>\n' "$item" "$WORK/theirs"
} >"$XCU"
register --user --app libreoffice --json >out.json
is theirs/pkcs11.txt registered
unregister --user
rm -r "$XDG_CONFIG_HOME/libreoffice/4"
mkdir -p "$HOME/.thunderbird/profiles.ini"
refused 1 'profiles.ini: it is no file' register --user --app libreoffice
same before "$FF"
rmdir "$HOME/.thunderbird/profiles.ini"
printf '[Profile0]\nName=gone\nIsRelative=1\nPath=gone\n' >"$HOME/.thunderbird/profiles.ini"
tree "$HOME" >before
register --user --app libreoffice --json >out.json
is /.thunderbird/gone absent
grep -q 'folder is not there' out.json
same before "$HOME"
rm -r "$HOME/.thunderbird"
# links: a person's own is followed, a folder of another user's is not
mkdir dotfiles
ln -s "$WORK/dotfiles" "$HOME/.pki"
register --user --app chromium
[ -L "$HOME/.pki" ] && grep -q bsre-token dotfiles/nssdb/pkcs11.txt
unregister --user
rm "$HOME/.pki"
if [ "$(id -u)" = 0 ]; then
	chown 65534 dotfiles
	ln -s "$WORK/dotfiles" "$HOME/.pki"
	refused 1 'another user' register --user --app chromium
	[ -z "$(ls dotfiles)" ] || fail "written into another user's folder"
	rm "$HOME/.pki"
	chown 0 dotfiles
fi

# --- the system, in a folder that stands for / ------------------------------------------------------------------
for form in none etc own; do
	rm -rf root && mkdir -p root/usr/lib/firefox-esr root/usr/share/firefox-esr/distribution "root$(dirname "$P11_MODULE")"
	ln -s /usr/share/firefox-esr/distribution root/usr/lib/firefox-esr/distribution
	touch "root$P11_MODULE"
	where=root/etc/firefox/policies/policies.json
	case $form in
	etc) mkdir -p root/etc/firefox/policies
		printf '{\r\n\t"policies": {\r\n\t\t"DisableTelemetry": true\r\n\t}\r\n}' >$where ;;
	own) where=root/usr/share/firefox-esr/distribution/policies.json
		echo '{"policies": {"SecurityDevices": {"Add": {"Other": "/x.so"}}}}' >$where ;;
	esac
	tree root >before
	register --system --root root --dry-run
	same before root
	register --system --root root
	python3 - $where "$P11_MODULE" <<-'X'
		import json, sys
		p = json.load(open(sys.argv[1]))["policies"]
		assert p["SecurityDevices"]["Add"]["bsre-token"] == sys.argv[2], p
		assert len(p) == ("Telemetry" in str(p)) + 1, p
	X
	[ "$form" != own ] || [ ! -e root/etc/firefox ] || fail "a general file hides the installation's own"
	grep -qxF "module: $P11_MODULE" root/etc/pkcs11/modules/bsre-token.module
	tree root >registered
	register --system --root root
	same registered root
	# the module elsewhere: the entry follows
	mkdir -p root/opt && touch root/opt/libbsre-pkcs11.so
	bsre-token register --system --root root --module /opt/libbsre-pkcs11.so
	grep -qF '"bsre-token": "/opt/libbsre-pkcs11.so"' $where
	! grep -qF "$P11_MODULE" $where || fail "the old entry is there as well"
	rm -r root/opt
	unregister --system --root root
	same before root
done
# the module is there by another path: p11-kit's link of it, the policy's own spelling
mkdir -p root/opt root/usr/share/p11-kit/modules
ln -s "$P11_MODULE" root/opt/bsre.so
echo 'module: /opt/bsre.so' >root/usr/share/p11-kit/modules/agency.module
printf '{"policies":{"SecurityDevices":{"Add":{"BSrE":"/opt/../opt/bsre.so"}}}}' >$where
cp $where agency
tree root >before.paths
register --system --root root --app p11-kit,firefox --json >out.json
is agency.module already
is policies.json already
cmp agency $where || fail "told twice"
unregister --system --root root
same before.paths root
rm -r root/opt root/usr/share/p11-kit
# somebody else's module of our name: refused, and not taken away either, whether it is recorded or not
others() {
	for theirs in '"Add":{"bsre-token":"/opt/agency/other.so"}' '"bsre-token":"/opt/agency/other.so"'; do
		printf '{"policies":{"SecurityDevices":{%s}}}' "$theirs" >$where
		cp $where agency
		"$@"
		unregister --system --root root
		cmp agency $where || fail "somebody else's entry is gone"
	done
}
mkdir -p "$(dirname $where)"
others true
others refused 1 'another module' register --system --root root --app firefox
others_after() {
	cp $where agency
	echo '{"policies":{"A":1}}' >$where
	register --system --root root --app firefox
	cp agency $where
}
others others_after
printf '{\n  "policies": { // no comment may be here\n' >$where
tree root >before
refused 1 "policies.json: it is not JSON: line 2, column" register --system --root root --app firefox,p11-kit
[ -e root/etc/pkcs11/modules/bsre-token.module ] || fail "the others did not go on"
unregister --system --root root
same before root

# --- killed in the midst (by a limit of the size of files): the next run leaves nothing of it -----------------
(
	HOME=$WORK/killed XDG_CONFIG_HOME=$HOME/.config XDG_STATE_HOME=$HOME/.local/state killed=0
	at_most() { # BLOCKS COMMAND...
		(ulimit -f "$1" && shift && "$@" >/dev/null 2>&1) || [ $? -le 128 ] || killed=$((killed + 1))
	}
	change() { "$1" --user --app p11-kit,firefox,chromium,java,ssh; }
	mkdir -p "$HOME/.mozilla/firefox/a" "$HOME/.local/state"
	printf '[Profile0]\nName=a\nIsRelative=1\nPath=a\n' >"$HOME/.mozilla/firefox/profiles.ini"
	printf 'library=/nowhere/x.so\nname=%04000d\n\n' 0 >"$HOME/.mozilla/firefox/a/pkcs11.txt"
	tree "$HOME" >before
	for blocks in 0 1 2 3 4 5 6 7 8; do
		at_most $blocks change register
		change unregister
		same before "$HOME"
		at_most $blocks change register
		change register
		at_most $blocks change unregister
		change unregister
		same before "$HOME"
	done
	[ $killed -ge 12 ] || fail "killed $killed times only"
)

# --- a home whose name has a blank and an apostrophe: what is printed can be typed, what is written read -------
(
	HOME="$WORK/o'hara \\x" XDG_CONFIG_HOME=$HOME/.config XDG_STATE_HOME=$HOME/.local/state
	mkdir -p "$HOME"
	register --user --app chromium,java,openssl --json >out.json
	sh -eu - <<-'X'
		for app in java openssl; do
			python3 -c 'import json, sys
		for u in json.load(open("out.json"))["use"]:
		    if u["program"] == sys.argv[1]: print("set --", u["text"].replace("pkcs11:...", "x"))' $app >line
			. ./line
			found=
			for word; do ! [ -f "${word#OPENSSL_CONF=}" ] || found=$word; done
			[ "$found" ] || { cat line; exit 1; }
		done
	X
	# ssh reads its line, from a folder with what glob(3) reads as well, and so the module's own path
	if command -v ssh >/dev/null; then
		mkdir "$WORK/a module"
		XDG_CONFIG_HOME="$HOME/[a]* \"?\\y"
		cp "$P11_MODULE" "$WORK/a module/it is.so"
		bsre-token register --user --app ssh --module "$WORK/a module/it is.so" --json >out.json
		python3 -c 'import json; print(json.load(open("out.json"))["use"][0]["text"])' >line
		printf 'Host *\n%s\n' "$(sed 's/.*: Include/Include/' line)" >ssh.conf
		ssh -G -F "$PWD/ssh.conf" example >seen
		grep -qxiF "pkcs11provider $WORK/a module/it is.so" seen || { cat line; fail "ssh does not read the line"; }
		sed 's/^ssh/set --/; s/ HOST.*//' line >words
		(. ./words && [ $# = 2 ] && [ -f "$2" ]) || { cat line; fail "the line cannot be typed"; }
		bsre-token unregister --user --app ssh
	fi
	XDG_CONFIG_HOME=$HOME/.config
	if command -v modutil >/dev/null; then
		cp "$HOME/.pki/nssdb/pkcs11.txt" ours.txt
		rm "$HOME/.pki/nssdb/pkcs11.txt"
		modutil -dbdir "sql:$HOME/.pki/nssdb" -force -create >/dev/null
		sed -n 's/ certPrefix.*//; /^parameters/p' "$HOME/.pki/nssdb/pkcs11.txt" >theirs.line
		sed -n 's/ certPrefix.*//; /^parameters/p' ours.txt >ours.line
		diff theirs.line ours.line || fail "NSS writes its folder otherwise"
	fi
	unregister --user
)

# --- usage, and programs that run ------------------------------------------------------------------------------------
refused 64 'exclude' bsre-token register --user --system
as_other=
[ "$(id -u)" != 0 ] || as_other="setpriv --reuid 65534 --regid 65534 --clear-groups"
if $as_other bsre-token --version >/dev/null 2>&1; then
	for try in '' --dry-run; do
		# shellcheck disable=SC2086  # words
		refused 1 'run it with sudo' $as_other bsre-token register --system $try
	done
fi
refused 64 'goes with --system' bsre-token register --user --root root
refused 64 'it takes p11-kit' bsre-token register --app firefox,netscape
refused 1 'no PKCS#11 module' bsre-token register --user --module /nowhere/x.so
refused 64 'misread' bsre-token register --user --module "$WORK/a
b"
cp "$(command -v sleep)" chromium
./chromium 60 &
browser=$!
register --user --app chromium --json >out.json
kill $browser
python3 -c 'import json, sys; o = json.load(open("out.json")); assert [r for r in o["restart"] if r["program"] == "chromium"], o'
unregister --user --app chromium
