#!/usr/bin/python3
"""Each fault order of the virtual token, seen from a reader's side: pcscd, or the token's own socket.

usage: faults.py pcscd|direct   (on a card-desk; a second state file is $DESK_DIR/other.state)"""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True
from readers import Direct, Gone, Orders, Pcsc  # noqa: E402

SELECT = bytes.fromhex("00A4040005A000000308")
DUMMY = "00A404000AF04253524544554D4D59"
TRIES = bytes.fromhex("00200080")
VERIFY = bytes.fromhex("0020008008313233343536FFFF")
WRONG = bytes.fromhex("0020008008393939393939FFFF")
SERIAL = bytes.fromhex("00F8000004")
VERSION = bytes.fromhex("00FD000003")
EXTENDED = bytes.fromhex("00CB3FFF0000035C017E0000")


class Bench:
    def __init__(self, card, order):
        self.card, self.order = card, order

    def fresh(self):
        """Connected, PIV selected, all tries there."""
        self.order("faults clear")
        assert self.card.wait(True, 5), "no card"
        for _ in range(50):         # a reader may need a moment to power the card
            try:
                self.card.connect()
                assert self.card.transmit(SELECT)[-2:] == b"\x90\0"
                break
            except Gone:
                time.sleep(0.1)
        assert self.send(VERIFY) == "9000"
        assert self.send(bytes.fromhex("0020FF80")) == "9000"

    def send(self, command):
        return self.card.transmit(command).hex().upper()

    def fails(self, command):
        try:
            reply = self.send(command)
        except Gone as e:
            return str(e)
        raise AssertionError("it was answered: %s" % reply)

    def back(self):
        assert self.card.wait(True, 5), "it did not come back"
        for _ in range(50):
            try:
                self.card.connect()
                return self.send(SELECT)
            except Gone:
                time.sleep(0.1)
        raise AssertionError("it came back dead")

    # --- one function a fault; the name is what is shown -----------------------------------------

    def unplug_and_plug(self):
        assert self.send(VERIFY) == "9000"
        self.order("unplug")
        assert self.card.wait(False, 3), "removal was not seen"
        why = self.fails(TRIES)
        self.order("plug")
        self.back()
        assert self.send(TRIES) == "63C3", "the login outlived the power"
        return why

    def cut_before(self):
        self.order("cut-at 1 before")
        why = self.fails(WRONG)
        assert self.card.wait(False, 3)
        self.order("plug")
        self.back()
        assert self.send(TRIES) == "63C3", "it was carried out"
        return why

    def cut_after(self):
        self.order("cut-at 2 after power")
        assert self.send(TRIES) == "63C3"
        why = self.fails(WRONG)
        assert self.card.wait(False, 3)
        self.order("plug")
        self.back()
        assert self.send(TRIES) == "63C2", "it was not carried out"
        return why

    def cut_link(self):
        self.order("cut-at 1 before link")
        why = self.fails(VERIFY)
        assert self.card.wait(False, 3)
        self.back()                 # of its own
        assert self.send(TRIES) == "63C3"
        return why

    def corrupt(self):
        good = self.send(SERIAL)
        self.order("corrupt-at 1")
        bad = self.send(SERIAL)
        differ = sum(a != b for a, b in zip(bytes.fromhex(good), bytes.fromhex(bad)))
        assert len(good) == len(bad) and differ == 1, (good, bad)
        assert self.send(SERIAL) == good
        return "%s for %s" % (bad, good)

    def truncate(self):
        good = self.send(SERIAL)
        self.order("truncate-at 1")
        bad = self.send(SERIAL)
        assert good.startswith(bad) and len(bad) == 6
        return "%s for %s" % (bad, good)

    def stall_for_a_while(self):
        self.order("stall-at 1 700")
        began = time.monotonic()
        self.send(SERIAL)
        took = time.monotonic() - began
        assert 0.7 <= took < 1.5, took
        return "%.1f s" % took

    def stall_until_pulled(self):
        self.order("stall-at 1")
        said = []

        def wait():
            said.append(self.fails(SERIAL))

        waiter = threading.Thread(target=wait, daemon=True)
        waiter.start()
        time.sleep(1)
        assert waiter.is_alive(), said
        self.order("unplug")
        waiter.join(10)
        assert not waiter.is_alive(), "still waiting"
        self.order("plug")
        self.back()
        return said[0]

    def status_word(self):
        self.order("sw-at 1 6F00")
        assert self.send(WRONG) == "6F00"
        assert self.send(TRIES) == "63C3", "it was carried out"

    def reset(self):
        assert self.send(VERIFY) == "9000"
        self.order("reset")
        assert self.send(TRIES) == "6D00", "nothing was selected"
        self.send(SELECT)
        assert self.send(TRIES) == "63C3"

    def swap(self):
        mine = self.send(SERIAL)
        state = os.path.join(os.environ["DESK_DIR"], "vtoken1.state")
        self.order("swap " + os.path.join(os.environ["DESK_DIR"], "other.state"))
        assert self.card.wait(False, 3)
        self.back()
        other = self.send(SERIAL)
        assert other != mine
        self.order("swap " + state)
        assert self.card.wait(False, 3)
        self.back()
        assert self.send(SERIAL) == mine
        return "serial %s, then %s" % (mine, other)

    def foreign(self):
        assert self.send(VERIFY) == "9000"
        assert self.order("foreign " + DUMMY) == "9000"
        assert self.send(TRIES) == "6D00", "the other application was not selected"
        self.send(SELECT)
        assert self.order("foreign 00 20 00 80 08 39 39 39 39 39 39 FF FF") == "63C2"
        assert self.send(TRIES) == "63C2"

    def no_extended(self):
        assert self.send(EXTENDED).endswith("9000")
        self.order("no-extended")
        assert self.send(EXTENDED) == "6700"
        self.order("no-extended off")
        assert self.send(EXTENDED).endswith("9000")

    def count_and_trace(self):
        path = os.path.join(os.environ["DESK_DIR"], "trace")
        self.order("trace " + path)
        self.order("count reset")
        self.send(VERIFY)
        self.send(VERSION)
        assert self.order("count") == "2"
        self.order("trace off")
        with open(path) as f:
            lines = [line.split(" ", 1)[1].strip() for line in f]
        os.unlink(path)
        assert lines == ["> 0020008008" + "**" * 8 + " < 9000", "> 00FD000003 < 0507019000"], lines


def main(way):
    order = Orders(os.environ["BSRE_VTOKEN_CONTROL"])
    bench = Bench(Pcsc() if way == "pcscd" else Direct(os.environ["VTOKEN_DIRECT"]), order)
    if way == "pcscd":
        assert bench.card.wait(True, 5)
    for name in [n for n in vars(Bench) if n not in ("fresh", "send", "fails", "back") and not n.startswith("_")]:
        bench.fresh()
        said = getattr(bench, name)()
        print("%s: %s%s" % (way, name.replace("_", " "), ": " + said if said else ""))
        sys.stdout.flush()
    bench.card.close()


if __name__ == "__main__":
    main(sys.argv[1])
