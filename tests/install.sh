#!/bin/sh
# make install puts everything where its list says, and nothing outside DESTDIR; uninstall takes all away.
set -eu
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$TOP_BUILDDIR"
configured() { echo "@$1@" | ./config.status --file=-; }
prefix=$(configured prefix)
libdir=$(configured libdir | sed "s|\${\(exec_\)\{0,1\}prefix}|$prefix|")
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }; }
quietly make -s install DESTDIR="$work/root"
(cd "$work/root" && find . \( -type f -o -type l \) | sed "s|^\.$libdir/pkcs11/|LIBDIR/pkcs11/|
	s|^\.$prefix|PREFIX|; s|^\./|/|" | sort) >"$work/have"
grep -v '^#' "$TOP_SRCDIR/tests/install.list" | sort >"$work/want"
diff "$work/want" "$work/have" || { echo "install.list (<) and what was installed (>) differ: tests/install.list wants its row"; exit 1; }

at=$work/root$prefix
grep -qx "module: \($libdir/pkcs11/\)\{0,1\}libbsre-pkcs11.so" "$at/share/p11-kit/modules/bsre-token.module"
grep -q "^ExecStart=$prefix/libexec/bsre-token/bsre-tokend " "$at/lib/systemd/user/bsre-tokend.service"
grep -qx 'SocketMode=0600' "$at/lib/systemd/user/bsre-tokend.socket"
grep -qx 'DirectoryMode=0700' "$at/lib/systemd/user/bsre-tokend.socket"

# systemd's own judgement of the units: it says nothing. (A warning is what an unknown word comes to, and what
# stands behind it is then not in force.)
if command -v systemd-analyze >/dev/null; then
	mkdir "$work/units"
	cp "$at/lib/systemd/user"/* "$work/units"
	cp "$at/share/doc/bsre-token/examples/bsre-tokend@.service" "$work/units/bsre-tokend@signer.service"
	sed -i "s|=$prefix/libexec|=$at/libexec|; s|^User=%i|User=root|" "$work/units"/*.service
	for unit in bsre-tokend.socket bsre-tokend.service bsre-tokend@signer.service; do
		whose=--user
		[ $unit != bsre-tokend@signer.service ] || whose=--system
		XDG_RUNTIME_DIR=$work systemd-analyze verify --man=no $whose "$work/units/$unit" >"$work/log" 2>&1 ||
			{ cat "$work/log"; echo "systemd does not take $unit"; exit 1; }
		! grep "^$work/units/bsre" "$work/log" || { echo "systemd warns of $unit"; exit 1; }
	done
fi

quietly make -s uninstall DESTDIR="$work/root"
left=$(find "$work/root" \( -type f -o -type l \))
[ -z "$left" ] || { echo "uninstall leaves: $left"; exit 1; }
