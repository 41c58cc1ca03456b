#!/usr/bin/python3
"""A program that speaks PC/SC and nothing of ours: the token's own speed, and what a stranger finds.

usage: pcsc.py rate PIN SECONDS     GENERAL AUTHENTICATE with 9A again and again in one transaction; prints
                                    how many a second
       pcsc.py foreign PAUSE        every PAUSE seconds until killed: SCardConnect, a transaction, SELECT,
                                    GENERAL AUTHENTICATE without a PIN; prints ms till the transaction, SW"""
import ctypes as c
import sys
import time

SHARED, T0_OR_T1, LEAVE = 2, 3, 0
SELECT = bytes.fromhex("00A4040009A00000030800001000")
BLOCK = b"\x00\x01" + b"\xff" * 202 + b"\x00" + b"a" * 51
SIGN = bytes.fromhex("0087079A00010A" "7C820106" "8200" "81820100") + BLOCK + b"\0\0"

lib = c.CDLL("libpcsclite.so.1")


class Pci(c.Structure):
    _fields_ = [("protocol", c.c_ulong), ("length", c.c_ulong)]


def must(rv, what):
    if rv & 0xFFFFFFFF:
        sys.exit("%s: %08X" % (what, rv & 0xFFFFFFFF))


class Card:
    """A connection, shared, as any program has it, in a transaction."""

    def __init__(self):
        self.context, self.handle, self.protocol = c.c_long(), c.c_long(), c.c_ulong()
        must(lib.SCardEstablishContext(2, None, None, c.byref(self.context)), "SCardEstablishContext")
        names, size = c.create_string_buffer(4096), c.c_ulong(4096)
        must(lib.SCardListReaders(self.context, None, names, c.byref(size)), "SCardListReaders")
        reader = names.raw.split(b"\0")[0]
        must(lib.SCardConnect(self.context, reader, c.c_ulong(SHARED), c.c_ulong(T0_OR_T1),
                              c.byref(self.handle), c.byref(self.protocol)), "SCardConnect")
        must(lib.SCardBeginTransaction(self.handle), "SCardBeginTransaction")

    def end(self):
        must(lib.SCardEndTransaction(self.handle, c.c_ulong(LEAVE)), "SCardEndTransaction")
        lib.SCardDisconnect(self.handle, c.c_ulong(LEAVE))
        lib.SCardReleaseContext(self.context)

    def send(self, command):
        """The status word."""
        reply, size = c.create_string_buffer(4096), c.c_ulong(4096)
        pci = Pci(self.protocol.value, c.sizeof(Pci))
        must(lib.SCardTransmit(self.handle, c.byref(pci), command, c.c_ulong(len(command)), None, reply,
                               c.byref(size)), "SCardTransmit")
        return int.from_bytes(reply.raw[size.value - 2:size.value], "big")


def rate(pin, seconds):
    card = Card()
    verify = bytes.fromhex("0020008008") + pin.encode().ljust(8, b"\xff")
    for command in (SELECT, verify, SIGN):
        sw = card.send(command)
        if sw != 0x9000:
            sys.exit("the card says %04X" % sw)
    begin, n = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        if card.send(SIGN) != 0x9000:
            sys.exit("a signature failed")
        n += 1
    print(n / (time.monotonic() - begin))
    card.send(bytes.fromhex("0020FF80"))
    card.end()


def foreign(pause):
    while True:
        begin = time.monotonic()
        card = Card()
        waited = time.monotonic() - begin
        card.send(SELECT)
        print("%.0f %04X" % (waited * 1000, card.send(SIGN)), flush=True)
        card.end()
        time.sleep(pause)


if __name__ == "__main__":
    if sys.argv[1] == "rate":
        rate(sys.argv[2], float(sys.argv[3]))
    else:
        foreign(float(sys.argv[2]))
