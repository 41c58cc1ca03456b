#!/bin/sh
# The scripts themselves: shellcheck finds nothing, Python compiles.
set -eu
cd "${TOP_SRCDIR:-$(dirname "$0")/..}"
command -v shellcheck >/dev/null || { echo "no shellcheck (scripts/deps installs it)"; exit 77; }
grep -lE '^#!/bin/(ba)?sh' scripts/* .ci/run tests/*.sh tests/*/*.sh udev/*.sh debian/*.p* |
	xargs -n 4 -P "$(nproc)" shellcheck -S warning
for f in $(grep -lE '^#!/usr/bin/python3' scripts/* tests/*/* 2>/dev/null) tests/tools/*.py; do
	python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$f"
done
