#!/bin/sh
# The manuals say what the programs do: every command, option, exit status, order and setting has its
# place there, and what README and HACKING tell people to type exists.
# shellcheck disable=SC2016
set -u
cd "${TOP_SRCDIR:-$(dirname "$0")/..}" || exit 1
command -v mandoc >/dev/null || { echo "no mandoc (scripts/deps installs it)"; exit 77; }
wrong=$(mktemp) || exit 1
trap 'rm -f "$wrong" "$wrong.status" "$wrong.environment"' EXIT

for page in man/*.[1-8]; do
	mandoc -Tlint -Wwarning "$page" >>"$wrong"
done

# says PAGE WHAT WORD...: each word stands in the page as it is read
says() {
	page=$1 what=$2; shift 2
	[ -e "$page" ] || { echo "$page: missing" >>"$wrong"; return; }
	text=$(mandoc -Tutf8 "$page" | sed 's|.\x08||g' | tr -s ' \n' ' ')
	for word; do
		case $text in *"$word"*) ;; *) echo "$page: no word of the $what $word" >>"$wrong" ;; esac
	done
}
rows() { sed -n "s/^$2( *\"\([^\"]*\)\".*/\1/p" "$1"; }			# TABLE MACRO: ("name", ...
rows2() { sed -n "s/^$2([a-z0-9_]*, *\"\([^\"]*\)\".*/\1/p" "$1"; }	# TABLE MACRO: (id, "name", ...
long_options() { sed -n 's/^.*{ "\([a-z-]*\)", *\(required_argument\|no_argument\|[012]\),.*/\1/p' "$1"; }
several_a_line() { sed 's/}, *{/},\n{/g' "$1"; }

says_all() { # PAGE WHAT PREFIX < words, a line each
	while read -r word; do says "$1" "$2" "$3$word"; done
}
[ ! -e src/cli/commands.def ] || rows2 src/cli/commands.def CMD | says_all man/bsre-token.1 command ""
[ ! -e src/cli/options.def ] || rows2 src/cli/options.def OPT | says_all man/bsre-token.1 option --
sed -n 's/^ERR( *[0-9]*, *\([A-Z_]*\), *CKR_[A-Z0-9_]*, *\([0-9]*\),.*/\2/p' src/lib/err.def | sort -nu |
	tee "$wrong.status" | says_all man/bsre-token.1 "exit status" ""
says_all man/id/bsre-token.1 "exit status" "" <"$wrong.status"
# what the programs read from their environment
environment() { grep -hoE 'getenv\("[A-Z0-9_]+"' "$@" | sed 's/.*("//; s/"//' | sort -u; }
environment src/cli/*.c src/wire/*.c >"$wrong.environment"
for page in man/bsre-token.1 man/id/bsre-token.1; do
	says_all $page "environment" "" <"$wrong.environment"
done
several_a_line src/tokend/tokend.c | long_options /dev/stdin | says_all man/bsre-tokend.8 option --
sed -n 's/^CONF(\([a-z.-]*\), *[a-z_]*, *\([0-9]*\), *\([0-9]*\), *\([0-9]*\), *"\([a-z]*\)".*/\1 (\5, \2 to \3, default \4)/p' \
	src/tokend/conf.def | sed 's/(, /(/' | says_all man/bsre-tokend.conf.5 key ""
sed -n 's/^\(TEXT\|MODULE\)(\([a-z0-9-]*\),.*/\2/p' src/tokend/conf.def | says_all man/bsre-tokend.conf.5 key ""
rows src/tokend/apps.def APP | sed 's|^[*]/||' | says_all man/bsre-tokend.conf.5 program ""
long_options src/vtoken/main.c | says_all man/bsre-vtoken.1 option --
for table in orders:ORDER faults:FAULT; do
	rows "src/vtoken/${table%:*}.def" "${table#*:}" | says_all man/bsre-vtoken.1 order ""
done

# what people are told to type
for page in README.md HACKING.md; do
	[ -e "$page" ] || { echo "$page: missing"; continue; }
	grep -oE '(^|[ `(])(scripts|tests|\.ci)/[a-z][a-z0-9/.*-]*' "$page" | tr -d ' `(' |
		sed 's/\.$//' | grep -v '[*]' | sort -u | while read -r path; do
		[ -e "$path" ] || echo "$page: there is no $path"
	done
	grep -oE '^[ $`]*bsre-token [a-z]+( [a-z]+)?' "$page" | sed 's/^[ $`]*bsre-token //' | sort -u | while read -r words; do
		rows2 src/cli/commands.def CMD | grep -qxF -e "$words" -e "${words%% *}" || echo "$page: there is no command $words"
	done
done >>"$wrong"

sort -u "$wrong"
! [ -s "$wrong" ]
