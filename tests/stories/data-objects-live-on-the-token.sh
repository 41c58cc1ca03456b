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
