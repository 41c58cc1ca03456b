#!/bin/sh
# On a terminal of 20 to 120 columns list and status show the whole serial number; where there is no room for all
# columns some are left away, and at 40 and more no line of a table is wider than the terminal.
WAYS=direct
. "$(dirname "$0")/story.sh"
cat >on-tty.py <<'X'
import os, pty, sys
width, words = sys.argv[1], sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", 'stty cols "$0" rows 50; exec bsre-token "$@"', width] + words)
out = b""
while True:
    try:
        piece = os.read(fd, 4096)
    except OSError:
        break
    if not piece:
        break
    out += piece
sys.stdout.write(out.decode().replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
X
serial=$(bsre-token list --json | sed -n 's/.*"serial": "\(.*\)".*/\1/p')
[ ${#serial} -ge 8 ] || fail "no serial"
for width in 20 30 40 60 80 120; do
	for command in list status "key list" "cert list"; do
		# shellcheck disable=SC2086  # the words of a command
		NO_COLOR=1 TERM=xterm python3 on-tty.py $width $command | sed 's/\x1b\[[0-9;]*m//g' >shown
		echo "$width: $command"
		cat shown
		case $command in
		list) grep -q "^$serial " shown || fail "list at $width: the serial is cut" ;;
		status) grep -q " $serial\$" shown && grep -q "serial $serial\$" shown || fail "status at $width: the serial is cut" ;;
		esac
		[ $width -lt 40 ] || awk -v w=$width '/^(SLOT|SERIAL|READER|9|2026|vtoken)/ { n++; if (length($0) > w) { print "too wide: " $0; bad = 1 } }
			END { exit bad || n < 2 }' shown || fail "$command at $width: wider than the terminal"
	done
done
