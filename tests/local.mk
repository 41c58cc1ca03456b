# tests: each is bounded in time, whatever hangs
LOG_COMPILER = timeout -k 5 120
SH_LOG_COMPILER = timeout -k 20 240 sh

# the law: read from the source, so once is enough
if !SANITIZERS
TESTS += tests/house.sh tests/install.sh
endif
EXTRA_DIST += tests/house.sh tests/install.sh tests/install.list

# a program that stories order about; not a check_PROGRAM, since stories are run by hand as well
noinst_PROGRAMS += tests/stories/p11client
tests_stories_p11client_SOURCES = tests/stories/p11client.c
tests_stories_p11client_LDADD = -ldl
