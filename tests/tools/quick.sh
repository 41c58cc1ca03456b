#!/bin/sh
# Runs a test, unless configure was told --with-tests=quick and it needs a desk with a token, or packs
# again what is being tested as packed: then it says so, and counts as skipped.
# usage: quick.sh COMMAND... TEST
for name; do :; done
case $name in
*/stories/* | */clients/* | */bench/* | */desk.sh | */deb.sh)
	echo "not among the quick tests (configure --with-tests=all; make distcheck DISTCHECK_TESTS=all)"
	exit 77 ;;
esac
exec "$@"
