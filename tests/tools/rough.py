#!/usr/bin/python3
"""Rough ways with a virtual token: what it must bear from orders, files and readers.

usage: rough.py BSRE-VTOKEN [CHECK...]   (each check has its own token in its own folder)"""
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True
from readers import Direct, Gone, Orders  # noqa: E402

SELECT = "00A4040005A000000308"
TRIES = "00200080"
VERIFY = "0020008008313233343536FFFF"
CANARY = "313233343536"
DUMMY = "00A404000AF04253524544554D4D59"
CHILDREN = []


class Token:
    """bsre-vtoken in a folder, a reader at its socket and a line to its control."""

    def __init__(self, folder, *options, state="state"):
        self.folder = folder
        given = ["--state", state] if "--replay" not in options else []
        self.log = open(self.path("log"), "a")
        self.child = subprocess.Popen([VTOKEN, *given, "--listen", "sock", "--control", "ctl", *options],
                                      cwd=folder, stdout=self.log, stderr=self.log)
        CHILDREN.append(self.child)
        while True:
            try:
                self.order = Orders(self.path("ctl"))
                break
            except OSError:
                assert self.child.poll() is None, open(self.path("log")).read()
                time.sleep(0.02)
        self.card = Direct(self.path("sock"))
        self.card.connect()

    def path(self, name):
        return os.path.join(self.folder, name)

    def send(self, command):
        return self.card.transmit(bytes.fromhex(command)).hex().upper()

    def ask(self, order):
        """The whole answer, whatever it is."""
        self.order.link.sendall((order + "\n").encode())
        return self.order.lines.readline().rstrip("\n")

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def end(self):
        self.card.close()
        if self.child.poll() is None:
            self.order("stop")
        assert self.child.wait(20) == 0, self.read("log")
        self.log.close()


def traces_and_transcripts_hold_no_pin(folder):
    t = Token(folder, "--record", "record")
    t.order("trace trace")
    refused = [VERIFY, "0020008006313233343536FFFF", "80" + VERIFY[2:], "04" + VERIFY[2:],
               "00200080000008313233343536FFFF", "00210080" + VERIFY[8:], "00200080" + CANARY]

    def all_of_them():
        for command in refused:
            t.send(command)
    all_of_them()                       # nothing is selected
    t.order("no-extended")
    t.send(SELECT)
    all_of_them()
    t.send(DUMMY)
    all_of_them()
    t.order("model plain")
    t.send(SELECT)
    t.send("00FE119A08" + CANARY + "0000")
    t.send("00FFFFFF09" + "039B06" + CANARY)
    t.order("model yubico")
    t.send(SELECT)
    for order in ("sw-at 1 6F00", "cut-at 1 before link", "corrupt-at 1", "truncate-at 1"):
        t.send(TRIES)
        t.order(order)
        try:
            t.send(VERIFY)
        except Gone:
            assert t.card.wait(False, 10) and t.card.wait(True, 10)
            t.card.connect()
            t.send(SELECT)
    t.order("foreign " + VERIFY)
    t.order("foreign " + DUMMY)
    t.order("foreign " + VERIFY)
    t.send(SELECT)
    t.send("00DB3FFF0E5C81035FC1095306" + CANARY)
    t.send("10DB3FFF035C035F")
    t.send("00DB3FFF0AC1095306" + CANARY)
    t.order("trace off")
    t.end()
    for name in ("trace", "record"):
        text = t.read(name)
        assert text.count("**") > 100
        assert CANARY not in text, name + ":\n" + text


def main(checks):
    known = {name: check for name, check in globals().items() if getattr(check, "__code__", None)
             and check.__code__.co_varnames[:1] == ("folder",)}
    for name in checks or known:
        with tempfile.TemporaryDirectory(prefix="bsre-rough.") as folder:
            try:
                said = known[name](folder)
            finally:
                for child in CHILDREN:
                    child.kill()        # nothing happens to one that has ended
        print(name.replace("_", " ") + (": " + said if said else ""))
        sys.stdout.flush()


if __name__ == "__main__":
    VTOKEN = os.path.realpath(sys.argv[1])
    main(sys.argv[2:])
