#!/bin/sh
# A program in a sandbox like Flatpak's (namespaces of its own, no network, nothing of the user's files) needs two things
# of ours inside: the module and the service's socket. It is known by its Flatpak's name and let in as the rule for that
# says; and it reaches nothing else: neither pcscd, nor the prompt's socket, nor the ledger.
WAYS=pcscd
. "$(dirname "$0")/story.sh"
command -v bwrap >/dev/null || skip "no bwrap"
bwrap --unshare-all --ro-bind / / true 2>/dev/null || skip "no namespaces may be made here"

export PINENTRY_DIR="$WORK"
configure "prompt = $TOP_SRCDIR/tests/tools/pinentry.py" "app = flatpak:id.go.example.Sign on-use"
printf '[Application]\nname=id.go.example.Sign\nruntime=runtime/org.example/x86_64/1\n' >flatpak-info
mkdir -p box
cp message box/

# what the program finds: the system's libraries, the module, its own folder, and one socket
inside() {
	bwrap --unshare-all --die-with-parent --ro-bind /usr /usr --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
		--symlink usr/bin /bin --proc /proc --dev /dev --tmpfs /tmp --tmpfs /run --tmpfs /home \
		--ro-bind "$P11_MODULE" /app/module.so --ro-bind "$TOP_BUILDDIR/tests/stories/p11client" /app/p11client \
		--bind box /app/box --chdir /app/box --ro-bind flatpak-info /.flatpak-info "$@"
}
sandboxed() {
	inside --bind "$BSRE_TOKEND_SOCKET" /run/token --clearenv --setenv BSRE_TOKEND_SOCKET /run/token \
		--setenv P11_MODULE /app/module.so --setenv DISPLAY :77 --setenv PATH /usr/bin --setenv LC_ALL C.UTF-8 \
		/app/p11client
}
if [ -n "${LD_PRELOAD:-}" ]; then skip "a sanitizer is preloaded, whose library is not in the box"; fi

echo "pin $P11_PIN" >pinentry.todo
printf "%s\n" init open pin "sign rsa $P11_RSA_LABEL box.sig" | sandboxed >said
cat said
[ "$(grep -c '^CKR_OK' said)" = 4 ] || fail "it does not work in the sandbox"
grep -q no-login said || fail "it is not let in as its rule says"
verify_rsa message box/box.sig rsa.pub
grep -q "Program: .*p11client" pinentry.log || { cat pinentry.log; fail "the dialog does not name the program"; }
grep -q "Sandbox: flatpak:id.go.example.Sign" pinentry.log || { cat pinentry.log; fail "the dialog does not name the sandbox"; }
bsre-token --json history | grep -q '"sandbox": *"flatpak:id.go.example.Sign"' || fail "the history does not name the sandbox"

# without the socket: an empty slot, at once, and nothing worse
printf '%s\n' init open | inside --clearenv --setenv P11_MODULE /app/module.so --setenv PATH /usr/bin /app/p11client >said
cat said
grep -q CKR_TOKEN_NOT_PRESENT said || fail "without the socket"
# and with it nothing more than that
# shellcheck disable=SC2016  # for the shell in there
inside --bind "$BSRE_TOKEND_SOCKET" /run/token sh -c '
	for f in /run/pcscd /run/user "$@"; do [ ! -e "$f" ] || { echo "$f is there"; exit 1; }; done' \
	sh "$DESK_DIR" "$(dirname "$BSRE_TOKEND_SOCKET")/prompt" || fail "more than the socket is inside"
