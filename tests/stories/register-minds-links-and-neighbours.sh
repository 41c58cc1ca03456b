#!/bin/sh
# register and unregister where it is not simple: files that are links to others of another name, profiles
# that are open behind such a link, and files that two programs share.
WAYS=direct
. "$(dirname "$0")/story.sh"
. "$TOP_SRCDIR/tests/stories/told.sh"

profiles() { # NAME...: of Firefox
	rm -rf "$FF"
	mkdir -p "$FF"
	n=0
	for name; do
		mkdir -p "$FF/$name"
		printf '[Profile%d]\nName=%s\nIsRelative=1\nPath=%s\n\n' $n "$name" "$name"
		n=$((n + 1))
	done >"$FF/profiles.ini"
}

# --- policies.json is a link to a file of another name, and an administrator writes behind our entry -----------
behind_ours() { sed -i 's/^\( *\)"bsre-token".*/&,\n\1"Agency": "\/opt\/agency.so"/' root/srv/agency.json; }
for record in new old; do
	rm -rf root
	mkdir -p root/usr/lib/firefox root/etc/firefox/policies root/srv "root$(dirname "$P11_MODULE")"
	touch "root$P11_MODULE"
	printf '{\n  "policies": {\n    "DisableTelemetry": true\n  }\n}\n' >root/srv/agency.json
	cp root/srv/agency.json agency
	ln -s /srv/agency.json root/etc/firefox/policies/policies.json
	tree root >before
	register --system --root root --app firefox
	grep -q bsre-token root/srv/agency.json
	# a record from before it had the form
	[ $record = new ] || sed -i '/"form"/d' root/var/lib/bsre-token/registered.json
	unregister --system --root root
	same before root
	register --system --root root --app firefox
	[ $record = new ] || sed -i '/"form"/d' root/var/lib/bsre-token/registered.json
	behind_ours
	unregister --system --root root --json >out.json
	is /srv/agency.json removed
	python3 - <<-'X'
		import json
		p = json.load(open("root/srv/agency.json"))["policies"]
		assert p == {"DisableTelemetry": True, "SecurityDevices": {"Add": {"Agency": "/opt/agency.so"}}}, p
	X
	[ -L root/etc/firefox/policies/policies.json ] || fail "the link is gone"
done
# the module elsewhere: the entry follows, and the one behind it stays
cp agency root/srv/agency.json
mkdir -p root/opt && touch root/opt/libbsre-pkcs11.so
register --system --root root --app firefox
behind_ours
bsre-token register --system --root root --app firefox --module /opt/libbsre-pkcs11.so
python3 - <<-'X'
	import json
	d = json.load(open("root/srv/agency.json"))["policies"]["SecurityDevices"]["Add"]
	assert d == {"Agency": "/opt/agency.so", "bsre-token": "/opt/libbsre-pkcs11.so"}, d
X
unregister --system --root root
! grep -q bsre root/srv/agency.json || fail "the entry was left"

# --- pkcs11.txt is a link into a person's dotfiles, and a profile is open ---------------------------------------
profiles a b
mkdir -p dotfiles
printf 'library=\nname=NSS Internal PKCS #11 Module\nNSS=Flags=internal,critical\n\n' >dotfiles/modules-of-nss
ln -s "$WORK/dotfiles/modules-of-nss" "$FF/a/pkcs11.txt"
ln -s "$WORK/dotfiles/modules-of-nss" "$FF/b/pkcs11.txt"
register --user --app firefox --dry-run --json >out.json
python3 -c 'import json; assert json.load(open("out.json"))["changed"] == 1'
register --user --app firefox --json >out.json
is a/pkcs11.txt registered
is b/pkcs11.txt already
printf 'library=/nowhere/x.so\nname=New\n\n' >>dotfiles/modules-of-nss
sed -i 's/^name=bsre-token$/&\nNSS=trustOrder=100 /' dotfiles/modules-of-nss
for profile in a b; do			# the one by which it was told, and the one that found it
	hold "$FF/$profile"
	refused 1 'has the profile open' unregister --user
	let_go
	grep -qxF name=bsre-token dotfiles/modules-of-nss || fail "changed while a profile is open"
done
unregister --user
printf 'library=\nname=NSS Internal PKCS #11 Module\nNSS=Flags=internal,critical\n\nlibrary=/nowhere/x.so\nname=New\n\n' |
	cmp - dotfiles/modules-of-nss
