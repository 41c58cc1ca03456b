#!/bin/sh
# The module's threads under ThreadSanitizer: module, link and tests are built with it aside, and run.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc=${CC:-gcc}
echo 'int main(void) { return 0; }' >"$work/probe.c"
$cc -fsanitize=thread -o "$work/probe" "$work/probe.c" -lcmocka 2>/dev/null || { echo "no ThreadSanitizer"; exit 77; }
cd "$TOP_SRCDIR"
# it wants to choose where things lie
run() { setarch -R "$@"; }
run true 2>/dev/null || run() { "$@"; }
run "$work/probe" || { echo "ThreadSanitizer does not run here"; exit 77; }

# shellcheck disable=SC2046  # a list of flags
build() { $cc -g -O1 -std=gnu11 -fvisibility=hidden -fsanitize=thread -I"$TOP_BUILDDIR" -Isrc -I. -Itests/unit \
	$(pkg-config --cflags p11-kit-1) "$@"; }
for part in src/wire/*.c src/lib/*.c pkcs11/*.c; do
	build -fPIC -c -o "$work/$(echo "$part" | tr / -).o" "$part"
done
build -shared -Wl,-z,nodelete -o "$work/module.so" "$work"/*.o
export P11_MODULE="$work/module.so" TSAN_OPTIONS="die_after_fork=0 exitcode=66"
for name in slots processes; do
	build -o "$work/test" "tests/module/test-$name.c" tests/module/client.c tests/module/host.c \
		tests/module/fake.c "$work"/src-*.o -lcmocka -ldl
	run "$work/test"
done
build -o "$work/test" tests/unit/test-link.c "$work"/src-*.o -lcmocka
run "$work/test"
