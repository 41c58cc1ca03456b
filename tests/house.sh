#!/bin/sh
# The rules of the house that a machine can hold; HACKING.md says why they stand. Prints what breaks
# them, one line each; exit 1 if anything does.
# shellcheck disable=SC2016,SC2129  # awk has dollars of its own; a redirection a rule
set -u
cd "${TOP_SRCDIR:-$(dirname "$0")/..}" || exit 1
for tool in ctags git; do
	command -v "$tool" >/dev/null || { echo "no $tool (scripts/deps installs it)"; exit 77; }
done
broken=$(mktemp) || exit 1
trap 'rm -f "$broken"' EXIT
blame() { awk -v why="$1" '{ print $0 ": " why }' >>"$broken"; }

# git knows what is ours; a released archive has what autotools made as well
if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; then
	all=$(git ls-files --cached --others --exclude-standard)
else
	made='(configure|config\.h\.in|aclocal\.m4|ABOUT-NLS|(.*/)?Makefile\.in(\.in)?|(m4|build-aux|autom4te\.cache)/.*)~?'
	made="$made|po/(Makevars\.template|.*\.(pot|gmo|sin|sed|header)|stamp-po|Rules-quot)"
	all=$(find . -type f -not -path './build?*/*' -not -path './_build/*' -not -path './_inst/*' | sed 's|^\./||' | grep -vxE "$made|build-aux/.*")
fi
sources=$(printf '%s\n' "$all" | grep '\.[ch]$')
pick() { printf '%s\n' "$sources" | grep -E "$1"; }
# grep over a list of files that may be empty
among() { xargs -r grep -nE "$1" /dev/null; }

# --- 1. every list is a table, and every row has its file -------------------------------------
row_has_file() { # TABLE MACRO PREFIX: MACRO(name, ...) wants PREFIXname.c; commands have - for _
	[ -e "$1" ] || return 0
	sed -n "s/^$2(\([a-z0-9_]*\).*/\1/p" "$1" | tr _ - | while read -r name; do
		[ -e "$3$name.c" ] || echo "$1: $name has no $3$name.c"
	done >>"$broken"
}
row_has_file src/cli/commands.def CMD src/cli/cmd-
row_has_file src/cli/programs.def PROGRAM src/cli/register-
row_has_file src/tokend/token/drivers.def DRIVER src/tokend/token/
pick . | while read -r f; do
	grep -qsF "$f" src/*/*.mk pkcs11/local.mk tests/*.mk || echo "$f: no local.mk builds or ships it"
done >>"$broken"

printf '%s\n' "$all" | grep -E '^tests/([a-z]*/)?[a-z0-9-]*\.sh$|^scripts/|^udev/.*\.sh$' | while read -r f; do
	grep -qsF "$f" src/*/local.mk pkcs11/local.mk tests/*.mk udev/local.mk debian/local.mk || echo "$f: no local.mk runs or ships it"
done >>"$broken"

# --- 2. bytes are touched only through span, cur and buf --------------------------------------
pick '^(src|pkcs11)/' | grep -v '^src/lib/' | among '\b(memcpy|memmove|memccpy|bcopy)\(' |
	blame "bytes move by src/lib/span.h alone"
pick . | among '\b(system|popen|strcpy|strcat|sprintf|vsprintf|strncpy|gets|alloca|strtok)\(' |
	blame "not in this house"

# --- 3. one failure type, no other way out -----------------------------------------------------
pick . | among '\bgoto\b' | blame "no goto"
pick '^(src|pkcs11)/' | among '\b(setjmp|longjmp)\(' | blame "not in this house"

# --- 4. a secret is a type ---------------------------------------------------------------------
pick '^(src|pkcs11)/' | among '\bchar *\*? *(const *)?(pin|puk|so_?pin|old_?pin|new_?pin|passw[a-z]*)\b' |
	blame "a secret is a struct secret"

# --- 5. arrows point down: lib <- wire <- {pkcs11, cli, tokend, vtoken} -----------------------
reaches() { # ROOM MAY: no include of a room outside MAY
	pick "^$1/" | xargs -r grep -nE '#[[:space:]]*include "' /dev/null |
		grep -E "\"(src/|\.\./)*(lib|wire|cli|tokend|vtoken|pkcs11)/" | grep -vE "\"($2)/" |
		blame "$1 may include only $2"
}
reaches src/lib 'lib'
reaches src/wire 'lib|wire'
reaches pkcs11 'lib|wire|pkcs11'
reaches src/cli 'lib|wire|cli'
reaches src/vtoken 'lib|wire|vtoken'
reaches src/tokend 'lib|wire|tokend'
for f in $(pick '^src/tokend/token/[a-z0-9-]*\.c$'); do
	own=$(basename "$f" .c | sed 's/-.*//')
	grep -n '#include "' "$f" | grep -vE "\"((config|driver|$own(-[a-z0-9]+)*)\.h|$own-[a-z0-9]+\.def)\"" |
		awk -v f="$f" '{ print f ":" $0 }' | blame "a driver includes driver.h and what is its own"
