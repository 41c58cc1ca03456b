# What the client scripts share: sourced first, never run. Each script drives one program of others
# against our module, through the real pcscd, and passes only when somebody else has verified the
# result: OpenSSL the signature, against a certificate that was not read through the module, or
# tls-server.py (Python's ssl) the handshake. Exit: 0 shown, 1 failed, 77 the program is not here.
# shellcheck shell=sh
set -u
NAME=$(basename "$0" .sh)
HERE=$(cd "$(dirname "$0")" && pwd)
: "${TOP_SRCDIR:=$(cd "$HERE/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "$NAME: $*" >&2; exit 1; }
ok() { echo "$NAME: $*"; exit 0; }
need() { for t; do command -v "$t" >/dev/null 2>&1 || skip "no $t"; done; }
needfile() { for t; do [ -e "$t" ] || skip "no $t"; done; }

# The first half of every script, before `setup`, says what it needs; then it starts itself again with
# a token.
setup() {
	[ -n "${DESK_DIR:-}" ] || exec "$TOP_SRCDIR/scripts/with-token" --pcscd sh "$0"
	CA=$TEST_CA_DIR/ca.pem
	WORK=$DESK_DIR/clients/$NAME
	rm -rf "$WORK"
	mkdir -p "$WORK"
	trap clean EXIT
	trap 'exit 1' INT TERM HUP
	control
	HOME=$WORK/home
	XDG_CONFIG_HOME=$HOME/.config
	XDG_RUNTIME_DIR=$WORK/run
	mkdir -p "$XDG_CONFIG_HOME" "$XDG_RUNTIME_DIR"
	chmod 700 "$HOME" "$XDG_RUNTIME_DIR"
	export HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR LC_ALL=C.UTF-8
	printf '%s\n' "$P11_PIN" >"$WORK/pinnl"
	printf '%s:%s\n' "$P11_TOKEN" "$P11_PIN" >"$WORK/pinfile"	# as NSS tools read it with -f
	for k in rsa ec sign; do
		openssl x509 -in "$TEST_CA_DIR/$k.pem" -pubkey -noout >"$WORK/$k.pub" || fail "no $k.pem"
	done
	RSA_FPR=$(fpr "$TEST_CA_DIR/rsa.pem")
	SIGN_FPR=$(fpr "$TEST_CA_DIR/sign.pem")
	EC_FPR=$(fpr "$TEST_CA_DIR/ec.pem")
	echo "message to sign, $NAME" >"$WORK/msg"
}
# What was started in the background ends with the script: others may use this desk after it.
clean() {
	jobs -p >"$WORK/jobs"
	# shellcheck disable=SC2046  # a list of numbers
	[ ! -s "$WORK/jobs" ] || kill $(cat "$WORK/jobs") 2>/dev/null
	keep
}
# As run-all wants it for a control: a wrong PIN, or a module whose signatures are wrong. Must fail.
control() {
	case ${CLIENTS_CONTROL:-} in
	'') ;;
	wrong-pin) P11_PIN=135790 ;;
	broken)
		WRONG_SIGNER_OVER=$P11_MODULE P11_MODULE=$TOP_BUILDDIR/.libs/wrong-signer.so
		export WRONG_SIGNER_OVER
		[ -f "$P11_MODULE" ] || fail "no $P11_MODULE; make -C build makes it" ;;
	*) fail "CLIENTS_CONTROL=$CLIENTS_CONTROL?" ;;
	esac
}
# With KEEP=DIR the work folder (logs, screenshots, what was signed) stays in DIR/NAME.
keep() {
	[ -n "${KEEP:-}" ] || return 0
	rm -rf "${KEEP:?}/$NAME"
	mkdir -p "$KEEP" && cp -r "$WORK" "$KEEP/$NAME"
}
fpr() { openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f; }
# percent-encoded, for a pkcs11: URI
uri() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g'; }
idhex() { printf '%s' "$1" | sed 's/../%&/g'; }

