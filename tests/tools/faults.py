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
        assert self.card.wait(True, 10), "no card"
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
        assert self.card.wait(True, 10), "it did not come back"
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
        assert self.card.wait(False, 10), "removal was not seen"
        why = self.fails(TRIES)
        self.order("plug")
        self.back()
        assert self.send(TRIES) == "63C3", "the login outlived the power"
        return why

    def cut_before(self):
        self.order("cut-at 1 before")
        why = self.fails(WRONG)
        assert self.card.wait(False, 10)
        self.order("plug")
        self.back()
        assert self.send(TRIES) == "63C3", "it was carried out"
        return why

    def cut_after(self):
        self.order("cut-at 2 after power")
        assert self.send(TRIES) == "63C3"
        why = self.fails(WRONG)
        assert self.card.wait(False, 10)
        self.order("plug")
        self.back()
        assert self.send(TRIES) == "63C2", "it was not carried out"
        return why

    def cut_link(self):
        self.order("cut-at 1 before link")
        why = self.fails(VERIFY)
        assert self.card.wait(False, 10)
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
        assert 0.7 <= took < 10, took
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

    def reset_by_another_program(self):
        if not isinstance(self.card, Pcsc):
            return "only PC/SC tells"
        other = Pcsc()
        other.connect()
        other.close()                   # SCardDisconnect with SCARD_RESET_CARD
        why = self.fails(TRIES)
        assert "reset" in why, why
        self.card.connect()
        assert self.send(TRIES) == "6D00", "nothing was selected"
        return why

    def swap(self):
        mine = self.send(SERIAL)
        state = os.path.join(os.environ["DESK_DIR"], "vtoken1.state")
        self.order("swap " + os.path.join(os.environ["DESK_DIR"], "other.state"))
        assert self.card.wait(False, 10)
        self.back()
        other = self.send(SERIAL)
        assert other != mine
        self.order("swap " + state)
        assert self.card.wait(False, 10)
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


    def timing(self):
        def least(command, times=3):
            took = []
            for _ in range(times):
                began = time.monotonic()
                self.send(command)
                took.append((time.monotonic() - began) * 1000)
            return min(took)

        self.order("timing B")
        asked, verified = least(TRIES), least(VERIFY)
        self.order("timing none")
        fast = least(TRIES)
        assert 4 <= asked < 20 and 24.6 <= verified < 60, (asked, verified)
        assert fast < asked, fast
        return "%.1f and %.1f ms" % (asked, verified)


class OwnSocket(Bench):
    """What only the token's own socket has: several readers at once, and whatever bytes they send."""

    def readers(self, count):
        made = [Direct(os.environ["VTOKEN_DIRECT"]) for _ in range(count)]
        for one in made:
            one.connect()
        return made

    def two_share_a_card(self):
        self.card.close()
        a, b = self.readers(2)
        a.transmit(SELECT)
        assert a.transmit(VERIFY) == b"\x90\0"
        assert b.transmit(TRIES) == b"\x90\0"
        b.transmit(bytes.fromhex(DUMMY))
        assert a.transmit(TRIES).hex() == "6d00"
        a.transmit(SELECT)
        a.transmit(VERIFY)
        a.close()                       # b still gives power
        assert b.transmit(TRIES) == b"\x63\xc3" or b.transmit(TRIES) == b"\x90\0"
        b.close()                       # nobody does
        a.connect()
        assert a.transmit(TRIES).hex() == "6d00"
        a.close()

    def many_take_turns(self):
        many = self.readers(16)
        many[0].transmit(SELECT)
        said = []

        def ask(one):
            for _ in range(50):
                said.append(one.transmit(SERIAL)[-2:])

        threads = [threading.Thread(target=ask, args=(one,)) for one in many]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert said == [b"\x90\0"] * 800
        for one in many:
            one.close()

    def events_come_while_it_hangs(self):
        self.order("stall-at 1")
        hung = threading.Thread(target=lambda: self.fails(SERIAL))
        hung.start()
        time.sleep(0.2)
        late = Direct(os.environ["VTOKEN_DIRECT"])
        assert late.wait(True, 2), "a watcher was not answered"
        self.order("unplug")
        assert late.wait(False, 2)
        hung.join()
        self.order("plug")
        assert late.wait(True, 2)

    def no_power_no_card(self):
        self.card._send(self.card.link, b"\0")
        self.fails(TRIES)

    def any_bytes(self):
        one = self.readers(1)[0]
        one.link.sendall(b"\0\0" * 3)          # nothing at all, three times
        assert one.transmit(b"\0" * 65535).hex() == "6700"
        one.link.sendall(b"\0\4\0\x20\0\x80" * 100)
        for _ in range(100):
            assert len(one._frame(one.link)) == 2
        one.link.sendall(b"\0\1\x77")         # a control that there is not
        assert one.link.recv(10) == b""


def main(way):
    order = Orders(os.environ["BSRE_VTOKEN_CONTROL"])
    bench = Bench(Pcsc(), order) if way == "pcscd" else OwnSocket(Direct(os.environ["VTOKEN_DIRECT"]), order)
    names = list(vars(Bench)) + (list(vars(OwnSocket)) if way == "direct" else [])
    for name in [n for n in names if n not in ("fresh", "send", "fails", "back", "readers") and n[0] != "_"]:
        bench.fresh()
        said = getattr(bench, name)()
        print("%s: %s%s" % (way, name.replace("_", " "), ": " + said if said else ""))
        sys.stdout.flush()
    bench.card.close()


if __name__ == "__main__":
    main(sys.argv[1])