done

# --- sizes, first sentences, leftovers ---------------------------------------------------------
printf '%s\n' "$sources" | xargs -r wc -l | awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines; 600 at most" }' >>"$broken"
printf '%s\n' "$sources" | xargs -r ctags -x --_xformat='%{input}:%{line} %N %{end}' --kinds-C=f 2>/dev/null |
	awk '{ split($1, a, ":"); n = $3 - a[2] + 1 } n > 60 { print $1 ": " $2 " has " n " lines; 60 at most" }' >>"$broken"
printf '%s\n' "$all" | grep -E '\.(c|h|def)$' | xargs -r awk '
	FNR == 1 && !/^\/\*[^*]/ { print FILENAME ": begins with no sentence that says what it is" }
	FNR > 1 { nextfile }' >>"$broken"
printf '%s\n' "$all" | grep -E '\.(sh|mk|py)$|^scripts/[a-z-]*$|^\.ci/' | xargs -r awk '
	FNR == 1 && /^#!/ { next }
	FNR <= 2 && (/^#/ || /^"""/) { nextfile }
	FNR <= 2 { print FILENAME ": begins with no sentence that says what it is"; nextfile }' >>"$broken"
printf '%s\n' "$all" | grep -E '\.(c|h|def)$' | xargs -r awk '
	{ line = $0; while (i = index(line, "\t")) line = substr(line, 1, i - 1) substr("        ", 1, 8 - (i - 1) % 8) substr(line, i + 1) }
	FILENAME ~ /\.[ch]$/ && length(line) > 120 { print FILENAME ":" FNR ": wider than 120 columns; aim at 100" }
	/^    / && before ~ /[;{}]$/ { print FILENAME ":" FNR ": indented by spaces, not tabs" }
	/[ \t]$/ { print FILENAME ":" FNR ": space at the end of the line" }
	{ before = $0 }' >>"$broken"
printf '%s\n' "$all" | grep -E '\.(c|h|def|sh|mk|py)$|^scripts/' | grep -v '^tests/house\.sh$' |
	among '\b(TODO|FIXME|XXX)\b|not implemented' | blame "finish it or write an issue"
# where this checkout lies, by its own word, and what no machine but one has
here=$(pwd -P)
top=${here#/}
top=/${top%%/*}/
case $top in /tmp/ | /root/ | /usr/ | /var/ | /home/) top=$here/ ;; esac
printf '%s\n' "$all" | grep -v '^tests/house\.sh$' | among "$top|/home/[a-z]|(^|[^A-Za-z0-9_}~.*])/[a-z]+/\.[a-z]+" |
	blame "a path of somebody's workplace"

cat "$broken"
! [ -s "$broken" ]
