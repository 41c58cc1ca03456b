#!/bin/sh
# Every function by every NULL pointer in every state, on the real service; valgrind finds nothing in it.
WAYS=direct
. "$(dirname "$0")/story.sh"

matrix=$TOP_BUILDDIR/tests/module/matrix
[ -x "$matrix" ] || skip "tests/module/matrix is not built"
"$matrix" --daemon
command -v valgrind >/dev/null || skip "no valgrind"
! nm -D "$P11_MODULE" | grep -q __asan || exit 0
valgrind -q --leak-check=full --errors-for-leak-kinds=definite,indirect --error-exitcode=9 "$matrix" --daemon
# pkcs11-tool leaks by itself
valgrind -q --error-exitcode=9 pkcs11-tool --module "$P11_MODULE" --login --pin "$P11_PIN" -O >objects
