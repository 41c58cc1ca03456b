#!/bin/sh
# The module gives programs the functions of functions.def and nothing else, wants the C library and
# nothing else, is bound when it is loaded, never unloaded, and stays small.
set -eu
module=$TOP_BUILDDIR/.libs/libbsre-pkcs11.so
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
wrong() { echo "$1"; bad=1; }

sed -n 's/^FN3\{0,1\}(\(C_[A-Za-z]*\).*/\1/p' "$TOP_SRCDIR/pkcs11/functions.def" | sort >"$work/want"
nm -D --defined-only "$module" | awk '{ print $3 }' | sort >"$work/have"
diff "$work/want" "$work/have" || wrong "functions.def (<) and what the module exports (>) differ"

readelf -dW "$module" >"$work/dynamic"
needs=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$work/dynamic" | grep -vE '^(libc\.so\.6|ld-linux.*)$' || true)
[ -z "$needs" ] || wrong "the module needs $needs"
grep -q 'FLAGS_1.*NOW' "$work/dynamic" || wrong "the module is not bound when it is loaded (-z now)"
grep -q 'FLAGS_1.*NODELETE' "$work/dynamic" || wrong "the module can be unloaded under its threads"
! grep -qE '(RPATH|RUNPATH|TEXTREL)' "$work/dynamic" || wrong "the module has a search path or text relocations"
readelf -lW "$module" | grep -q GNU_RELRO || wrong "the module's tables stay writable (-z relro)"

# what it must never do: threads, processes, logs, an end of the program
nm -D --undefined-only "$module" | awk '{ sub(/@.*/, "", $2); print $2 }' |
	grep -xE 'pthread_create|v?fork|clone|exec.*|posix_spawn.*|system|popen|_?exit|abort|atexit|dlopen|dlsym|syslog|.*printf|signal|sigaction' |
	grep -vxE 'v?snprintf|__v?snprintf_chk' >"$work/never" && wrong "the module calls $(tr '\n' ' ' <"$work/never")"

strip -o "$work/stripped" "$module"
size=$(wc -c <"$work/stripped")
[ "$size" -gt 0 ] && [ "$size" -lt 200000 ] || wrong "the module has $size bytes; 200000 at most"
echo "$(wc -l <"$work/have") functions, $size bytes stripped"
exit $bad
