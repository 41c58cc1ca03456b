#!/bin/sh
# The completion rules of bash, zsh and fish load, and complete every command and option of the tables: after
# options that stand before the command as well, and after options that take a value.
set -u
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
utility=$(cd "$TOP_BUILDDIR" && pwd)/bsre-token
cd "$work" || exit 1
HOME=$work LC_ALL=C.UTF-8
export HOME LC_ALL
for tool in bash zsh fish python3; do
	command -v "$tool" >/dev/null || { echo "no $tool (scripts/deps installs it)"; exit 77; }
done
for shell in bash zsh fish; do
	LC_ALL=C "$utility" help --completion $shell >rules.$shell || exit 1
	$shell -n rules.$shell || { echo "$shell refuses its rules"; exit 1; }
done
: >"a file"
: >another

# what each shell offers behind each of many lines
cat >ask.bash <<'X'
. ./rules.bash
while IFS= read -r line; do
    read -r -a COMP_WORDS <<<"$line"
    [[ $line == *' ' ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _bsre_token
    printf '%s\n' "${COMPREPLY[@]}" "=="
done
X
cat >ask.zsh <<'X'
# the functions of compsys that the rules call; each prints what would be offered
autoload -Uz compinit && compinit -D -u
_describe() { print -rl -- ${${(P)2}%%:*} }
_arguments() { print -rl -- ${${@#--}%%(=|)\[*} }
eval "_rules() { $(grep -v '^_bsre_token "\$@"$' rules.zsh)
}"
_rules
while IFS= read -r line; do
    words=(${(z)line})
    [[ $line == *' ' ]] && words+=('')
    CURRENT=$#words
    _bsre_token
    print -r -- '=='
done
X
cat >ask.fish <<'X'
source rules.fish
while read -l line
    complete -C "$line" | string replace -r '\t.*' ''
    echo ==
end
X
"$utility" help --json >tables.json
cat >judge.py <<'X'
import json, subprocess, sys
shell = sys.argv[1]
commands = {c["command"]: c["options"] for c in json.load(open("tables.json"))["commands"]}
first = {c.split()[0] for c in commands}
ask, want = [], []


def wants(line, *words, never=()):
    ask.append(line)
    want.append((set(words), set(never)))


every = {"--" + o for c in commands.values() for o in c}
for front in ("", "--json ", "--token 20260001 ", "-t 20260001 --quiet "):
    wants("bsre-token " + front, *first)
    for group in {c.split()[0] for c in commands if " " in c}:
        wants("bsre-token " + front + group + " ", *(c.split()[1] for c in commands if c.startswith(group + " ")),
              never={"status", "request", "sign"})
    for command, options in commands.items():
        options = ["--" + o for o in options + ["json", "token", "quiet", "help", "version"]]
        wants("bsre-token " + front + command + " --", *options, never=every - set(options))
if shell != "zsh":          # there _arguments does these, and it is played here
    wants("bsre-token key generate --alg ", "rsa2048", "p256", "p384", never=["another"])
    wants("bsre-token --json key generate --label x --touch ", "never", "always", "cached")
    wants("bsre-token verify ", "another", "a file")
    wants("bsre-token sign --output ", "another", "a file")
    wants("bsre-token key gen", "generate")
if shell == "bash":
    wants("bsre-token key generate --alg = p", "p256", "p384", never=["rsa2048"])
    wants("bsre-token key generate --alg = p256 --lab", "--label")
    wants("bsre-token --js", "--json")
argv = {"bash": ["bash", "--norc", "ask.bash"], "zsh": ["zsh", "-f", "ask.zsh"], "fish": ["fish", "--no-config", "ask.fish"]}
done = subprocess.run(argv[shell], input="\n".join(ask) + "\n", capture_output=True, text=True, check=False)
offered = [part.replace("\\ ", " ").split("\n") for part in done.stdout.split("==\n")[:-1]]
wrong = 0
if done.stderr.strip() or len(offered) != len(ask):
    print(shell, "says:", done.stderr[:2000], len(offered), "answers to", len(ask))
    wrong = 1
for line, (there, never), got in zip(ask, want, offered):
    got = {w.strip() for w in got}
    if line.endswith("--"):
        got |= {"--" + w for w in got if not w.startswith("-")}
    if there - got or never & got:
        print("%s: '%s' misses %s, has %s too much" % (shell, line, sorted(there - got), sorted(never & got)))
        wrong = 1
print(shell, len(ask), "lines")
sys.exit(wrong)
X
failed=0
for shell in bash zsh fish; do
	python3 judge.py $shell || failed=1
done
exit $failed
