#!/bin/sh
# The history tells which key a PIN was given for and why a key was destroyed; and what a program or a token's label
# brought into it, controls, escape sequences and text that runs backwards, moves nothing on the terminal.
WAYS=direct
. "$(dirname "$0")/story.sh"

program A
on A init
on A open
on A "login $P11_PIN"
on A "sign-init rsa sign-user"
on A "login 111111 context" CKR_PIN_INCORRECT
on A "login 111111 context" CKR_PIN_INCORRECT
on A "login $P11_PIN context"
on A sign-final
on A logout
bsre-token history --json >history.json
/usr/bin/python3 - <<'E'
import json
lines = [e for e in json.load(open("history.json"))["entries"] if e["what"] == "context login"]
assert [e["result"] for e in lines] == ["PIN_WRONG", "PIN_REPEATED", "OK"], lines
for e in lines:
    assert e.get("slot") == "9c" and e.get("key") == "sign-user" and e.get("id") and e.get("certificate"), e
E
printf 'alasan: \033]0;judul\007 dan \302\233 \342\200\256tfosi' >reason
bsre-token key destroy --key 9a --reason "$(cat reason)" --pin-file "$DESK_DIR/pin" --yes >destroyed 2>&1
COLUMNS=300 bsre-token history >table
grep 'key destr' table | grep 'alasan: ' || { cat table; fail "the table does not say why"; }

# a ledger in which each text is a trick: it may come from another computer
mkdir -m 700 tricks
/usr/bin/python3 - "$WORK/tricks" <<'E'
import hashlib, json, sys
trick = "\x1b]0;x\x07\x1b[2J\x7f\x9b2J\u202etxt\u2066\u200b\U000e0041"
previous, text = "0" * 64, b""
for name in ("time", "what", "result", "program", "token", "slot", "key", "id", "certificate", "mechanism", "reason"):
    entry = {"time": "2026-11-22T10:00:00.000Z", "what": "signature", "result": "OK"}
    entry[name] = trick if name != "time" else "2026-11-22T10:00:00" + trick
    entry["previous"] = previous
    line = json.dumps(entry, ensure_ascii=False).replace("\x7f", "\x7f").encode() + b"\n"
    previous = hashlib.sha256(line).hexdigest()
    text += line
open(sys.argv[1] + "/2026-11.jsonl", "wb").write(text)
open(sys.argv[1] + "/2026-10.jsonl", "wb").write(b"\x1b[2J no JSON\n")
E
plain() { # COMMAND...: nothing in its output moves a terminal or hides a character
	"$@" >out 2>err || true
	cat out err | /usr/bin/python3 -c '
import sys
text = sys.stdin.buffer.read().decode()
bad = [hex(ord(c)) for c in text if ord(c) < 32 and c != "\n" or 0x7f <= ord(c) < 0xa0 or ord(c) in
    (0x61c, 0x202e, 0x2066, 0x200b, 0xe0041)]
assert text and not bad, (sys.argv[1:], sorted(set(bad)))' "$@"
}
plain cat destroyed table
plain bsre-token history --ledger tricks
plain bsre-token history --ledger tricks --last 3
plain bsre-token history --ledger tricks --verify
plain bsre-token history --ledger tricks --json
/usr/bin/python3 -c 'import json; e = json.load(open("out"))["entries"]; assert "\x1b]0;x" in e[-1]["reason"] and \
	"\u202e" in e[-1]["reason"] and "\U000e0041" in e[-1]["reason"], e[-1]'
plain bsre-token history --ledger tricks --token "$(cat reason)"
plain bsre-token history --ledger "$(cat reason)"