rm "$FF/b/pkcs11.txt"
tree dotfiles >before
hold "$FF/a"
refused 1 'has the profile open' register --user --app firefox
let_go
same before dotfiles
unregister --user

# --- two programs, one profile: the last to go takes the module out ----------------------------------------------
profiles only
tree "$HOME" >before
register --user --app libreoffice
register --user --app firefox --json >out.json
is only/pkcs11.txt already
unregister --user --app libreoffice --dry-run --json >out.json
is only/pkcs11.txt kept
unregister --user --app libreoffice --json >out.json
is only/pkcs11.txt kept
grep -q 'Firefox uses' out.json || fail "not the reason"
grep -qxF name=bsre-token "$FF/only/pkcs11.txt" || fail "Firefox has it no more"
unregister --user --app libreoffice --json >out.json
is only/pkcs11.txt kept
unregister --user --app firefox --json >out.json
is only/pkcs11.txt removed
same before "$HOME"
register --user --app firefox,libreoffice
unregister --user --app libreoffice --json >out.json
is only/pkcs11.txt kept
register --user --app libreoffice
unregister --user --app firefox --json >out.json
is only/pkcs11.txt kept
grep -q 'LibreOffice uses' out.json || fail "not the reason"
unregister --user
same before "$HOME"
# a record of one program a row, as they were
register --user --app libreoffice
python3 - "$XDG_STATE_HOME/bsre-token/registered.json" <<-'X'
	import json, sys
	o = json.load(open(sys.argv[1]))
	for row in o["files"]:
	    row["program"] = row.pop("owners")[0]["program"]
	    del row["form"]
	json.dump(o, open(sys.argv[1], "w"))
X
register --user --app firefox
unregister --user --app libreoffice --json >out.json
is only/pkcs11.txt kept
unregister --user --json >out.json
is only/pkcs11.txt removed
same before "$HOME"
# it knew the module before: said, and kept
printf 'library=%s\nname=mine\n\n' "$P11_MODULE" >"$FF/only/pkcs11.txt"
tree "$HOME" >before
register --user --app firefox
unregister --user --json >out.json
is only/pkcs11.txt kept
grep -q 'before register' out.json || fail "not the reason"
same before "$HOME"

# --- a file that has more than its bytes keeps it; one with a second name is left alone -----------------------------
profiles only
printf 'library=/nowhere/x.so\nname=Other\n\n' >"$FF/only/pkcs11.txt"
note() { python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "user.note"))' "$FF/only/pkcs11.txt"; }
if python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"mine")' "$FF/only/pkcs11.txt" 2>/dev/null; then
	register --user --app firefox
	[ "$(note)" = "b'mine'" ] || fail "register lost an attribute"
	unregister --user
	[ "$(note)" = "b'mine'" ] || fail "unregister lost an attribute"
fi
ln "$FF/only/pkcs11.txt" second
tree "$HOME" >before
refused 1 'hard link' register --user --app firefox
unregister --user
same before "$HOME"
[ "$(stat -c %i "$FF/only/pkcs11.txt")" = "$(stat -c %i second)" ] || fail "the names are two files now"
rm second

# --- the record: where it cannot be written a try says so; its folders are the system's --------------------------
mkdir -p "$HOME/.local/state"
chmod 555 "$HOME/.local/state"
tree "$HOME" >before
for try in --dry-run --json; do
	refused 1 'registered.json: ' register --user --app firefox $try
	same before "$HOME"
done
chmod 755 "$HOME/.local/state"
rm -rf root "$HOME/.local"
mkdir -p "root$(dirname "$P11_MODULE")"
touch "root$P11_MODULE"
tree root >before
(umask 077 && register --system --root root --app p11-kit)
for folder in var var/lib var/lib/bsre-token etc/pkcs11/modules; do
	[ "$(stat -c %a root/$folder)" = 755 ] || fail "$folder is $(stat -c %a root/$folder)"
done
unregister --system --root root
same before root

