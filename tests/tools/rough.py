#!/usr/bin/python3
"""Rough ways with a virtual token: what it must bear from orders, files and readers, and big keys.

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
KEY = "010203040506070801020304050607080102030405060708"
GENERATE = "0047009A05AC0380010700"        # RSA, which takes at least 20 seconds with timing D
METADATA = "00F7009A00"
EXTENDED = "00CB3FFF0000035C017E0000"
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

    def begin(self, command):
        """Sent, and not waited for; returns when the card is at work."""
        self.card._send(self.card.link, bytes.fromhex(command))
        while " busy " not in self.order("status"):
            time.sleep(0.01)

    def prove_management_key(self):
        challenge = self.send("0087039B047C02810000")[8:-4]
        answer = subprocess.run(["openssl", "enc", "-des-ede3", "-nopad", "-K", KEY], check=True,
                                input=bytes.fromhex(challenge), stdout=subprocess.PIPE).stdout.hex()
        assert self.send("0087039B0C7C0A8208" + answer) == "9000"

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


def a_client_that_does_not_read_stops_nobody(folder):
    t = Token(folder)
    deaf = Orders(t.path("ctl"))
    deaf.link.settimeout(5)
    try:
        for _ in range(20000):
            deaf.link.sendall(b"help\n" * 20)
        raise AssertionError("it was listened to for ever")
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert t.order("serial")
    t.end()


def idle_clients_lock_nobody_out(folder):
    t = Token(folder)
    idle = [Orders(t.path("ctl")) for _ in range(40)]
    assert Orders(t.path("ctl"))("serial") == idle[-1]("serial")
    again = Orders(t.path("ctl"))
    again("stop")
    t.card.close()
    assert t.child.wait(20) == 0


def pipes_are_no_files(folder):
    t = Token(folder)
    for name in ("pipe", "a.key", "here.new"):
        os.mkfifo(t.path(name))
    assert "regular" in t.ask("swap pipe")
    assert t.ask("trace pipe").startswith("error")
    with open(t.path("state"), "rb") as good, open(t.path("a"), "wb") as copy:
        copy.write(good.read())
    assert t.ask("swap a").startswith("error")
    reader = os.open(t.path("pipe"), os.O_RDONLY | os.O_NONBLOCK)
    assert t.ask("trace pipe").startswith("error")
    os.close(reader)
    t.order("serial")
    t.end()
    for options in (["--state", "pipe"], ["--state", "a"], ["--state", "here"]):
        status = subprocess.run([VTOKEN, *options, "--listen", "sock"], cwd=folder, stderr=subprocess.DEVNULL,
                                timeout=20, check=False).returncode
        assert status == 1, (options, status)


def a_refused_file_gets_no_key(folder):
    t = Token(folder)
    for name, text in (("foreign", b"root:x:0:0\n"), ("empty", b"")):
        with open(t.path(name), "wb") as f:
            f.write(text)
        assert t.ask("swap " + name).startswith("error")
    with open(t.path("state"), "rb") as good, open(t.path("keyless"), "wb") as copy:
        copy.write(good.read())
    assert "not there" in t.ask("swap keyless")
    t.end()
    assert [n for n in os.listdir(folder) if n.endswith(".key")] == ["state.key"], os.listdir(folder)


def orders_are_read_to_the_letter(folder):
    t = Token(folder)
    for order in ("timing B abc", "timing B -1", "timing B 1 2", "sw-at 1 0x12", "sw-at 1 +123", "stall-at 1 +5",
                  "trace", "swap", "trace  ", "foreign 00F800" + "00 " * 600, "foreign " + "00 " * 511 + "0"):
        answer = t.ask(order)
        assert answer.startswith("error"), (order[:40], answer)
    assert "more than" in t.ask("foreign " + "00 " * 512)
    t.order("sw-at 1 6F00")
    assert "another fault" in t.ask("stall-at 1")
    t.order("faults clear")
    t.order("  trace   a file with  blanks \r")
    t.order("trace off")
    assert os.path.exists(t.path("a file with  blanks"))
    os.rename(t.path("state"), t.path("my state"))
    t.end()
    os.rename(t.path("state.key"), t.path("my state.key"))
    t = Token(folder)
    mine = t.order("serial")
    other = t.order("swap my state")
    assert other != mine
    t.end()


def a_transcript_has_no_card_behind_it(folder):
    with open(os.path.join(folder, "text"), "w") as f:
        f.write("> %s\n< 9000\n" % SELECT)
    t = Token(folder, "--replay", "text")
    for order in ("foreign " + SELECT, "foreign 00F7009B", "swap text", "swap state"):
        assert "transcript" in t.ask(order), t.ask(order)
    assert t.send(SELECT) == "9000"
    t.end()


def unplugged_stays_unplugged(folder):
    t = Token(folder)
    t.send(SELECT)
    t.order("cut-at 1 before link")
    try:
        t.send(TRIES)
    except Gone:
        pass
    t.order("unplug")
    time.sleep(1.5)                     # it would have come back after 0.6 s
    assert t.order("status").startswith("unplugged")
    t.order("plug")
    with open(t.path("state"), "rb") as good:
        t.order("serial")
        os.mkdir(t.path("other"))
        with open(t.path("other/state"), "wb") as copy:
            copy.write(good.read())
    with open(t.path("state.key"), "rb") as good, open(t.path("other/state.key"), "wb") as copy:
        copy.write(good.read())
    t.order("swap other/state")
    t.order("unplug")
    time.sleep(1.5)
    assert t.order("status").startswith("unplugged")
    t.end()


def a_key_that_is_not_finished_is_none(folder):
    t = Token(folder)
    for order in ("", "cut-at 1 after"):
        t.send(SELECT)
        t.prove_management_key()
        t.order("timing D")
        if order:
            t.order(order)
        t.begin(GENERATE)
        assert t.order("status").startswith("plugged powered busy")     # also where it will be cut
        t.order("unplug")
        assert t.card.wait(False, 10)
        t.order("timing none")
        t.order("plug")
        assert t.card.wait(True, 10)
        t.card.connect()
        t.send(SELECT)
        assert t.send(METADATA) == "6A88", "hardware has no key then"
    t.prove_management_key()
    assert t.send(GENERATE)[-4:] in ("9000", "610E")
    t.order("unplug")
    t.order("plug")
    t.card.connect()
    t.send(SELECT)
    assert t.send(METADATA) != "6A88"
    t.end()


def power_and_reset_end_a_stall(folder):
    t = Token(folder)
    t.send(SELECT)
    t.order("stall-at 1")
    t.begin(TRIES)
    t.card._send(t.card.link, b"\0")            # power off
    assert t.card._frame(t.card.link) == b"", "it was answered"
    t.card._send(t.card.link, b"\1")
    assert t.send(TRIES) == "6D00"
    t.send(SELECT)
    t.order("stall-at 1")
    t.begin(TRIES)
    t.card.connect()                            # another connection, the old one closed
    assert t.send(TRIES) == "6D00"
    t.send(SELECT)
    other = Direct(t.path("sock"))
    other.connect()
    other.transmit(bytes.fromhex(TRIES))
    t.order("stall-at 1")
    t.begin(TRIES)
    other._send(other.link, b"\2")              # a reset by somebody else
    assert t.card._frame(t.card.link) == b"", "it was answered"
    assert other.transmit(bytes.fromhex(TRIES)).hex() == "6d00"
    other.close()
    t.end()


def another_answer_to_reset_comes_with_power(folder):
    t = Token(folder)
    t.send(SELECT)
    t.order("atr t0")
    assert t.send(EXTENDED).endswith("9000"), "a card with power has become another"
    t.card.connect()
    t.send(SELECT)
    assert t.send(EXTENDED) == "6700"
    t.end()


def big_rsa_keys_sign_and_openssl_agrees(folder):
    t = Token(folder, "--big-rsa")
    t.send(SELECT)
    with open(t.path("text"), "w") as f:
        f.write("signed by a big key")
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary", t.path("text")], check=True,
                            stdout=subprocess.PIPE).stdout
    info = bytes.fromhex("3031300D060960864801650304020105000420") + digest
    for algorithm, size in ((0x05, 384), (0x16, 512)):
        t.prove_management_key()
        assert t.send("0047009A000005AC038001%02X0000" % algorithm)[-4:] == "9000"
        with open(t.path("key.der"), "wb") as f:        # the public key as the token attests it
            f.write(bytes.fromhex(t.send("00F99A00000000"))[:-2])
        subprocess.run(["openssl", "x509", "-inform", "DER", "-in", t.path("key.der"), "-pubkey", "-noout",
                        "-out", t.path("key.pem")], check=True)
        block = b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info
        body = b"\x82\0\x81\x82" + size.to_bytes(2, "big") + block
        body = b"\x7c\x82" + len(body).to_bytes(2, "big") + body
        assert t.send(VERIFY) == "9000"
        reply = t.send("0087%02X9A00%04X%s0000" % (algorithm, len(body), body.hex()))
        assert reply[-4:] == "9000", reply
        with open(t.path("signature"), "wb") as f:
            f.write(bytes.fromhex(reply)[8:-2])
        subprocess.run(["openssl", "dgst", "-sha256", "-verify", t.path("key.pem"), "-signature", t.path("signature"),
                        t.path("text")], check=True, stdout=subprocess.DEVNULL)
    t.end()


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
