#!/bin/sh
# Objects of a session, by PKCS#11's rules: what was made secret stays secret and what was fixed stays fixed,
# private ones live no longer than the login, and a template that contradicts itself, or a key that could never
# be used, is refused when it is given.
WAYS=direct
. "$(dirname "$0")/story.sh"

program A
program B
on A init
on A "open rw"
p256=x06082a8648ce3d030107
data=class=data,label=Note,value=one

# --- sensitive secrets -----------------------------------------------------------------------------
derive() { on A "derive $P11_EC_LABEL $1" "${2:-CKR_OK}"; }
on A "login $P11_PIN"
derive class=secret,key-type=#0x10,sensitive=n,extractable=y
on A "get value"
[ "${#ANSWER}" = 71 ] || fail "no 32 bytes: $ANSWER"
on A "get always-sensitive" "CKR_OK 00"
on A "get never-extractable" "CKR_OK 00"
on A "get local" "CKR_OK 00"
on A "set extractable=n"
on A "set extractable=y" CKR_ATTRIBUTE_READ_ONLY
on A "get value" "CKR_ATTRIBUTE_SENSITIVE unavailable"
on A "copy extractable=y" CKR_ATTRIBUTE_READ_ONLY
on A "copy label=Copy"
on A "get value" "CKR_ATTRIBUTE_SENSITIVE unavailable"
derive value-len=#16
on A "get value"
value=${ANSWER#CKR_OK }
[ "${#value}" = 32 ] || fail "no 16 bytes: $ANSWER"
on A "copy sensitive=y"
on A "get value" "CKR_ATTRIBUTE_SENSITIVE unavailable"
on A "search class=secret,sensitive=y" "CKR_OK 1"
on A "search class=secret,sensitive=y,value=x$value" "CKR_OK 0"
on A "set sensitive=n" CKR_ATTRIBUTE_READ_ONLY
derive sensitive=y,extractable=n
on A "get value" "CKR_ATTRIBUTE_SENSITIVE unavailable"
on A "get always-sensitive" "CKR_OK 01"
on A "get never-extractable" "CKR_OK 01"
derive value=x00 CKR_ATTRIBUTE_READ_ONLY
derive class=data CKR_TEMPLATE_INCONSISTENT

# --- private ones end with the login -----------------------------------------------------------------
on A logout
on A "create $data,private=y" CKR_USER_NOT_LOGGED_IN
on A "create class=data,label=Public,value=two"
on A "copy private=y" CKR_USER_NOT_LOGGED_IN
on A "login $P11_PIN"
on A "create $data,private=y"
on A "get value" "CKR_OK 6f6e65"
on A logout
on A "get value" CKR_OBJECT_HANDLE_INVALID
on A "search label=Public" "CKR_OK 1"
on A "search label=Note" "CKR_OK 0"
on A "login $P11_PIN"
on A "search label=Note" "CKR_OK 0"
on A "create $data,private=y"
# another program's PIN change ends the logins of all the others
on B init
on B "open rw"
on B "setpin $P11_PIN 864209"
on A "get value" CKR_OBJECT_HANDLE_INVALID
on B "setpin 864209 $P11_PIN"
on B finalize

# --- what is fixed, and what is said twice -----------------------------------------------------------
on A "login $P11_PIN"
on A "create $data"
for fixed in class=data token=y private=y unique-id=mine copyable=n,class=data destroyable=n modifiable=n; do
	on A "set $fixed" CKR_ATTRIBUTE_READ_ONLY
done
on A "set sign=y" CKR_ATTRIBUTE_TYPE_INVALID
on A "set label=a,label=b" CKR_TEMPLATE_INCONSISTENT
on A "copy class=certificate" CKR_ATTRIBUTE_READ_ONLY
on A "copy token=y" CKR_TEMPLATE_INCONSISTENT
on A "copy modifiable=n,destroyable=n"
on A "set label=new" CKR_ACTION_PROHIBITED
on A destroy CKR_ACTION_PROHIBITED
on A "copy modifiable=y,destroyable=y"
on A "set copyable=n"
on A "set copyable=y" CKR_ATTRIBUTE_READ_ONLY
on A "copy label=again" CKR_ACTION_PROHIBITED
on A destroy
on A "create $data,modifiable=n,copyable=n"
on A "set value=two" CKR_ACTION_PROHIBITED
on A "create $data,label=twice" CKR_TEMPLATE_INCONSISTENT
on A "create $data,private=x" CKR_ATTRIBUTE_VALUE_INVALID
on A "create $data,private=x0000" CKR_ATTRIBUTE_VALUE_INVALID
on A "create class=x01,value=one" CKR_ATTRIBUTE_VALUE_INVALID
on A "create class=data,modulus=x01" CKR_ATTRIBUTE_TYPE_INVALID
on A "create class=data,unique-id=mine" CKR_ATTRIBUTE_READ_ONLY
on A "create class=data,vendor=odd"
# a value that is set takes the place of the one before
on A "create $data"
i=0
while [ $i -lt 3000 ]; do
	tell A "set label=Note$i"
	hear A
	[ "$ANSWER" = CKR_OK ] || fail "change $i: $ANSWER"
	i=$((i + 1))
done
on A "get label" "CKR_OK 4e6f746532393939"

# --- public keys that could never be used --------------------------------------------------------------
n=$(openssl rsa -pubin -in rsa.pub -noout -modulus | sed 's/.*=//')
rsa=class=public,key-type=#0
on A "create $rsa,modulus=x$n,exponent=x010001"
on A "create $rsa,exponent=x010001" CKR_TEMPLATE_INCOMPLETE
on A "create $rsa,modulus=x$n" CKR_TEMPLATE_INCOMPLETE
on A "create class=public,modulus=x$n,exponent=x010001" CKR_TEMPLATE_INCOMPLETE
for e in x00 x01 x02 x010000 x ; do
	on A "create $rsa,modulus=x$n,exponent=$e" CKR_ATTRIBUTE_VALUE_INVALID
done
on A "create $rsa,modulus=x${n%?}0,exponent=x010001" CKR_ATTRIBUTE_VALUE_INVALID
on A "create $rsa,modulus=xF1F1,exponent=x010001" CKR_ATTRIBUTE_VALUE_INVALID
head -c 1027 /dev/zero | tr '\0' '\377' >large
on A "create $rsa,modulus=@large,exponent=x010001" CKR_ATTRIBUTE_VALUE_INVALID
ec=class=public,key-type=#3
openssl pkey -pubin -in ec.pub -outform DER | tail -c 65 >point
point=$(od -An -v -tx1 point | tr -d ' \n')
on A "create $ec,ec-params=$p256,ec-point=x0441$point"
on A "create $ec,ec-params=$p256,ec-point=x$point"
last=${point#"${point%?}"}
[ "$last" = 0 ] && other=1 || other=0
on A "create $ec,ec-params=$p256,ec-point=x${point%?}$other" CKR_ATTRIBUTE_VALUE_INVALID
on A "create $ec,ec-params=$p256" CKR_TEMPLATE_INCOMPLETE
on A "create $ec,ec-point=x$point" CKR_TEMPLATE_INCOMPLETE
on A "create $ec,ec-params=x06052b8104000a,ec-point=x$point" CKR_CURVE_NOT_SUPPORTED
on A "create class=public,key-type=#1,value=x01" not

# --- a certificate that is not what the template says ----------------------------------------------------
openssl x509 -in "$TEST_CA_DIR/rsa.pem" -outform DER >rsa.der
on A "create class=certificate,certificate-type=#0,value=@rsa.der,label=mine"
on A "get subject"
on A "create class=certificate,certificate-type=#0,value=@rsa.der,subject=x3000" CKR_TEMPLATE_INCONSISTENT
on A "create class=certificate,certificate-type=#2,value=@rsa.der" CKR_TEMPLATE_INCONSISTENT
on A "create class=certificate,certificate-type=#0,value=@rsa.der,start-date=x01" CKR_ATTRIBUTE_VALUE_INVALID
on A "create class=certificate,certificate-type=#0" CKR_TEMPLATE_INCOMPLETE
