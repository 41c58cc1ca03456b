#!/bin/sh
# The steps of scripts/install-test, inside the bare Debian.
# usage: install-steps.sh install|use|purge
ours='bsre-token libbsre-pkcs11 bsre-vtoken'
fail() { echo "install-test: $*" >&2; exit 1; }
quietly() { "$@" >/var/log/steps 2>&1 || { cat /var/log/steps; fail "failed: $*"; }; }
files() { find / -xdev \( -path /proc -o -path /dev -o -path /sys -o -path /tmp -o -path /debs \) -prune -o \
	\( ! -type d -o -name '*bsre*' \) -print | sort; }

install() {
	files >/tmp/before
	quietly apt-get update
	quietly apt-get install -y /debs/*.deb	# what they need comes along
	for p in $ours; do dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\n' "$p"; done
	wants=/etc/systemd/user/sockets.target.wants/bsre-tokend.socket
	{ [ -L "$wants" ] && [ -e "$wants" ]; } || fail "the socket is not enabled for all users"
	quietly apt-get install -y p11-kit vsmartcard-vpcd
}

as_user() { setpriv --reuid budi --regid budi --clear-groups env HOME=/srv/budi XDG_RUNTIME_DIR=/run/user/1234 "$@"; }
# the socket that the unit names, passed to what the unit starts, as systemd does it
listening() {
	as_user mkdir -m 700 -p /run/user/1234/bsre-token
	# shellcheck disable=SC2016,SC2046  # Perl's dollars; the unit's command is a list of words
	as_user perl -MSocket -MPOSIX -e '
		my ($at, $s) = shift; unlink $at; umask 0177;
		socket($s, AF_UNIX, SOCK_STREAM, 0) && bind($s, pack_sockaddr_un($at)) && listen($s, 64) or die $!;
		open my $pid, ">", "/run/user/1234/pid"; print $pid $$; close $pid;
		dup2(fileno $s, 3); umask 0077; $ENV{LISTEN_FDS} = 1; $ENV{LISTEN_PID} = $$;
		exec @ARGV or die $!' /run/user/1234/bsre-token/socket \
		$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/user/bsre-tokend.service) >>/tmp/service.log 2>&1 &
	until_so test -S /run/user/1234/bsre-token/socket
	service=$(cat /run/user/1234/pid)
}
until_so() {
	i=0
	until "$@" >/tmp/until 2>&1; do
		i=$((i + 1))
		[ $i -lt 100 ] || { cat /tmp/until /tmp/service.log; fail "twenty seconds and still not: $*"; }
		sleep 0.2
	done
}
gone() { [ ! -e "/proc/$1" ]; }
worker() { # the service's process for the card
	for p in /proc/[0-9]*; do
		[ "$(tr '\0' ' ' <"$p/cmdline" | cut -d ' ' -f 1,2)" != 'bsre-tokend worker' ] || { echo "${p#/proc/}"; return; }
	done
}
shows() { "$@" | grep -q 20260001; }

use() {
	useradd -m -d /srv/budi -u 1234 budi
	mkdir -p /run/user/1234 /run/pcscd
	chown budi: /run/user/1234 /run/pcscd
	chmod 700 /run/user/1234
	as_user /usr/sbin/pcscd --foreground >/tmp/pcscd.log 2>&1 &
	until_so test -S /run/pcscd/pcscd.comm
	as_user bsre-vtoken --state /srv/budi/token --serial 20260001 --vpcd 35963 >/tmp/vtoken.log 2>&1 &
	listening
	until_so shows as_user bsre-token list
	as_user bsre-token list
	as_user p11-kit list-modules >/tmp/modules
	grep -A1 '^bsre-token: libbsre-pkcs11.so' /tmp/modules || { cat /tmp/modules; fail "p11-kit does not list the module"; }
	LC_ALL=C.UTF-8 LANGUAGE=id as_user bsre-token version

	# an upgrade under the running service: it goes on, and can still start what it needs
	old=$(readlink "/proc/$service/exe")
	[ "$old" = /usr/libexec/bsre-token/bsre-tokend ] || fail "$old is not the service"
	quietly apt-get install -y --reinstall /debs/*.deb
	case $(readlink "/proc/$service/exe") in *'(deleted)') ;; *) fail "the service's program was not replaced" ;; esac
	as_user bsre-token list >/dev/null
	first=$(worker)
	kill -9 "$first"	# the next one is of the old program too
	until_so shows as_user bsre-token list
	[ "$(worker)" != "$first" ] || fail "the card has no new worker"
	kill "$service"
	until_so gone "$service"
	listening
	until_so shows as_user bsre-token list
	[ "$(readlink "/proc/$service/exe")" = /usr/libexec/bsre-token/bsre-tokend ] || fail "the new service is not the new program"
}

purge() {
	# shellcheck disable=SC2086  # a list of words
	quietly apt-get purge -y $ours
	# packages name /lib what lies in /usr/lib
	cat /var/lib/dpkg/info/*.list | sed 's|^/\(s\{0,1\}bin\|lib[0-9]*\)/|/usr/\1/|' | sort -u >/tmp/owned
	files | comm -13 /tmp/before - | comm -23 - /tmp/owned |
		grep -vE '^(/var/(lib/(dpkg|apt)|cache|log)/|/etc/(ld.so.cache|passwd-|shadow-|group-|gshadow-|sub[ug]id))|/srv/budi|^/run|pcscd|libccid' >/tmp/left || true
	[ ! -s /tmp/left ] || { cat /tmp/left; fail "this is left behind"; }
	! grep -rl bsre-token /etc /usr/lib/systemd /var/lib/systemd 2>/dev/null || fail "these still name it"
	[ -e /srv/budi/token ] || fail "a purge took what a person made"
}
"$1"
