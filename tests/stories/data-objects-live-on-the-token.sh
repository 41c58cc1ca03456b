#!/bin/sh
# A program writes a data object, others read it, also after the token was pulled; too large a one is
# refused and nothing is lost; one that is deleted is gone.
. "$(dirname "$0")/story.sh"

p11() { pkcs11-tool --module "$P11_MODULE" "$@"; }
user() { p11 --login --pin "$P11_PIN" "$@"; }
echo "some data" >note
head -c 2500 /dev/urandom >big
head -c 3500 /dev/urandom >huge
user --write-object note --type data --label note --application-label letters >log 2>&1 || { cat log; fail "not written"; }
p11 -r --type data --label note -o back >log 2>&1
cmp note back || fail "not what was written"
user --write-object huge --type data --label huge >log 2>&1 && fail "a huge one was taken"
grep CKR_DEVICE_MEMORY log || { cat log; fail "not said to be too large"; }
user --write-object big --type data --label big >log 2>&1 || { cat log; fail "2500 bytes are not taken"; }
there() { bsre-token list 2>/dev/null | grep -q "$P11_TOKEN"; }
token unplug
for _ in $(seq 50); do
	there || break
	sleep 0.2
done
token plug
for _ in $(seq 50); do
	there && break
	sleep 0.2
done
p11 -r --type data --label big -o back >log 2>&1
cmp big back || fail "not what was written, after it was pulled"
user --delete-object --type data --label note >log 2>&1 || { cat log; fail "not deleted"; }
p11 -O --type data >log 2>&1
grep note log && fail "still there"
grep big log || fail "the other one is gone too"

# a certificate is what it is, and goes by the names of its key
program C
on C init
on C "open rw"
on C "login $P11_PIN"
openssl x509 -in "$TEST_CA_DIR/rsa.pem" -outform DER >rsa.der
cert=class=certificate,token=y,certificate-type=#0,value=@rsa.der
on C "create $cert,subject=x3000" CKR_TEMPLATE_INCONSISTENT
on C "create $cert,issuer=x3000" CKR_TEMPLATE_INCONSISTENT
on C "create $cert,serial=x0201" CKR_TEMPLATE_INCONSISTENT
on C "create $cert,private=y" CKR_TEMPLATE_INCONSISTENT
on C "create $cert,modifiable=n" CKR_TEMPLATE_INCONSISTENT
on C "create $cert,label=other,id=x77,private=n"
on C "find certificate $P11_RSA_LABEL"
on C "set label=other"
on C "find private other"
on C "set label=$P11_RSA_LABEL"
on C finalize
on_token() { user --write-object rsa.der --type cert "$@" >log 2>&1 || { cat log; fail "pkcs11-tool wrote no certificate: $*"; }; }
on_token --id 77 --label other

# a handle outlives what is written to its object
program A
on A init
on A "open rw"
on A "login $P11_PIN"
on A "create class=data,token=y,label=live,value=one"
on A "set value=two"
on A "get value" "CKR_OK 74776f"
on A "get label" "CKR_OK 6c697665"
for fixed in class=data token=y private=n unique-id=mine; do
	on A "set $fixed" CKR_ATTRIBUTE_READ_ONLY
done
on A destroy
on A "get value" CKR_OBJECT_HANDLE_INVALID
