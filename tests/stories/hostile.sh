# What stories about hostile modules share: sourced after story.sh. The module of tests/modules is
# configured beside the desk's own token, which must not notice.
# shellcheck shell=sh
HOSTILE_MODULE=$TOP_BUILDDIR/.libs/hostile-module.so
[ -e "$HOSTILE_MODULE" ] || HOSTILE_MODULE=$TOP_BUILDDIR/hostile-module.so
openssl genrsa -out hostile.key 2048 2>/dev/null
openssl pkey -in hostile.key -pubout -out hostile.pub
hash_of() { if [ -f "$1" ]; then sha256sum <"$1"; else printf '' | sha256sum; fi | cut -c 1-64; }

# hostile FAULT [FILE [LINE...]]: the service anew, with the module, or another file, in the section [module hostile]
hostile() {
	fault=$1 file=${2:-$HOSTILE_MODULE}
	shift
	[ $# = 0 ] || shift
	: >"$DESK_DIR/tokend.log"
	# the key lies where a confined worker may read
	configure "card-limit = 2000" "[module hostile]" "path = $file" "sha256 = $(hash_of "$file")" \
		"env = HOSTILE=$fault" "env = HOSTILE_KEY=$WORK/hostile.key" "write = $WORK" "$@"
	service=$(service_pid)
}
tool() { timeout 60 pkcs11-tool --module "$P11_MODULE" --token-label "$@" >said 2>&1; }
hostile_signs() {
	rm -f hostile.sig
	tool Hostile --login --pin 123456 --sign -m SHA256-RSA-PKCS --id 01 -i message -o hostile.sig &&
		openssl dgst -sha256 -verify hostile.pub -signature hostile.sig message
}
served() { bsre-token list | grep -q "^H0000 "; }
# nobody else noticed: the service is the same, the desk's own token signs
others_served() {
	if gone "$service"; then fail "the service ended"; fi
	rm -f own.sig
	tool "$P11_TOKEN" --login --pin "$P11_PIN" --sign -m SHA256-RSA-PKCS --id "$P11_RSA_ID" -i message -o own.sig ||
		{ cat said; fail "$1: another token does not sign"; }
	openssl dgst -sha256 -verify rsa.pub -signature own.sig message
}
