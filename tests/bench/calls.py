"""scripts/bench calls: what needs no card, beside the least that it could take on this machine; what the
service weighs, and that it rests."""
import os
import re
import statistics
import subprocess
import time

import common
import desk

HASHED = 50 << 20
TWICE, THRICE = 2.0, 3.0
START_MS, WEIGHT_KB = 1.0, 10 * 1024
REST, REST_QUICK = 60, 10


class Verdict:
    """Rows of a table, and how many of them are over their budgets."""

    def __init__(self):
        self.over = 0

    def judge(self, good):
        self.over += not good
        return "ok" if good else "OVER"


def client(d, *words):
    """What tests/bench/calls prints: name -> microseconds."""
    out = subprocess.run([d.programs.bench("calls"), d.programs.module, desk.PIN] + list(words), text=True,
                         env=d.environment(), stdout=subprocess.PIPE, check=False, timeout=300)
    if out.returncode:
        raise desk.Failure("tests/bench/calls failed")
    return {name: int(ns) / 1000 for name, ns in (line.split() for line in out.stdout.splitlines())}


def local_calls(d, v):
    print("calls that need no card (median of 41 batches of 500, by turns)")
    us = client(d)
    bare = us.pop("bare")
    starts = [us.pop(name) for name in ("C_Initialize", "C_Initialize-first", "C_Initialize-slowest",
                                       "C_Initialize-and-C_GetSlotList")]
    rows = [["a bare round trip, 64 bytes", "%.1f us" % bare, "1.00", "", ""]]
    for name, each in us.items():
        ratio = each / bare
        rows.append([name.replace("-", ", "), "%.1f us" % each, "%.2f" % ratio, "%.1f" % TWICE,
                     v.judge(ratio <= TWICE)])
    common.table(["call", "time", "x bare", "budget", ""], rows)
    print("C_Initialize")
    common.table(["", "time", "budget", ""], [
        [what, "%.3f ms" % (each / 1000), "%.0f ms" % START_MS, v.judge(each / 1000 < START_MS)]
        for what, each in zip(("median of 51", "the first of a process", "the slowest",
                               "with C_GetSlotList, which connects"), starts)])


def hashing(d, v):
    print("a signature over 50 MB by C_SignUpdate, beside openssl dgst -sha256 (medians)")
    path = d.path("data")
    with open(path, "wb") as f:
        block = os.urandom(1 << 20)
        for _ in range(HASHED >> 20):
            f.write(block)
    taken = []
    for turn in range(7):
        begin = time.monotonic()
        subprocess.run(["openssl", "dgst", "-sha256", path], stdout=subprocess.DEVNULL, check=True)
        taken.append(time.monotonic() - begin)
        if turn == 3:
            us = client(d, path)
    base = statistics.median(taken) * 1e6
    rows = [["openssl dgst", "%.0f ms" % (base / 1000), "1.00", "", ""]]
    for name, what in (("C_SignUpdate-whole", "one C_SignUpdate"), ("C_SignUpdate-parts", "parts of 64 KiB")):
        ratio = us[name] / base
        rows.append([what, "%.0f ms" % (us[name] / 1000), "%.2f" % ratio, "%.1f" % THRICE,
                     v.judge(ratio <= THRICE)])
    common.table(["", "time", "x dgst", "budget", ""], rows)


def role(pid):
    with open("/proc/%d/cmdline" % pid) as f:
        words = f.read().split("\0")
    return words[1] if len(words) > 1 and words[1] in ("monitor", "worker", "prompt") else "broker"


def weight(d, v):
    """Proportional set size. The service is not dumpable, so only root may look."""
    print("memory of the service (Pss)")
    rows, whole = [], 0
    for pid in d.service_pids():
        try:
            with open("/proc/%d/smaps_rollup" % pid) as f:
                kb = int(re.search(r"^Pss: +(\d+) kB", f.read(), re.M).group(1))
        except PermissionError:
            print("only root may see it, since the service is not dumpable: run this bench as root\n")
            return
        rows.append([role(pid), "%d kB" % kb, "", ""])
        whole += kb
    rows.append(["together", "%d kB" % whole, "%d kB" % WEIGHT_KB, v.judge(whole < WEIGHT_KB)])
    common.table(["process", "Pss", "budget", ""], rows)


def switches(pid):
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, task)) as f:
            total += sum(int(n) for n in re.findall(r"ctxt_switches:\s+(\d+)", f.read()))
    return total


def rest(d, v, seconds):
    print("context switches in %d s of idleness: two programs are connected, one is logged in" % seconds)
    pids = d.service_pids()
    with common.Program(d, d.programs.module) as a, common.Program(d, d.programs.module) as b:
        for p in (a, b):
            p.on("init")
            p.on("open")
            p.on("certificates")
        a.on("login " + desk.PIN)
        a.on("sign rsa-raw id:01")
        time.sleep(2)           # the card is closed half a second after its last use
        before = [switches(pid) for pid in pids]
        time.sleep(seconds)
        after = [switches(pid) for pid in pids]
    rows = [[role(pid), y - x, 0, v.judge(x == y)] for pid, x, y in zip(pids, before, after)]
    common.table(["process", "switches", "budget", ""], rows)


def main(programs, quick):
    v = Verdict()
    with common.Desk(programs, "pcscd") as d:
        local_calls(d, v)
        hashing(d, v)
        weight(d, v)
        rest(d, v, REST_QUICK if quick else REST)
    return 1 if v.over else 0
