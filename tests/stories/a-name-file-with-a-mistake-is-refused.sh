#!/bin/sh
# A DN file with an unknown attribute, an empty value or bytes that are not UTF-8: the line is named, what
# is allowed is said, nothing is written. A good one comes out of the request byte for byte.
WAYS=direct
. "$(dirname "$0")/story.sh"

request() { bsre-token request --key 9c --dn dn --pin-file "$DESK_DIR/pin" -o request.pem "$@"; }

printf 'CN = Budi\nC = ID\nshoe = 43\n' >dn
refused 1 'dn, line 3.*shoe' request
grep -q emailAddress err || fail "it does not say what is allowed"
printf 'CN = Budi\nO =\nC = ID\n' >dn
refused 1 'dn, line 2' request
printf 'CN = Budi\n\nO = Caf\351\n' >dn
refused 1 'dn, line 3.*UTF-8' request
printf 'CN Budi\n' >dn
refused 1 'dn, line 1' request
printf 'CN = Budi\nC = IDN\n' >dn
refused 1 'dn, line 2' request
: >dn
refused 1 '' request
rm dn
refused 1 'dn' request
[ ! -e request.pem ] || fail "something was written all the same"

cat >dn <<'X'
# as the CA gave it
CN = Budi Santoso, S.Kom.
OU = Dinas Komunikasi dan Informatika
O = Pemerintah Kabupaten Contoh
L = Contoh
ST = Jawa Tengah
C = ID
emailAddress = budi@contoh.example
description = 1234567890_Tanda Tangan Digital
X
request
openssl req -in request.pem -verify -noout 2>&1 | grep -q 'verify OK' || fail "openssl does not verify the request"
subject=$(openssl req -in request.pem -noout -subject -nameopt utf8,sep_multiline,sname,dump_unknown | sed 1d)
echo "$subject"
[ "$subject" = "    CN=Budi Santoso, S.Kom.
    OU=Dinas Komunikasi dan Informatika
    O=Pemerintah Kabupaten Contoh
    L=Contoh
    ST=Jawa Tengah
    C=ID
    emailAddress=budi@contoh.example
    description=1234567890_Tanda Tangan Digital" ] || fail "the subject is another"
