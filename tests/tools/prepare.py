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

KEEP = 4                # prepared sets that stay beside the newest, of each player


def tool(name):
    return os.path.join(desk.TOP, "tests", "tools", name)


def label(number):
    return "Test Token" if number == 1 else "Test Token %d" % number


class Kit:
    """A folder: ca/ with the test CA and all certificates, tokenN/ with what a token's player kept."""

    def __init__(self, folder):
        self.folder, self.ca = folder, os.path.join(folder, "ca")

    def copy(self, what, number, to):
        """A file, or what is in a folder, if this token has it."""
        source = os.path.join(self.folder, "token%d" % number, what)
        if os.path.isdir(source):
            shutil.copytree(source, to, dirs_exist_ok=True)
        elif os.path.exists(source):
            shutil.copy(source, to)


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


class Place:
    """A desk for a while: `with Place(...) as d`. It is gone at the end, whatever happened."""

    def __init__(self, programs, options):
        self.desk = desk.Desk(tempfile.mkdtemp(prefix="bsre-desk."), programs, options, None)

    def __enter__(self):
        return self.desk

    def __exit__(self, kind, *_):
        self.desk.stop()
        said = desk.sanitizers_say(self.desk.folder)
        shutil.rmtree(self.desk.folder, ignore_errors=True)
        if said and kind is None:
            raise desk.Failure("a sanitizer spoke while tokens were prepared")


def kit(programs, count, player):
    """Enough prepared tokens for this build of what the player plays, made now if there are none yet. One process makes them,
    others wait for it; a token counts when its mark is written, after everything else."""
    folder = os.path.join(programs.build, "desk-tokens", player.name)
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
                run(["sh", tool("ca.sh"), ca], dict(os.environ), os.path.join(mine, "ca.log"))
            place = os.path.join(mine, "token%d" % number)
            shutil.rmtree(place, ignore_errors=True)
            os.makedirs(place)
            player.make(programs, place, number, ca)
            with open(mark, "w"):
                pass
    return Kit(mine)


def forget_old(folder, but):
    old = sorted((e for e in os.scandir(folder) if e.is_dir() and e.name != but),
                 key=lambda e: e.stat().st_mtime)
    for entry in old[:-KEEP]:
        shutil.rmtree(entry.path, ignore_errors=True)
