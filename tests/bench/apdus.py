"""scripts/bench apdus: what each step costs at the card, counted by the virtual token."""
import time

import common
import desk

LINGER_MS = 2000        # no step may find its transaction closed on a busy machine
PIN = desk.PIN


class Step:
    """A row of the table: what it is, and what it may cost with extended lengths and without."""

    def __init__(self, name, extended, short):
        self.name, self.budgets = name, {"extended": extended, "short": short}


# The design's budgets. A token that was set up by `init` has our keys object, which is read once more
# when objects are listed: the +1.
STEPS = {s.name: s for s in (
    Step("identify", 4, 4),
    Step("list four certificates, cold, with the identification", 8 + 1, 20 + 1),
    Step("a further program lists them", 0, 0),
    Step("C_GetSlotInfo, C_GetTokenInfo", 0, 0),
    Step("C_Login that opens a transaction", 3, 3),
    Step("C_Login in an open transaction", 1, 1),
    Step("a signature in an open transaction", 1, 3),
    Step("close", 1, 1),
    Step("first signature with a kept PIN", 4, 6),
    Step("the next one", 1, 3),
    Step("always-authenticate in an open transaction", 2, 4),
    Step("always-authenticate that opens a transaction", 4, 6),
    Step("C_Logout of the last program", 1, 1),
    Step("re-insertion, unchanged", 3, 3),
    Step("four certificates' values after it", 4, 4),
    Step("the same once more", 0, 0),
)}


def brief(line):
    """A line of the trace with its long strings cut: their first and last bytes tell enough."""
    return " ".join(word if len(word) <= 60 else "%s..(%d bytes)..%s" % (word[:40], len(word) // 2, word[-4:])
                    for word in line.split()) + "\n"


class Counter:
    """Counts and traces what the card sees between two points."""

    def __init__(self, d):
        self.token, self.trace = d.token, d.path("apdus")
        self.counts, self.traces = {}, {}

    def step(self, name, act):
        """act() is done when the step is; what it gives is given."""
        assert name in STEPS
        open(self.trace, "w").close()
        self.token.order("trace", self.trace)
        self.token.count("reset")
        result = act()
        self.counts[name] = self.token.count()
        self.token.order("trace", "off")
        with open(self.trace) as f:
            self.traces[name] = "".join(map(brief, f))
        return result

    def settle(self):
        """Until the card is closed: nobody has sent a command for longer than transactions linger."""
        before, since = self.token.count(), time.monotonic()
        while time.monotonic() - since < LINGER_MS / 1000 + 0.4:
            time.sleep(0.05)
            now = self.token.count()
            if now != before:
                before, since = now, time.monotonic()

    def wait(self, most):
        """Until something is sent, then until no more is."""
        until = time.monotonic() + most
        while self.token.count() == 0 and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.3)


def sign(p):
    return lambda: p.on("sign rsa-raw id:01")


def sign_always(p):
    def act():
        p.on("sign-init rsa-raw id:02")
        p.on("login %s context" % PIN)
        p.on("sign-final")
    return act


def certificates(p):
    """Reads all values; four there must be (modules show more: of attestation)."""
    def act():
        n = int(p.on("certificates")[0])
        if n < 4:
            raise desk.Failure("only %d certificates are seen" % n)
    return act


def start_and_list(p):
    def act():
        p.on("init")
        p.on("open")
        certificates(p)()
    return act


def until_slots(p, wanted):
    until = time.monotonic() + 20
    while p.on("slots")[0] != wanted:
        if time.monotonic() > until:
            raise desk.Failure("the token does not %s" % ("come" if int(wanted) else "go"))
        time.sleep(0.02)


def replug(d, p):
    d.token.order("unplug")
    until_slots(p, "0")
    d.token.order("plug")