# run a step with its output in WORK/STEP.log; shown where it fails
step() {
	s=$1; shift
	timeout --foreground 90 "$@" >"$WORK/$s.log" 2>&1 </dev/null ||
		{ status=$?; tail -n 25 "$WORK/$s.log"; fail "$s (exit status $status)"; }
}
# waits, five seconds at most, for something another program writes
soon() {
	i=0
	until "$@"; do
		i=$((i + 1))
		[ $i -lt 100 ] || return 1
		sleep 0.05
	done
}

# A server that wants a client's certificate. server_start [OPTION...]: sets PORT.
server_start() {
	rm -f "$WORK/port"
	: >>"$WORK/server.log"
	python3 "$HERE/tls-server.py" --ca "$CA" --cert "$TEST_CA_DIR/server.pem" --key "$TEST_CA_DIR/server.key" \
		--portfile "$WORK/port" --log "$WORK/server.log" "$@" >"$WORK/server.out" 2>&1 &
	soon test -s "$WORK/port" || { cat "$WORK/server.out"; fail "the server did not start"; }
	PORT=$(cat "$WORK/port")
}
# server_saw FINGERPRINT [VERSION [REQUEST]]: a verified handshake with that certificate
server_saw() { soon grep -q "^HANDSHAKE tls=${2:-[^ ]*} .*sha256=$1 .*${3:-}" "$WORK/server.log"; }
server_dump() { tail -n 10 "$WORK/server.log"; }

# A fresh NSS database with the module and the CA: nssdb_new DIR
nssdb_new() {
	mkdir -p "$1"
	certutil -N -d "sql:$1" --empty-password >/dev/null 2>&1 || fail "certutil -N"
	modutil -dbdir "sql:$1" -add p11test -libfile "$P11_MODULE" -force >"$WORK/modutil.log" 2>&1 ||
		{ cat "$WORK/modutil.log"; fail "modutil -add"; }
	certutil -A -d "sql:$1" -n "p11test CA" -t CT,C, -i "$CA" >/dev/null 2>&1 || fail "certutil -A"
}

# A screen of our own, for programs with windows: sets DISPLAY.
screen_start() {
	Xvfb -displayfd 3 -screen 0 1280x900x24 -nolisten tcp 3>"$WORK/display" >"$WORK/xvfb.log" 2>&1 &
	soon test -s "$WORK/display" || { cat "$WORK/xvfb.log"; fail "Xvfb did not start"; }
	DISPLAY=:$(cat "$WORK/display")
	export DISPLAY
	unset WAYLAND_DISPLAY
}
# what can do without windows has them only where somebody wants to look at them afterwards
screen_if_kept() { [ -z "${KEEP:-}" ] || { need Xvfb import; screen_start; }; }
shot() { [ -z "${KEEP:-}" ] || import -window root "$WORK/$1.png"; }

