#!/bin/sh
# OpenSSH: ssh-keygen -D, ssh -I and ssh-agent, against an sshd of our own on the loopback.
. "$(dirname "$0")/lib.sh"
need ssh ssh-keygen ssh-agent ssh-add ssh-keyscan setsid
SSHD=$(command -v sshd || echo /usr/sbin/sshd); needfile "$SSHD"
setup
ssh-keygen -D "$P11_MODULE" >"$WORK/keys.pub" 2>"$WORK/keygen.log" || { cat "$WORK/keygen.log"; fail "ssh-keygen -D"; }
# the key it lists must be the key that the CA knows
openssl x509 -in "$TEST_CA_DIR/rsa.pem" -pubkey -noout | ssh-keygen -i -m PKCS8 -f /dev/stdin >"$WORK/rsa.known" || fail "ssh-keygen -i"
K=$(cut -d' ' -f2 "$WORK/rsa.known")
grep -qF "$K" "$WORK/keys.pub" || { cut -c1-80 "$WORK/keys.pub" ; fail "ssh-keygen -D does not list the RSA key"; }
openssl x509 -in "$TEST_CA_DIR/ec.pem" -pubkey -noout | ssh-keygen -i -m PKCS8 -f /dev/stdin >"$WORK/ec.known"
EK=$(cut -d' ' -f2 "$WORK/ec.known")
grep -qF "$EK" "$WORK/keys.pub" || fail "ssh-keygen -D does not list the EC key"
ssh-keygen -q -t ed25519 -N '' -f "$WORK/host" || fail hostkey
PORT=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
cat >"$WORK/sshd_config" <<C
ListenAddress 127.0.0.1
Port $PORT
HostKey $WORK/host
PidFile $WORK/sshd.pid
AuthorizedKeysFile $WORK/auth
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel VERBOSE
PubkeyAcceptedAlgorithms rsa-sha2-256,rsa-sha2-512,ecdsa-sha2-nistp256
C
[ "$(id -u)" = 0 ] && mkdir -p /run/sshd
"$SSHD" -D -e -f "$WORK/sshd_config" 2>"$WORK/sshd.log" &
host_known() { ssh-keyscan -p "$PORT" 127.0.0.1 >"$WORK/known" 2>/dev/null && [ -s "$WORK/known" ]; }
soon host_known || { cat "$WORK/sshd.log"; fail "sshd did not start"; }
# the PIN: SSH_ASKPASS with SSH_ASKPASS_REQUIRE=force
printf '#!/bin/sh\nprintf "%%s\\n" "$1" >> "%s"\ncat "%s"\n' "$WORK/asked" "$WORK/pinnl" >"$WORK/askpass"
chmod 700 "$WORK/askpass"
SSH_ASKPASS=$WORK/askpass SSH_ASKPASS_REQUIRE=force DISPLAY=${DISPLAY:-none:0}; export SSH_ASKPASS SSH_ASKPASS_REQUIRE DISPLAY
S="-F none -p $PORT -o UserKnownHostsFile=$WORK/known -o StrictHostKeyChecking=yes -o PreferredAuthentications=publickey -o ConnectTimeout=10"
ME=$(id -un)
fp() { ssh-keygen -l -f "$1" | cut -d' ' -f2; }
try() { # step keyfile options...
	t=$1 kf=$2; shift 2
	cp "$kf" "$WORK/auth"; : >"$WORK/sshd.log"
	# shellcheck disable=SC2086  # a list of options
	step "$t" ssh $S "$@" "$ME@127.0.0.1" "echo in-$t"
	grep -q "in-$t" "$WORK/$t.log" || fail "$t: no session"
	grep -qF "$(fp "$kf")" "$WORK/sshd.log" && grep -q 'Accepted publickey' "$WORK/sshd.log" || { tail -n 8 "$WORK/sshd.log"; fail "$t: sshd did not accept that key"; }
}
try ssh-rsa "$WORK/rsa.known" -o IdentityAgent=none -I "$P11_MODULE"
try ssh-ec "$WORK/ec.known" -o IdentityAgent=none -I "$P11_MODULE"
# the key that asks each time: ssh cannot, so the service does
if [ "${CLIENTS_MODE:-}" = on-use ]; then
	openssl x509 -in "$TEST_CA_DIR/sign.pem" -pubkey -noout | ssh-keygen -i -m PKCS8 -f /dev/stdin >"$WORK/sign.known"
	try ssh-sign "$WORK/sign.known" -o IdentityAgent=none -I "$P11_MODULE"
fi
# agent; -P: the path must be allowed (symbolic links are resolved first)
REAL=$(readlink -f "$P11_MODULE")
ssh-agent -D -a "$WORK/agent" -P "$REAL,$P11_MODULE" >"$WORK/agent.log" 2>&1 &
SSH_AUTH_SOCK=$WORK/agent; export SSH_AUTH_SOCK
soon test -S "$WORK/agent" || fail "no agent"
step addkey setsid ssh-add -s "$P11_MODULE"
step listkey ssh-add -L
grep -qF "$K" "$WORK/listkey.log" || fail "agent does not hold the key"
try agent-rsa "$WORK/rsa.known"
try agent-ec "$WORK/ec.known"
try agent-rsa2 "$WORK/rsa.known"
step delkey ssh-add -e "$P11_MODULE"
ok "ssh-keygen -D, ssh -I, ssh-agent: sshd accepted the token's keys (asked $(wc -l < "$WORK/asked") times for a PIN: $(sort -u "$WORK/asked" | tr '\n' '|'))"
