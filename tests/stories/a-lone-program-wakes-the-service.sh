#!/bin/sh
# The service is not running, its socket listens, as systemd has it: one pkcs11-tool --sign works at once,
# and the service ends by itself when it was idle.
. "$(dirname "$0")/story.sh"

pid=$(service_pid)
kill "$pid"
until_so gone "$pid"
command=$(sed -n 's/^exec //p' "$DESK_DIR/tokend.start" | sed "s|--socket '*[^ ]*'*||")
rm -f "$BSRE_TOKEND_SOCKET"
# shellcheck disable=SC2046  # the command is a list of words
LD_PRELOAD='' systemd-socket-activate -l "$BSRE_TOKEND_SOCKET" $(env -0 | tr '\0' '\n' |
	sed -n 's/^\(PCSCLITE_CSOCK_NAME\|XDG_STATE_HOME\|ASAN_OPTIONS\|UBSAN_OPTIONS\)=.*/-E \1/p') \
	sh -c "exec $command --idle-exit 1" >>"$DESK_DIR/tokend.log" 2>&1 &
pid=$!
until_so test -S "$BSRE_TOKEND_SOCKET"
grep -q ^systemd-socket "/proc/$pid/cmdline" || fail "the service started before anybody asked"

pkcs11 --login --pin "$P11_PIN" --sign --id "$P11_RSA_ID" -m SHA256-RSA-PKCS -i message -o lone.sig
verify_rsa message lone.sig rsa.pub
until_so gone "$pid"