# etc_own FILE <TEXT: ETC goes before a program that is to find the text as /etc/FILE. Fails where root, or
# a namespace, is not to be had.
etc_own() {
	[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || return 1
	rm -rf "$WORK/etc"
	mkdir -p "$WORK/etc/$(dirname "$1")" "$WORK/etcmount"
	cat >"$WORK/etc/$1"
	cat >"$WORK/etcrun" <<-R
		mount -t tmpfs tmpfs "$WORK/etcmount" && mkdir "$WORK/etcmount/u" "$WORK/etcmount/w" || exit 99
		cp -r "$WORK/etc/." "$WORK/etcmount/u/"
		mount -t overlay overlay -o lowerdir=/etc,upperdir="$WORK/etcmount/u",workdir="$WORK/etcmount/w" /etc || exit 99
		exec "\$@"
	R
	ETC="unshare -m sh $WORK/etcrun"
}

# A Firefox that asks nobody but our servers for anything, and these for the page alone: a second connection
# of its own brings a second dialog, and no certificate on it is remembered. firefox_prefs PROFILE
firefox_prefs() {
	while read -r name value; do
		echo "user_pref(\"$name\", $value);"
	done >"$1/user.js" <<-P
		marionette.port 0
		app.normandy.enabled false
		app.update.enabled false
		browser.shell.checkDefaultBrowser false
		browser.startup.homepage_override.mstone "ignore"
		browser.chrome.site_icons false
		network.http.speculative-parallel-limit 0
		browser.aboutwelcome.enabled false
		datareporting.policy.dataSubmissionEnabled false
		network.captive-portal-service.enabled false
		network.connectivity-service.enabled false
		services.settings.server "data:,"
		browser.safebrowsing.downloads.enabled false
		browser.safebrowsing.malware.enabled false
		browser.safebrowsing.phishing.enabled false
		extensions.update.enabled false
		network.proxy.type 0
	P
}

# p11-kit with one module only, described by the .module text given. It reads no user's configuration
# for root: root gets a view of /etc of its own. P11KIT goes before the programs.
p11kit_conf() {
	if [ "$(id -u)" = 0 ]; then
		unshare -m true 2>/dev/null || skip "root, and no unshare -m: p11-kit cannot be pointed at one module"
		rm -rf "$WORK/p11u"
		mkdir -p "$WORK/p11u/pkcs11/modules" "$WORK/p11none"
		echo "user-config: none" >"$WORK/p11u/pkcs11/pkcs11.conf"
		printf '%s\n' "$1" >"$WORK/p11u/pkcs11/modules/p11test.module"
		cat >"$WORK/p11run" <<-R
			rm -rf "$WORK/p11w"
			mkdir -p "$WORK/p11w"
			mount -t tmpfs tmpfs "$WORK/p11w" && mkdir "$WORK/p11w/u" "$WORK/p11w/w" || exit 99
			cp -r "$WORK/p11u/." "$WORK/p11w/u/"
			mount -t overlay overlay -o lowerdir=/etc,upperdir="$WORK/p11w/u",workdir="$WORK/p11w/w" /etc || exit 99
			[ ! -d /usr/share/p11-kit/modules ] || mount --bind "$WORK/p11none" /usr/share/p11-kit/modules || exit 99
			exec "\$@"
		R
		P11KIT="unshare -m sh $WORK/p11run"
	else
		mkdir -p "$XDG_CONFIG_HOME/pkcs11/modules"
		echo "user-config: only" >"$XDG_CONFIG_HOME/pkcs11/pkcs11.conf"
		printf '%s\n' "$1" >"$XDG_CONFIG_HOME/pkcs11/modules/p11test.module"
		P11KIT=env
	fi
}

# pdf_check FILE KNOWN-CERTIFICATE: the last signature in a PDF, by OpenSSL alone
pdf_check() {
	python3 "$TOP_SRCDIR/tests/tools/pdf.py" extract "$1" "$WORK/p.cms" "$WORK/p.dat" || fail "$1: no usable signature"
	openssl cms -verify -inform DER -in "$WORK/p.cms" -content "$WORK/p.dat" -binary -CAfile "$CA" -purpose any \
		-signer "$WORK/p.signer" -out /dev/null >"$WORK/p.log" 2>&1 ||
		{ cat "$WORK/p.log"; fail "openssl does not verify the signature in $1"; }
	[ "$(fpr "$WORK/p.signer")" = "$(fpr "$2")" ] || fail "signed by another certificate"
}

# odt_check FILE KNOWN-CERTIFICATE: the signature in a document of LibreOffice, by xmlsec1 with OpenSSL
odt_check() {
	rm -rf "$WORK/odt"
	mkdir "$WORK/odt"
	(cd "$WORK/odt" && python3 -m zipfile -e "$1" . && xmlsec1 verify --crypto openssl --trusted-pem "$CA" --id-attr:Id Object \
		--id-attr:Id SignedProperties --enabled-reference-uris empty,same-doc,local,remote --X509-skip-strict-checks \
		META-INF/documentsignatures.xml) >"$WORK/odt.log" 2>&1 ||
		{ tail -n 20 "$WORK/odt.log"; fail "xmlsec1 does not verify the signature in $1"; }
	# the first certificate in it, which xmlsec1 has verified with, is the one that we know
	{
		echo "-----BEGIN CERTIFICATE-----"
		tr -d '\n' <"$WORK/odt/META-INF/documentsignatures.xml" | grep -o '<X509Certificate>[^<]*' |
			head -n 1 | sed 's/.*>//' | fold -w 64
		echo "-----END CERTIFICATE-----"
	} >"$WORK/odt.pem"
	[ "$(fpr "$WORK/odt.pem")" = "$(fpr "$2")" ] || fail "signed by another certificate"
}