# --- our own files, edited as they suggest it: they stay ours --------------------------------------------------------
rm -rf "$HOME"
mkdir -p "$XDG_CONFIG_HOME" "$HOME/.local/state" modul
OWN=$XDG_CONFIG_HOME/bsre-token
cp "$P11_MODULE" modul/libbsre-pkcs11.so
cp "$P11_MODULE" modul/other.so
tree "$HOME" >before
register --user --app java,openssl,ssh
sed -i 's/^# slotListIndex = 1/slotListIndex = 0/' "$OWN/java-pkcs11.cfg"
sed -i 's/^engines = bsre_engines/# &/; s/^# \(.*provider.*\)/\1/; s/^# \(default = \)/\1/; s/^# \(activate\)/\1/' "$OWN/openssl.cnf"
tree "$HOME" >edited
register --user --app java,openssl,ssh --json >out.json
is /java-pkcs11.cfg already
is /openssl.cnf already
same edited "$HOME"
if command -v keytool >/dev/null; then
	keytool -list -keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11 \
		-providerArg "$OWN/java-pkcs11.cfg" -storepass "$P11_PIN" >keys
	grep -q PrivateKeyEntry keys || { cat keys; fail "Java does not see the keys"; }
fi
# the module elsewhere, also without the record: the path follows, and what was edited stays
for record in there gone; do
	bsre-token register --user --app java,openssl,ssh --module "$WORK/modul/libbsre-pkcs11.so" --json >out.json
	is /java-pkcs11.cfg registered
	is /openssl.cnf registered
	! grep -qF "$P11_MODULE" "$OWN"/* || fail "the old path stayed"
	grep -qxF "library = \"$WORK/modul/libbsre-pkcs11.so\"" "$OWN/java-pkcs11.cfg"
	grep -qxF 'slotListIndex = 0' "$OWN/java-pkcs11.cfg" || fail "the edit is gone"
	[ $record = there ] || break
	register --user --app java,openssl,ssh
	same edited "$HOME"
	rm -r "$XDG_STATE_HOME/bsre-token"
done
unregister --user
rmdir "$OWN"				# empty; who made it stood in the record that is gone
same before "$HOME"
# what a person wrote besides stays; and a library that is not ours is not touched, but said
register --user --app java
sed -i 's/^# slotListIndex = 1/slotListIndex = 0/' "$OWN/java-pkcs11.cfg"
echo 'showInfo = true' >>"$OWN/java-pkcs11.cfg"
unregister --user
echo 'showInfo = true' | cmp - "$OWN/java-pkcs11.cfg"
refused 1 'move it away' register --user --app java
rm -r "$OWN"
register --user --app java
sed -i 's,^library.*,library = "/opt/agency/other.so",' "$OWN/java-pkcs11.cfg"
refused 1 'move it away' register --user --app java
grep -qF /opt/agency/other.so "$OWN/java-pkcs11.cfg" || fail "a person's module is gone"
rm -r "$OWN"
unregister --user

# --- names that a program or the record cannot read are said -------------------------------------------------------
tree "$HOME" >before
mkdir modul-é
cp "$P11_MODULE" modul-é/libbsre-pkcs11.so
refused 1 'make a link' bsre-token register --user --app java,ssh --module "$WORK/modul-é/libbsre-pkcs11.so"
[ -e "$OWN/ssh_config" ] && [ ! -e "$OWN/java-pkcs11.cfg" ] || fail "ssh should be told, Java not"
ln -s "$WORK/modul-é/libbsre-pkcs11.so" modul/plain.so
bsre-token register --user --app java --module "$WORK/modul/plain.so"
if command -v keytool >/dev/null; then
	keytool -list -keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11 \
		-providerArg "$OWN/java-pkcs11.cfg" -storepass "$P11_PIN" >keys
	grep -q PrivateKeyEntry keys || { cat keys; fail "Java does not see the keys"; }
fi
unregister --user
same before "$HOME"
bytes=$(printf 'b\377d')
mkdir "$bytes"
cp "$P11_MODULE" "$bytes/x.so"
refused 64 'misread' bsre-token register --user --app ssh --module "$WORK/$bytes/x.so"
profiles good "$bytes"
for try in --dry-run --json; do
	refused 1 'not UTF-8' register --user --app firefox $try
done
grep -qxF name=bsre-token "$FF/good/pkcs11.txt" || fail "the other profile did not go on"
[ ! -e "$FF/$bytes/pkcs11.txt" ] || fail "written where it could not be recorded"
unregister --user
