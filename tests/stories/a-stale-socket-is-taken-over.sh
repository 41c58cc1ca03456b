#!/bin/sh
# The socket file of a service that was killed does not stop the next one; a second service beside a living
# one says so and leaves it alone; a module finds the new one by itself.
WAYS=direct
. "$(dirname "$0")/story.sh"

program A
on A init
on A open
kill -9 "$(service_pid)"
until_so gone "$(service_pid)"
test -S "$BSRE_TOKEND_SOCKET"
on A "slots" "CKR_OK 0"
sh "$DESK_DIR/tokend.start" >>"$DESK_DIR/tokend.log" 2>&1 3>&- 4>&- &
echo $! >"$DESK_DIR/tokend.pid"
works() { tell A open; hear A; [ "$ANSWER" = CKR_OK ]; }
until_so works
on A "login $P11_PIN"

got=0
timeout 10 sh "$DESK_DIR/tokend.start" >second 2>&1 || got=$?
[ "$got" = 1 ] || { cat second; fail "the second service ends with $got"; }
grep -q 'another bsre-tokend' second || { cat second; fail "it does not say why"; }
on A "sign rsa $P11_RSA_LABEL"

# a link in the socket's place is not followed, a file is not removed
kill "$(service_pid)"
until_so gone "$(service_pid)"
echo precious >file
ln -s "$WORK/file" "$BSRE_TOKEND_SOCKET"
got=0
timeout 10 sh "$DESK_DIR/tokend.start" >third 2>&1 || got=$?
[ "$got" = 1 ] && [ "$(cat file)" = precious ] || { cat third; fail "a link was followed: $got"; }
rm "$BSRE_TOKEND_SOCKET"
