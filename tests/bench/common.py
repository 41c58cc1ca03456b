"""What the benches share: the desk, the virtual token's orders, programs that act when told, tables."""
import fcntl
import glob
import os
import select
import shutil
import socket
import subprocess
import tempfile

import desk
import kinds
import prepare

# four certificates, as the budgets count them; RSA-2048, so that each takes four short commands
KEYS = tuple((name, slot, "rsa2048", "%02d" % (i + 1)) for i, (name, slot) in
             enumerate((("auth", "9a"), ("sign", "9c"), ("keyman", "9d"), ("card", "9e"))))
READER = "Yubico YubiKey CCID"      # ykcs11 looks at no other
# the virtual token's usual ATR with the bit for extended lengths off, and a card that means it
SHORT = ["--no-extended", "--atr", "3BFD1300008131FE158073C0218057597562694B657900"]
ANSWER_SECONDS = 120


class Missing(Exception):
    """Something that the bench needs is not on this machine."""


class Programs(desk.Programs):
    def __init__(self, build):
        super().__init__(build)
        self.client = os.path.join(self.build, "tests", "stories", "p11client")

    def bench(self, name):
        return os.path.join(self.build, "tests", "bench", name)


def incumbents():
    """The PKCS#11 modules of others that are installed: name, path."""
    found = []
    for name, pattern in (("OpenSC", "opensc-pkcs11.so"), ("ykcs11", "libykcs11.so.2")):
        paths = glob.glob("/usr/lib/*/" + pattern) + glob.glob("/usr/lib/" + pattern)
        if paths:
            found.append((name, paths[0]))
    return found


# --- the desk ----------------------------------------------------------------------------------

def kit(programs):
    """A prepared token with four certificates, made once for each build; prepare.Kit."""
    piv = kinds.KINDS["piv"].player
    made = prepare.kit(programs, 1, piv)
    folder = os.path.join(made.folder, "bench")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(folder, "done")):
            shutil.rmtree(os.path.join(folder, "ca"), ignore_errors=True)
            shutil.copytree(os.path.join(made.folder, "ca"), os.path.join(folder, "ca"))
            place = os.path.join(folder, "token1")
            shutil.rmtree(place, ignore_errors=True)
            os.makedirs(place)
            piv.make(programs, place, 1, os.path.join(folder, "ca"), KEYS)
            with open(os.path.join(folder, "done"), "w"):
                pass
    return prepare.Kit(folder)


class Desk(desk.Desk):
    """with-token's desk for one bench: `with Desk(...) as d`. conf: lines for bsre-tokend.conf."""

    def __init__(self, programs, way, timing="none", vtoken=(), conf=()):
        if way == "pcscd" and not os.path.exists(desk.VPCD):
            raise Missing("no vsmartcard-vpcd; scripts/deps installs it")
        options = {"way": way, "timing": timing, "tokens": 1, "reader": READER, "vtoken": list(vtoken),
                   "kind": kinds.KINDS["piv"], "conf": list(conf)}
        super().__init__(tempfile.mkdtemp(prefix="bsre-bench."), programs, options, kit(programs))

    def __enter__(self):
        desk.adopt_orphans()
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        desk.end_orphans()
        said = desk.sanitizers_say(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        if said:
            raise desk.Failure("a sanitizer spoke")

    def start_service(self):
        """What its start costs the card: the identification of the token."""
        self.token = Token(self.path("vtoken1.control"))
        self.token.count("reset")
        super().start_service()
        with Program(self, self.programs.module) as p:      # waits until the first scan is over
            p.on("init")
            p.on("slots")
            self.identified = self.token.count()

    def stop_service(self):
        """What is left is pcscd and the token."""
        name, child = self.running.pop()
        child.terminate()
        child.wait(10)
        if name != "tokend":
            raise desk.Failure("%s was started last" % name)

    def service_pids(self):
        """The broker's process and its children's."""
        broker = self.running[-1][1].pid
        with open("/proc/%d/task/%d/children" % (broker, broker)) as f:
            return [broker] + [int(word) for word in f.read().split()]


class Token:
    """The virtual token's control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(ANSWER_SECONDS)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r")

    def order(self, *words):
        self.socket.sendall((" ".join(words) + "\n").encode())
        answer = self.lines.readline().split()
        if answer[:1] != ["ok"]:
            raise desk.Failure("the virtual token refuses %s: %s" % (words, answer))
        return answer[1:]

    def count(self, *reset):
        return int(self.order("count", *reset)[0])


class Program:
    """A process with a PKCS#11 module that does one thing a line: tests/stories/p11client."""

    def __init__(self, d, module):
        with open(d.path("programs.log"), "a") as log:
            self.child = subprocess.Popen([d.programs.client, module], env=d.environment(), text=True,
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                          preexec_fn=desk.die_with_parent)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:       # OpenSC, now and then, at the end of a process
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()

    def ask(self, line):
        """The result's name and what was said beside it; None where the program ended or hangs."""
        try:
            self.child.stdin.write(line + "\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            return None, []
        if not select.select([self.child.stdout], [], [], ANSWER_SECONDS)[0]:
            self.child.kill()
            return None, []
        words = self.child.stdout.readline().split()
        return (words[0], words[1:]) if words else (None, [])

    def on(self, line):
        rv, beside = self.ask(line)
        if rv != "CKR_OK":
            raise desk.Failure("%s: %s" % (line, rv))
        return beside


# --- what is printed ---------------------------------------------------------------------------

def table(head, rows):
    """Columns as wide as they must be; the first to the left, numbers to the right."""
    rows = [[str(c) for c in row] for row in [head] + rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        print("  ".join([row[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(row[1:], widths[1:])]).rstrip())
    print(flush=True)
