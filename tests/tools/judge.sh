# What the judges' stories share: sourced first, never run. The story starts itself again on a
# card-desk (DESK_OPTIONS are its), then names a judge and lets it do its operations:
#   judge "opensc-tool"                        the program, which must be there
#   op "reads the name" opensc-tool -n         must succeed
#   cannot "writes" "why, and seen how" CMD..  a fault of the judge's own: listed, not counted
# Each operation is a row in $JUDGES_TABLE, where that is set: judge|operation|result|remark.
# shellcheck shell=sh
set -u
STORY=$(basename "$0" .sh)
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
export TOP_SRCDIR TOP_BUILDDIR
LC_ALL=C.UTF-8
export LC_ALL

for tool in ${NEEDS:-}; do
	command -v "$tool" >/dev/null || { echo "no $tool"; exit 77; }
done
if [ -z "${DESK_DIR:-}" ]; then
	eval "exec \"\$TOP_SRCDIR/tests/tools/card-desk\" ${DESK_OPTIONS:-} sh \"\$0\""
fi

WORK=$DESK_DIR/work
mkdir -p "$WORK"
cd "$WORK" || exit 1
failed=0
JUDGE=$STORY
MGM=010203040506070801020304050607080102030405060708
printf 'abcdefghijklmnopqrstuvwxyz012345' >message
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem \
	-subj '/O=Test/CN=Judges CA' -days 30 2>/dev/null
openssl req -new -key ca.key -subj '/O=Test/CN=Judged' -out any.csr

judge() { JUDGE=$1; }
row() {
	echo "$JUDGE: $1: $2${3:+ ($3)}"
	[ -z "${JUDGES_TABLE:-}" ] || echo "$JUDGE|$1|$2|${3:-}" >>"$JUDGES_TABLE"
}
# a command may be a function: the story as a whole is bounded in time, each program by `limited`
limited() { timeout 40 "$@"; }
run() { ( "$@" ) >out 2>&1; }
op() {
	what=$1; shift
	if run "$@"; then
		row "$what" ok
	else
		row "$what" FAILS "exit status $?"
		sed 's/^/	/' out
		failed=1
	fi
}
cannot() {
	what=$1 why=$2; shift 2
	if run "$@"; then row "$what" "ok here" "elsewhere: $why"
	else row "$what" cannot "$why"
	fi
}
# a judge that must say no
denied() {
	what="$1: refused"; shift
	status=0
	run "$@" || status=$?
	case $status in
	0 | 12[4567]) row "$what" FAILS "exit status $status"; failed=1 ;;
	*) row "$what" ok ;;
	esac
}
# certificate PUBLICKEY CERT: the CA's certificate for a key that never leaves the token
certificate() {
	openssl x509 -req -in any.csr -force_pubkey "$1" -CA ca.pem -CAkey ca.key -CAcreateserial \
		-days 30 -out "$2" 2>/dev/null
}
token() { bsre-vtoken ctl "$BSRE_VTOKEN_CONTROL" "$@"; }
verdict() { exit "$failed"; }
