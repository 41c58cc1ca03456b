"""Holds what bsre-token --json prints against bsre-token-json(5).

usage: shapes.py PAGE "COMMAND" FILE    FILE is what the command printed
       shapes.py PAGE PAGE              the two pages have the same lists
"""
import json
import re
import sys

PLAIN = {"string": str, "integer": int, "boolean": bool}


def shapes(page):
    """{name: {member: type}} of the page's source: .Ss begins a list, .It Ic MEMBER Li TYPE is a row."""
    lists, rows = {}, None
    with open(page, encoding="utf-8") as f:
        for line in f:
            if line.startswith(".Ss "):
                name = line[4:].strip()
                # "key list" is a reply and "key" a part: a name stands once in each section
                if name in lists:
                    raise SystemExit("%s: %s stands there twice" % (page, name))
                rows = lists[name] = {}
            m = re.match(r"\.It Ic (\S+) Li (.*)$", line)
            if m:
                rows[m.group(1)] = m.group(2).replace("\\&", "")
    return lists


def check(lists, kind, value, at, failed=False):
    """What is wrong with value as one of its kind, a list of sentences."""
    if kind.startswith("list of "):
        if not isinstance(value, list):
            return ["%s: no list" % at]
        return [w for i, v in enumerate(value) for w in check(lists, kind[8:], v, "%s[%d]" % (at, i))]
    if kind.endswith(" or null"):
        return [] if value is None else check(lists, kind[:-8], value, at)
    if kind in PLAIN:
        return [] if type(value) is PLAIN[kind] else ["%s: %r is no %s" % (at, value, kind)]
    if not isinstance(value, dict):
        return ["%s: %r is no object" % (at, value)]
    rows, wrong = lists[kind], []
    for member, v in value.items():
        if failed and member == "error":
            wrong += check(lists, "error", v, at + ".error")
        elif member not in rows:
            wrong.append("%s.%s: not in the list of %s" % (at, member, kind))
        else:
            wrong += check(lists, rows[member].rstrip("?"), v, at + "." + member)
    wrong += ["%s.%s: missing" % (at, m) for m, t in rows.items() if m not in value and not t.endswith("?") and not failed]
    return wrong


def main(page, second, file=None):
    lists = shapes(page)
    if file is None:
        other = shapes(second)
        wrong = ["%s and %s differ in %s" % (page, second, n) for n in sorted(lists.keys() | other.keys())
                 if list(lists.get(n, {}).items()) != list(other.get(n, {}).items())]
    else:
        with open(file, encoding="utf-8") as f:
            reply = json.load(f)
        wrong = check(lists, second, reply, second, "error" in reply)
    for w in wrong:
        print(w)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
