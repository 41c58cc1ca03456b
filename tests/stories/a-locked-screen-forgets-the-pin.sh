#!/bin/sh
# logind says that the screen is locked or that the computer is about to sleep: kept PINs are forgotten,
# sessions live on as public ones, and sleep waits until that is done; a signal that is not logind's
# changes nothing, nor does waking up.
WAYS=direct
. "$(dirname "$0")/story.sh"
bus_start system DBUS_SYSTEM_BUS_ADDRESS
on_bus() { timeout 10 busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" "$@" >reply 2>&1 || { cat reply; return 1; }; }
call() { on_bus call org.freedesktop.login1 "$@"; }
/usr/bin/python3 -m dbusmock --system --template logind >mock.log 2>&1 3>&- 4>&- 5>&- 6>&- &
until_so call /org/freedesktop/login1 org.freedesktop.login1.Manager ListSessions
call /org/freedesktop/login1 org.freedesktop.DBus.Mock AddSession ssusb c1 seat0 "$(id -u)" me true
says() { # PATH INTERFACE SIGNAL SIGNATURE ARGUMENT...: a signal of logind
	path=$1 interface=$2 signal=$3 signature=$4; shift 4
	call "$path" org.freedesktop.DBus.Mock EmitSignal sssav "$interface" "$signal" "$signature" $(($# > 0)) "$@"
}
session=/org/freedesktop/login1/session/c1
configure ""
program A
on A init
on A open
in_and_used() {
	on A "login $P11_PIN"
	on A "sign rsa $P11_RSA_LABEL"
}
forgotten() {
	public() { tell A state; hear A; [ "$ANSWER" = "CKR_OK 0" ]; }
	until_so public
	on A "sign rsa $P11_RSA_LABEL" not
	on A "find certificate $P11_RSA_LABEL"
}
in_and_used
says $session org.freedesktop.login1.Session Lock ''
forgotten

sleep_waits() {
	call /org/freedesktop/login1 org.freedesktop.login1.Manager ListInhibitors
	grep -q '"sleep" "bsre-tokend" ".*" "delay"' reply
}
sleep_waits_not() { ! sleep_waits; }
until_so sleep_waits
in_and_used
sleep_waits
says /org/freedesktop/login1 org.freedesktop.login1.Manager PrepareForSleep b b true
forgotten
until_so sleep_waits_not
says /org/freedesktop/login1 org.freedesktop.login1.Manager PrepareForSleep b b false
until_so sleep_waits
in_and_used
says /org/freedesktop/login1 org.freedesktop.login1.Manager PrepareForSleep b b false
says $session org.freedesktop.login1.Session Unlock ''

# the same from a program that is not logind
on_bus emit $session org.freedesktop.login1.Session Lock
on_bus emit /org/freedesktop/login1 org.freedesktop.login1.Manager PrepareForSleep b true
sleep 0.3
on A state "CKR_OK 1"
on A "sign rsa $P11_RSA_LABEL"

# a desktop's own lock shows as a property
call $session org.freedesktop.DBus.Mock UpdateProperties 'sa{sv}' org.freedesktop.login1.Session 1 LockedHint b true
forgotten
