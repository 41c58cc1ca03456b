#!/bin/sh
# What the utility says is complete in each language: every sentence translated with the same %, every
# command and option in both manuals, the completion rules of each shell made of the same tables.
set -u
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
cd "$TOP_SRCDIR" || exit 1
for tool in xgettext msgfmt msgcmp mandoc python3; do
	command -v "$tool" >/dev/null || { echo "no $tool (scripts/deps installs it)"; exit 77; }
done
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
wrong=$work/wrong
utility=$TOP_BUILDDIR/bsre-token
: >"$wrong"

# --- sentences --------------------------------------------------------------------------------------
for f in src/lib/err.def src/cli/*.c src/cli/*.def; do
	grep -qx "$f" po/POTFILES.in || echo "$f: not in po/POTFILES.in"
done >>"$wrong"
xgettext -f po/POTFILES.in --language=C --keyword=_ --keyword=N_ --keyword=ngettext:1,2 --from-code=UTF-8 \
	-o "$work/all.pot" 2>>"$wrong"
for po in po/*.po; do
	msgfmt -c -o /dev/null "$po" 2>>"$wrong" || echo "$po: msgfmt refuses it" >>"$wrong"
	msgcmp "$po" "$work/all.pot" 2>>"$wrong"
	msgattrib --fuzzy --no-obsolete "$po" 2>/dev/null | grep -q '^msgid' && echo "$po: fuzzy entries" >>"$wrong"
done
# what the words must not be: bare "sertifikat" in a sentence, "reset" (it would destroy), "kunci pribadi"
msgcat --no-wrap po/id.po | sed -n 's/^msgstr.*"\(.*\)"$/\1/p' |
	grep -nEi 'kunci pribadi|reset|kadaluarsa|sertifikat[^ -]* ' |
	grep -vEi 'sertifikat elektronik|penandatanganan sertifikat \(CSR\)|sertifikat itu|cert import' >>"$wrong"

# --- manuals ----------------------------------------------------------------------------------------
"$utility" help --json >"$work/tables.json" || exit 1
for page in man/bsre-token.1 man/id/bsre-token.1; do
	mandoc -Tlint -Wwarning "$page" >>"$wrong"
	python3 - "$page" "$work/tables.json" >>"$wrong" <<-'X'
		import json, re, sys
		page, tables = sys.argv[1:]
		text = open(page, encoding="utf-8").read()
		parts = re.split(r"^\.Ss (.*)$", text.split("\n.Sh DN FILE")[0].split("\n.Sh BERKAS DN")[0], flags=re.M)
		said = dict(zip(parts[1::2], parts[2::2]))
		commands = {c["command"]: c for c in json.load(open(tables))["commands"]}
		said.pop("Options of every command", None)
		said.pop("Opsi semua perintah", None)
		if list(said) != list(commands):
		    print(page, "has", list(said), "and the tables have", list(commands))
		for name in said.keys() & commands.keys():
		    there = set(re.findall(r"^\.(?:Op )?Fl (?:\w \| )?-([a-z-]+)", said[name], flags=re.M))
		    want = set(commands[name]["options"])
		    if there - {"yes", "json", "token"} != want - {"yes"} or not want >= there & {"yes"}:
		        print("%s: %s has %s, the tables %s" % (page, name, sorted(there), sorted(want)))
	X
done

# --- completion -------------------------------------------------------------------------------------
python3 -c 'import json, sys; print("\n".join(c["command"] for c in json.load(open(sys.argv[1]))["commands"]))' \
	"$work/tables.json" >"$work/commands"
for shell in bash zsh fish; do
	LC_ALL=C "$utility" help --completion $shell >"$work/$shell"
	while read -r first second; do
		grep -q -e "$first${second:+ $second}" -e "-a '${second:-$first}'" "$work/$shell" ||
			echo "completion for $shell: no '$first $second'"
	done <"$work/commands" >>"$wrong"
	! command -v $shell >/dev/null || $shell -n "$work/$shell" 2>>"$wrong" || echo "$shell refuses its rules" >>"$wrong"
done
bash -c '. "$1"; COMP_WORDS=(bsre-token --json key gen); COMP_CWORD=3; _bsre_token; [ "${COMPREPLY[*]}" = generate ] &&
	COMP_WORDS=(bsre-token key generate --alg p); COMP_CWORD=4; _bsre_token; [ "${COMPREPLY[*]}" = "p256 p384" ]' \
	bash "$work/bash" || echo "bash does not complete" >>"$wrong"

sort -u "$wrong"
! [ -s "$wrong" ]
