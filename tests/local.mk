# tests: each is bounded in time, whatever hangs
LOG_COMPILER = timeout -k 5 120
SH_LOG_COMPILER = timeout -k 20 240 sh

# the law: read from the source, so once is enough
if !SANITIZERS
TESTS += tests/house.sh
endif

EXTRA_DIST += tests/house.sh
