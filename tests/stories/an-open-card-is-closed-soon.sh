#!/bin/sh
# While a program is logged in, another one at PC/SC finds the card closed: half a second after the last
# signature, and after a certificate was written (which takes the management key).
WAYS=pcscd
. "$(dirname "$0")/story.sh"

select=00A404000BA000000308000010000100
# GENERAL AUTHENTICATE with 9D, P-256: a hash to sign; PUT DATA of an empty printed-information object
sign="0087119D267C2482008120$(printf '11%.0s' $(seq 1 32))00"
write=00DB3FFF075C035FC1095300

closed() { # WHEN
	on C begin "OK*"
	on C "send $select" "OK 9000*"
	on C "send $sign" "OK 6982*"
	on C "send $write" "OK 6982*"
	on C "send 00200080" "OK 63C3*"
	on C "end leave" "OK*"
	echo "closed: $1"
}
program A
program C pcscclient
on C "connect shared" "OK*"
closed "before anybody logged in"

on A init
on A "open rw"
on A "login $P11_PIN"
on A "sign rsa $P11_RSA_LABEL"
closed "when the transaction of the signature is over"
on A state "CKR_OK 3"

# the utility's own login is over when it ends; the management key was used in it
bsre-token cert import --pin-file "$DESK_DIR/pin" "$TEST_CA_DIR/rsa.pem"
closed "after a certificate was written"
on A "sign rsa $P11_RSA_LABEL"
on A logout
closed "after the logout"