def ours(d):
    c = Counter(d)
    c.counts["identify"] = d.identified
    with common.Program(d, d.programs.module) as a, common.Program(d, d.programs.module) as b:
        listing = "list four certificates, cold, with the identification"
        c.step(listing, start_and_list(a))
        c.counts[listing] += d.identified
        c.step("a further program lists them", start_and_list(b))
        c.step("C_GetSlotInfo, C_GetTokenInfo", lambda: a.on("pin"))
        c.settle()
        c.step("C_Login that opens a transaction", lambda: a.on("login " + PIN))
        c.step("C_Login in an open transaction", lambda: b.on("login " + PIN))
        c.step("a signature in an open transaction", sign(b))
        c.step("close", lambda: c.wait(LINGER_MS / 1000 + 5))
        c.step("first signature with a kept PIN", sign(a))
        c.step("the next one", sign(b))
        c.step("always-authenticate in an open transaction", sign_always(a))
        c.settle()
        c.step("always-authenticate that opens a transaction", sign_always(a))
        b.on("logout")

        def last_logout():
            a.on("logout")
            c.wait(1)

        c.step("C_Logout of the last program", last_logout)

        def back():
            replug(d, a)
            until_slots(a, "1")

        c.step("re-insertion, unchanged", back)
        a.on("open")
        c.step("four certificates' values after it", certificates(a))
        c.step("the same once more", certificates(a))
    return c


def theirs(d, module):
    """The steps that another module knows. It gets two programs as well; one that fails has no row."""
    c = Counter(d)

    def attempt(name, act):
        try:
            c.step(name, act)
        except desk.Failure as e:
            c.token.order("trace", "off")
            c.counts.pop(name, None)
            print("  %s: %s" % (name, e))

    with common.Program(d, module) as a, common.Program(d, module) as b:
        def start():
            a.on("init")
            a.on("open")

        attempt("identify", start)
        listing = "list four certificates, cold, with the identification"
        attempt(listing, certificates(a))
        if listing in c.counts:
            c.counts[listing] += c.counts.get("identify", 0)
        attempt("C_GetSlotInfo, C_GetTokenInfo", lambda: a.on("pin"))
        attempt("C_Login that opens a transaction", lambda: a.on("login " + PIN))
        attempt("first signature with a kept PIN", sign(a))
        attempt("the next one", sign(a))
        attempt("always-authenticate in an open transaction", sign_always(a))
        if "always-authenticate in an open transaction" not in c.counts:
            a.ask("login " + PIN)
        attempt("C_Logout of the last program", lambda: a.on("logout"))
        attempt("a further program lists them", start_and_list(b))

        def back():
            replug(d, a)
            until_slots(a, "1")
            a.on("open")

        attempt("re-insertion, unchanged", back)
        attempt("four certificates' values after it", certificates(a))
        attempt("the same once more", certificates(a))
    return c


def show(lengths, mine, others, anyhow=None):
    """Prints the table; the number of budgets exceeded. anyhow: the steps whose budget counts; None: all."""
    print("APDUs, %s lengths" % lengths)
    rows, over = [], []
    for s in STEPS.values():
        n, budget = mine.counts[s.name], s.budgets[lengths]
        if anyhow is not None and s.name not in anyhow:
            budget = "-"
        rows.append([s.name, n, budget] + [o.counts.get(s.name, "-") for _name, o in others])
        if budget != "-" and n > budget:
            over.append(s)
    common.table(["step", "ours", "budget"] + [name for name, _o in others], rows)
    for s in over:
        print("over its budget: %s, with %s lengths: %d commands, not %d" % (
            s.name, lengths, mine.counts[s.name], s.budgets[lengths]))
        print(mine.traces.get(s.name, "(not traced: the service's start)"))
    return len(over)


# what no driver may make dearer: what the service has in its memory
ANY_DRIVER = ("a further program lists them", "C_GetSlotInfo, C_GetTokenInfo", "the same once more")


def through_opensc(programs):
    """Ours with OpenSC as its driver, beside OpenSC alone, on the same card."""
    alone = [i for i in common.incumbents() if i[0] == "OpenSC"]
    if not alone:
        raise common.Missing("no OpenSC")
    with common.Desk(programs, "pcscd", conf=["linger = %d" % LINGER_MS, "driver.piv = no"]) as d:
        mine = ours(d)
        d.stop_service()
        return 1 if show("extended", mine, [("OpenSC alone", theirs(d, alone[0][1]))], ANY_DRIVER) else 0


def main(programs, quick):
    over = 0
    for lengths, vtoken in (("extended", []), ("short", common.SHORT)):
        with common.Desk(programs, "direct" if quick else "pcscd", vtoken=vtoken,
                         conf=["linger = %d" % LINGER_MS]) as d:
            mine, others = ours(d), []
            if not quick:
                d.stop_service()
                for name, module in common.incumbents():
                    others.append((name, theirs(d, module)))
            over += show(lengths, mine, others)
    return 1 if over else 0
