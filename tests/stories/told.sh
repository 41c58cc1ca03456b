# What the stories of register and unregister share: sourced behind story.sh, never run.
# shellcheck shell=sh
HOME=$WORK/home XDG_CONFIG_HOME=$WORK/home/.config XDG_STATE_HOME=$WORK/home/.local/state
export HOME XDG_CONFIG_HOME XDG_STATE_HOME
unset MOZILLA_CERTIFICATE_FOLDER
FF=$HOME/.mozilla/firefox
register() { bsre-token register --module "$P11_MODULE" "$@"; }
unregister() { bsre-token unregister --module "$P11_MODULE" "$@"; }
# every name, kind, mode, owner and content beneath a folder
tree() {
	(cd "$1" && find . -printf '%p %M %u %g %l\n' | sort && find . -type f -exec sha256sum {} + | sort -k 2)
}
# same BEFORE FOLDER: the folder is as it was when BEFORE was made
same() { tree "$2" >now; diff "$1" now || fail "not as it was: $2"; }
# state FILE: what the last --json says of a file
state() {
	python3 - "$1" <<-'X'
		import json, sys
		rows = [r for r in json.load(open("out.json"))["programs"] if r.get("file", "").endswith(sys.argv[1])]
		print(rows[0]["state"] if rows else "none")
	X
}
is() { [ "$(state "$1")" = "$2" ] || { cat out.json; fail "$1 is $(state "$1"), not $2"; }; }

# hold PROFILE: as Firefox holds it, until let_go
hold() {
	held=$1/.parentlock
	rm -f held
	python3 - "$held" <<-'X' &
		import fcntl, sys, time
		f = open(sys.argv[1], "w")
		fcntl.lockf(f, fcntl.LOCK_EX)
		open("held", "w").close()
		time.sleep(60)
	X
	holder=$!
	until_so test -e held
}
let_go() {
	kill $holder
	wait $holder || true
	rm "$held"
}
