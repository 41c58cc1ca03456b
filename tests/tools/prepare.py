"""Tokens ready for use, made once for each build: label, PIN, three keys and their certificates.

They are made with the programs under test, as a person would make them, and with OpenSSL as the CA;
a desk then starts from a copy. What a new build could make differently has another name."""
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile

import desk

CA_SCRIPT = os.path.join(desk.TOP, "tests", "tools", "ca.sh")
TOKEN_SCRIPT = os.path.join(desk.TOP, "tests", "tools", "fill-token.sh")
# name, slot, algorithm, id: the name is the certificate's file in the CA's folder and, with -user,
# the label
KEYS = (("rsa", "9a", "rsa2048", "01"), ("sign", "9c", "rsa2048", "02"), ("ec", "9d", "p256", "03"))
KEEP = 4                # prepared sets that stay beside the newest


def label(number):
    return "Test Token" if number == 1 else "Test Token %d" % number


class Kit:
    """A folder: ca/ with the test CA and all certificates, tokenN/ with a token's state."""

    def __init__(self, folder):
        self.folder = folder

    def environment(self):
        env = {"P11_TOKEN": label(1), "TEST_CA_DIR": os.path.join(self.folder, "ca")}
        for name, _slot, _algorithm, key_id in KEYS:
            env["P11_%s_LABEL" % name.upper()] = name + "-user"
            env["P11_%s_ID" % name.upper()] = key_id
        return env

    def copy_state(self, number, path):
        source = os.path.join(self.folder, "token%d" % number, "state")
        for ending in ("", ".key"):
            if os.path.exists(source + ending):
                shutil.copy(source + ending, path + ending)


def name_of(programs):
    digest = hashlib.sha256()
    here = os.path.dirname(os.path.abspath(__file__))
    for path in programs.all() + tuple(os.path.join(here, n) for n in sorted(os.listdir(here))):
        if os.path.isfile(path):
            with open(path, "rb") as f:
                digest.update(f.read())
    return digest.hexdigest()[:16]


def run(argv, env, log):
    with open(log, "a") as out:
        status = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                check=False).returncode
    if status:
        with open(log, errors="replace") as f:
            raise desk.Failure("%s failed while tokens were prepared\n%s" % (argv[:3], f.read()[-4000:]))


def make_token(programs, folder, number, ca, wanted=KEYS):
    """One token: a blank one on a desk of its own, filled by the utility."""
    place = tempfile.mkdtemp(prefix="bsre-desk.")
    d = desk.Desk(place, programs, {"way": "direct", "tokens": 1, "timing": "none"}, None)
    try:
        d.start()
        env = dict(d.service_environment(), DESK_DIR=place, TEST_CA_DIR=ca, LC_ALL="C.UTF-8",
                   PATH=d.path("bin") + ":" + os.environ["PATH"])
        keys = [":".join(key) for key in wanted]
        run(["sh", TOKEN_SCRIPT, label(number), "" if number == 1 else str(number)] + keys, env,
            d.path("fill.log"))
    finally:
        d.stop()
        said = desk.sanitizers_say(place)
        os.makedirs(os.path.join(folder, "token%d" % number), exist_ok=True)
        for ending in ("", ".key"):
            if os.path.exists(d.path("vtoken1.state" + ending)):
                shutil.move(d.path("vtoken1.state" + ending),
                            os.path.join(folder, "token%d" % number, "state" + ending))
        shutil.rmtree(place, ignore_errors=True)
    if said:
        raise desk.Failure("a sanitizer spoke while tokens were prepared")


def kit(programs, count):
    """Enough prepared tokens for this build, made now if there are none yet. One process makes them,
    others wait for it; a token counts when its mark is written, after everything else."""
    folder = os.path.join(programs.build, "desk-tokens")
    os.makedirs(folder, exist_ok=True)
    name = name_of(programs)
    mine = os.path.join(folder, name)
    wanted = [n for n in range(1, count + 1) if not os.path.exists(os.path.join(mine, "done%d" % n))]
    if not wanted:
        return Kit(mine)
    with open(os.path.join(folder, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        forget_old(folder, name)
        os.makedirs(mine, exist_ok=True)
        ca = os.path.join(mine, "ca")
        for number in wanted:
            mark = os.path.join(mine, "done%d" % number)
            if os.path.exists(mark):
                continue
            if not os.path.exists(os.path.join(ca, "ready")):
                shutil.rmtree(ca, ignore_errors=True)
                run(["sh", CA_SCRIPT, ca], dict(os.environ), os.path.join(mine, "ca.log"))
            make_token(programs, mine, number, ca)
            with open(mark, "w"):
                pass
    return Kit(mine)


def forget_old(folder, but):
    old = sorted((e for e in os.scandir(folder) if e.is_dir() and e.name != but),
                 key=lambda e: e.stat().st_mtime)
    for entry in old[:-KEEP]:
        shutil.rmtree(entry.path, ignore_errors=True)
