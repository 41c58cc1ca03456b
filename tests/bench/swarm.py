"""scripts/bench swarm: many programs sign on one token through pcscd, and a stranger comes by."""
import os
import select
import subprocess
import sys
import time

import common
import desk

SHARE, FAIR, STRANGER_MS = 0.90, 0.50, 5000
LOCKED = "6982"
READY_SECONDS = 300
# programs, seconds; a round of 64 takes a quarter of a minute at timing B
FULL = ((1, 20), (8, 30), (64, 75))
QUICK = ((1, 8), (8, 15))
PAUSE = 4
PCSC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pcsc.py")


def own_rate(d, seconds):
    """Signatures a second in one transaction, without anything of ours or another's."""
    out = subprocess.run([sys.executable, PCSC, "rate", desk.PIN, str(seconds)], env=d.environment(),
                         stdout=subprocess.PIPE, text=True, check=False)
    if out.returncode:
        raise desk.Failure("the card's own rate cannot be measured")
    return float(out.stdout)


def spawn(d, argv, stdin):
    with open(d.path("swarm.log"), "a") as log:
        return subprocess.Popen(argv, env=d.environment(), stdin=stdin, stdout=subprocess.PIPE, stderr=log,
                                preexec_fn=desk.die_with_parent)


def lines(child):
    """Ends it; what it said in whole lines."""
    child.kill()
    said = child.stdout.read().decode()
    child.wait()
    return [line.split() for line in said.split("\n")[:-1]]


def all_ready(signers):
    until = time.monotonic() + READY_SECONDS
    for s in signers:
        left = max(0, until - time.monotonic())
        if not select.select([s.stdout], [], [], left)[0] or s.stdout.readline() != b"ready\n":
            return False
    return True


class Swarm:
    """`count` programs that sign for `seconds`; counts of signatures, waits, and what the stranger saw."""

    def __init__(self, d, module, count, seconds):
        start, go = os.pipe()
        os.set_inheritable(start, True)
        signers = [spawn(d, [d.programs.bench("signer"), module, desk.PIN, "01"], start) for _ in range(count)]
        os.close(start)
        self.ready = all_ready(signers)
        if self.ready:
            stranger = spawn(d, [sys.executable, PCSC, "foreign", str(PAUSE)], subprocess.DEVNULL)
            begin = time.monotonic_ns()
            os.close(go)            # the end of everybody's stdin
            time.sleep(seconds)
            end = time.monotonic_ns()
            self.stranger = [(int(ms), sw) for ms, sw in lines(stranger)]
        else:
            os.close(go)
        said = [lines(s) for s in signers]
        if not self.ready:
            return
        done = [[(int(at), int(took) / 1e6) for at, took in mine if int(at) <= end] for mine in said]
        self.done = [len(mine) for mine in done]
        waits = sorted(took for mine in done for _at, took in mine)
        # until the last that was done, as for the token's own rate: what is cut off halfway counts for neither
        last = max((at for mine in done for at, _took in mine), default=end)
        self.rate = sum(self.done) / ((last - begin) / 1e9)
        self.longest = waits[-1] if waits else 0
        self.median = waits[len(waits) // 2] if waits else 0

    def fairness(self):
        mean = sum(self.done) / len(self.done)
        return min(self.done) / mean if mean else 0


def row(name, count, s, own, verdicts):
    if not s.ready:
        return [name, count] + ["-"] * 7
    seen = ",".join(sorted({sw for _ms, sw in s.stranger})) or "-"
    slowest = max((ms for ms, _sw in s.stranger), default=None)
    return [name, count, "%.2f/s" % s.rate, "%.1f %%" % (100 * s.rate / own), "%.2f" % s.fairness(),
            "%.0f/%.0f ms" % (s.median, s.longest),
            "never in" if slowest is None else "%d ms in %d" % (slowest, len(s.stranger)), seen, verdicts]


def judge(s, own):
    if not s.ready:
        return "OVER: did not get ready"
    wrong = []
    if s.rate < SHARE * own:
        wrong.append("rate")
    if s.fairness() < FAIR:
        wrong.append("fairness")
    if not s.stranger or max(ms for ms, _sw in s.stranger) > STRANGER_MS:
        wrong.append("stranger's wait")
    if any(sw != LOCKED for _ms, sw in s.stranger):
        wrong.append("open card")
    return "OVER: " + ", ".join(wrong) if wrong else "ok"


def main(programs, quick):
    over, rows = 0, []
    with common.Desk(programs, "pcscd", timing="B") as d:
        own = own_rate(d, 8 if quick else 20)
        print("the token's own rate: %.2f signatures a second, in one transaction by PC/SC" % own)
        for count, seconds in QUICK if quick else FULL:
            s = Swarm(d, d.programs.module, count, seconds)
            verdict = judge(s, own)
            over += verdict != "ok"
            rows.append(row("ours", count, s, own, verdict))
        again = own_rate(d, 8 if quick else 20)
        d.stop_service()
        for name, module in common.incumbents():
            if name == "OpenSC":
                for count, seconds in (QUICK if quick else FULL):
                    rows.append(row(name, count, Swarm(d, module, count, seconds), own, ""))
    print("and afterwards: %.2f. Budgets: rate >= %.0f %% of it, the slowest >= %.2f of the mean, a stranger's\n"
          "SCardConnect and transaction within %d ms, and it finds the key closed (%s)." % (
              again, SHARE * 100, FAIR, STRANGER_MS, LOCKED))
    common.table(["module", "programs", "rate", "of own", "slowest/mean", "wait, median/longest",
                  "stranger's longest", "finds", ""], rows)
    return 1 if over else 0
